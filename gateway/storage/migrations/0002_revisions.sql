-- What people do after a message is recorded: rulings, voids, and the acts that change how a campaign runs.

-- Acts, so that they are found: they are few among the messages, and some have an opening as messages have.
CREATE TABLE acts (
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    -- The message that a ruling is about, NULL for an act about the campaign.
    target_log INTEGER,
    target_seq INTEGER,
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX acts_on ON acts (target_log, target_seq) WHERE target_log IS NOT NULL;

INSERT INTO acts (log, seq) SELECT log, seq FROM entries WHERE sealed IS NULL AND kind IN ('config', 'open', 'close');

-- It found the acts until now.
DROP INDEX unsealed;

-- Messages that wait for a person ('waiting', or 'disputed': two operators heard different things), and
-- those on which somebody has ruled ('ruled'). `text_key` is a keyed hash of the text: alike texts share it.
CREATE TABLE cases (
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    state TEXT NOT NULL,
    text_key TEXT NOT NULL,
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX cases_open ON cases (log, seq) WHERE state <> 'ruled';
CREATE INDEX cases_alike ON cases (text_key, log, seq) WHERE state = 'waiting';

-- How many messages each source brought in each minute, by our clock: Unix milliseconds of its beginning.
CREATE TABLE tempo (
    log INTEGER NOT NULL,
    minute_ms INTEGER NOT NULL,
    source TEXT NOT NULL,
    counted INTEGER NOT NULL,
    others INTEGER NOT NULL,
    PRIMARY KEY (log, minute_ms, source)
) STRICT, WITHOUT ROWID;
