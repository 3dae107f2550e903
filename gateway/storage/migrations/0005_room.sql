-- The committee's room: acts that one of its members has proposed, and another must agree to.

CREATE TABLE proposals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- SHA-256, in hex, of what is sealed beside it: the act with every parameter, and what it comes to.
    digest TEXT NOT NULL,
    -- Sealed, for it may hold a number or a choice; empty once the proposal has ended.
    sealed BLOB NOT NULL,
    -- Who wants it, and since when; then how it ended ('approved', 'declined', 'withdrawn', 'stale'), and who ended it.
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    second TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX proposals_open ON proposals (campaign, at_ms) WHERE state = 'open';
CREATE INDEX proposals_ended ON proposals (campaign, id) WHERE state <> 'open';
