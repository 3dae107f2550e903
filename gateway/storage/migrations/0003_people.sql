-- The people who sign in, and what is remembered of them. No password, token or address stands here in clear.

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    -- Ids of campaigns, with a space between; none for every campaign.
    campaigns TEXT NOT NULL,
    lang TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    -- An Argon2id hash; NULL until its owner has chosen one.
    password TEXT,
    -- The secret of the second factor, sealed, and the time step of the last code that was used.
    second BLOB,
    second_step INTEGER NOT NULL,
    made_ms INTEGER NOT NULL,
    signed_in_ms INTEGER
) STRICT;

-- One-time links, by their tokens' hashes. An account has one at most.
CREATE TABLE welcomes (
    account INTEGER PRIMARY KEY,
    token BLOB NOT NULL UNIQUE,
    expires_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token BLOB NOT NULL PRIMARY KEY,
    account INTEGER NOT NULL,
    begun_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    browser TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of ON sessions (account);

-- Browsers and addresses from which somebody has signed in before, as keyed hashes.
CREATE TABLE known (
    account INTEGER NOT NULL,
    mark BLOB NOT NULL,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (account, mark)
) STRICT, WITHOUT ROWID;
