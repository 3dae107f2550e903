-- Claims wait in a tail: in the order in which they were made they cost a fifth of what it costs to put each
-- where its key stands. They are brought there in slices, sorted; a slice is all keys with one first byte.

CREATE TABLE tails (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    voter_key BLOB NOT NULL,
    campaign INTEGER NOT NULL,
    cap TEXT NOT NULL,
    contest TEXT NOT NULL,
    period TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    candidate TEXT NOT NULL,
    channel TEXT NOT NULL,
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;

-- Up to which row of the tail a slice stands in `claims`.
CREATE TABLE slices (
    slice BLOB PRIMARY KEY,
    settled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The rows of the tail that are not in `claims` yet.
CREATE VIEW unsettled AS
SELECT tails.* FROM tails LEFT JOIN slices ON slices.slice = substr(tails.voter_key, 1, 1)
WHERE tails.id > coalesce(slices.settled, 0);

-- All claims, wherever they are.
CREATE VIEW claimed AS
SELECT voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq FROM claims
UNION ALL
SELECT voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq FROM unsettled;
