-- The operators' desk: whose call each entry is, what each operator was told, and calls to be entered again.
-- How a call ended, and who called, stands in the ledger only.

CREATE TABLE desk_calls (
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    campaign TEXT NOT NULL,
    operator TEXT NOT NULL,
    -- The form's own id: the same form sent again is the same call.
    form TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    -- Why the operator took the call back, '' if they did not.
    undone TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (log, seq),
    UNIQUE (campaign, operator, form)
) STRICT, WITHOUT ROWID;

CREATE INDEX desk_calls_latest ON desk_calls (campaign, operator, at_ms);

-- How often each operator was told each candidate: sums, for no call can be read out of them.
CREATE TABLE desk_choices (
    campaign TEXT NOT NULL,
    operator TEXT NOT NULL,
    contest TEXT NOT NULL,
    candidate TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (campaign, operator, contest, candidate)
) STRICT, WITHOUT ROWID;

-- Calls on which the lot fell. `result` is '' while another operator is to enter it again, then 'agreed',
-- 'differed', or 'missing' if there was neither note nor recording.
CREATE TABLE desk_reentries (
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    campaign TEXT NOT NULL,
    operator TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    result TEXT NOT NULL DEFAULT '',
    second TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX desk_reentries_due ON desk_reentries (campaign, at_ms) WHERE result = '';
CREATE INDEX desk_reentries_of ON desk_reentries (campaign, operator);
