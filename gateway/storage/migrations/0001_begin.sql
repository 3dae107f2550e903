-- Campaigns, their logs and entries, what callers have used up, and the totals.

CREATE TABLE campaigns (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- A hash of the campaign's secret: with another secret, every caller would be a new one.
    key_check BLOB NOT NULL
) STRICT;

CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,
    node TEXT NOT NULL,
    size INTEGER NOT NULL,
    frontier BLOB NOT NULL,
    UNIQUE (campaign, node)
) STRICT;

CREATE TABLE entries (
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    leaf BLOB NOT NULL,
    leaf_hash BLOB NOT NULL,
    -- The encrypted opening; NULL for an act, and after an erasure.
    sealed BLOB,
    PRIMARY KEY (log, seq)
) STRICT;

-- Acts have no opening, and are few: this finds them. (An index on their kinds costs every vote 6 µs.)
CREATE INDEX unsealed ON entries (log, seq) WHERE sealed IS NULL;

-- Append-only, as far as SQL can hold it; `televote verify` finds what SQL cannot.
CREATE TRIGGER entries_keep BEFORE UPDATE OF log, seq, kind, leaf, leaf_hash ON entries
BEGIN SELECT RAISE(ABORT, 'ledger entries never change'); END;

CREATE TRIGGER entries_stay BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'ledger entries are never deleted'); END;

-- INSERT OR REPLACE would rewrite a row without firing the triggers above.
CREATE TRIGGER entries_once BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries WHERE log = NEW.log AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'a ledger entry has one place'); END;

-- A claim is one use of one cap, or of one message id (cap 'message', the keyed id as its period).
-- An ordinal beyond the cap's votes is never written.
CREATE TABLE claims (
    voter_key BLOB NOT NULL,
    campaign INTEGER NOT NULL,
    cap TEXT NOT NULL,
    contest TEXT NOT NULL,
    period TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    candidate TEXT NOT NULL,
    channel TEXT NOT NULL,
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (voter_key, campaign, cap, contest, period, ordinal)
) STRICT, WITHOUT ROWID;

-- Each node adds to rows of its own log, so that no row is hot across nodes.
CREATE TABLE totals (
    log INTEGER NOT NULL,
    subject TEXT NOT NULL,
    channel TEXT NOT NULL,
    contest TEXT NOT NULL,
    candidate TEXT NOT NULL,
    outcome TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (log, subject, channel, contest, candidate, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshots (
    campaign TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    standings TEXT NOT NULL,
    PRIMARY KEY (campaign, due_ms)
) STRICT, WITHOUT ROWID;

-- Written to, and emptied again, to see whether the disk takes anything.
CREATE TABLE probe (padding BLOB NOT NULL) STRICT;
