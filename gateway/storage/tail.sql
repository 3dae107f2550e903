-- The tail: messages whose claims are committed, and not yet in `claims`. SQLite's alone.

-- name: add
INSERT INTO tails (id, voter_key, campaign, message, uses, channel, log, seq) VALUES {rows};

-- name: load
SELECT voter_key, campaign, message, uses, channel, log, seq FROM unsettled;

-- name: marks
SELECT slice, settled FROM slices;

-- name: last
-- The newest row; of those that were dropped, as far as a mark tells.
SELECT max(coalesce((SELECT max(id) FROM tails), 0), coalesce((SELECT max(settled) FROM slices), 0));

-- name: mark
INSERT INTO slices (slice, settled) VALUES {rows} ON CONFLICT (slice) DO UPDATE SET settled = excluded.settled;

-- name: drop
-- What stands in `claims`, whatever its slice.
DELETE FROM tails WHERE id <= ?;

-- name: taken
-- Whether one of some keys is in `claims`; {keys} is a list of them.
WITH asked (voter, campaign, cap, contest, period, ordinal) AS (VALUES {keys})
SELECT 1 FROM asked CROSS JOIN claims
WHERE claims.voter_key = asked.voter AND claims.campaign = asked.campaign AND claims.cap = asked.cap
  AND claims.contest = asked.contest AND claims.period = asked.period AND claims.ordinal = asked.ordinal
LIMIT 1;
