-- Marks that were entered, and not yet submitted.

-- name: add
INSERT INTO marks (campaign, contest, judge, candidate, criterion, points, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: draft
-- The newest of each mark.
SELECT candidate, criterion, points FROM marks WHERE id IN (
  SELECT max(id) FROM marks WHERE campaign = ? AND contest = ? AND judge = ? GROUP BY candidate, criterion
);

-- name: history
SELECT judge, candidate, criterion, points, at_ms FROM marks WHERE campaign = ? AND contest = ? ORDER BY id;
