-- Nominations of candidates. Nothing is overwritten: the newest row of each kind stands.

CREATE TABLE nominations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign TEXT NOT NULL,
    contest TEXT NOT NULL,
    -- The account that entered it.
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX nominations_of ON nominations (campaign, contest, id);

-- What the form says. Personal data is sealed under the campaign's key.
CREATE TABLE nomination_versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    nomination INTEGER NOT NULL REFERENCES nominations (id),
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    -- The fields that are not personal, as JSON.
    fields TEXT NOT NULL,
    private BLOB NOT NULL,
    -- A keyed hash of what is endorsed: an endorsement holds for the version whose seal it names.
    seal BLOB NOT NULL,
    complete INTEGER NOT NULL,
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX nomination_versions_of ON nomination_versions (nomination, id);

CREATE TABLE nomination_opinions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    nomination INTEGER NOT NULL REFERENCES nominations (id),
    seal BLOB NOT NULL,
    -- unit, department or committee; and agree, disagree or return.
    stage TEXT NOT NULL,
    ruling TEXT NOT NULL,
    who TEXT NOT NULL,
    -- The day on the paper.
    signed_on TEXT NOT NULL,
    note TEXT NOT NULL,
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX nomination_opinions_of ON nomination_opinions (nomination, id);

-- A code that was given once is nobody else's, ever.
CREATE TABLE nomination_codes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign TEXT NOT NULL,
    code TEXT NOT NULL,
    nomination INTEGER NOT NULL REFERENCES nominations (id),
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (campaign, code)
) STRICT;

CREATE INDEX nomination_codes_of ON nomination_codes (nomination, id);

-- Taken back, or taken up again.
CREATE TABLE nomination_withdrawals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    nomination INTEGER NOT NULL REFERENCES nominations (id),
    withdrawn INTEGER NOT NULL,
    reason TEXT NOT NULL,
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX nomination_withdrawals_of ON nomination_withdrawals (nomination, id);

-- Files stand in the data folder, by their hash; here is what they are.
CREATE TABLE nomination_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    nomination INTEGER NOT NULL REFERENCES nominations (id),
    -- portrait (shown to the public), photo or paper.
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    media TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    removed_by TEXT,
    removed_ms INTEGER
) STRICT;

CREATE INDEX nomination_files_of ON nomination_files (nomination, id);
