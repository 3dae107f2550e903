-- The writer numbers the rows of the tail: it knows the last. SQLite's own count of them (AUTOINCREMENT) cost
-- every commit a page, and a question. What waited so far is put in its place.

INSERT INTO claims (voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq)
SELECT voter_key, campaign, 'message', '', message, 1, '', '', log, seq FROM unsettled;

INSERT INTO claims (voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq)
SELECT voter_key, campaign, json_extract(used.value, '$[1]'), json_extract(used.value, '$[0]'),
    json_extract(used.value, '$[2]'), json_extract(used.value, '$[3]'), json_extract(used.value, '$[4]'),
    channel, log, seq
FROM unsettled, json_each(unsettled.uses) AS used;

-- The views read the new table, which has the same columns.
DROP TABLE tails;
DELETE FROM slices;

CREATE TABLE tails (
    -- Greater than every mark in `slices` that was there before.
    id INTEGER PRIMARY KEY,
    voter_key BLOB NOT NULL,
    campaign INTEGER NOT NULL,
    message TEXT NOT NULL,
    -- Uses of caps, as JSON: [[contest, cap, period, ordinal, candidate], …].
    uses TEXT NOT NULL,
    channel TEXT NOT NULL,
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
