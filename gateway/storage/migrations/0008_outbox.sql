-- Replies that the answer to a request could not take. A row stays when its reply has gone, without number and text.

CREATE TABLE outbox (
    voter_key BLOB NOT NULL,
    -- The entry that is answered: one message has one reply.
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    source TEXT NOT NULL,
    -- 'due' -> 'sending' -> 'sent', 'failed', 'unknown', or 'due' again. 'sending' is on disk before anything is sent.
    state TEXT NOT NULL DEFAULT 'due',
    attempt INTEGER NOT NULL DEFAULT 0,
    -- Unix milliseconds: when the message came; when the reply is due, or was last tried.
    at_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    -- Number and text, encrypted; NULL once the reply is no longer to be sent.
    sealed BLOB,
    PRIMARY KEY (voter_key, log, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_waiting ON outbox (source, state, due_ms) WHERE sealed IS NOT NULL;
