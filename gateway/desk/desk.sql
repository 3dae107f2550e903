-- The desk's own small tables. Every statement touches one call, or the few rows of one operator or campaign.

-- name: add-call
INSERT INTO desk_calls (log, seq, campaign, operator, form, at_ms) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: add-choice
INSERT INTO desk_choices (campaign, operator, contest, candidate, n) VALUES (?, ?, ?, ?, 1)
ON CONFLICT (campaign, operator, contest, candidate) DO UPDATE SET n = desk_choices.n + 1;

-- name: add-reentry
INSERT INTO desk_reentries (log, seq, campaign, operator, at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: call
SELECT log, seq, operator, form, at_ms, undone FROM desk_calls WHERE campaign = ? AND operator = ? AND form = ?;

-- name: latest
SELECT log, seq, operator, form, at_ms, undone FROM desk_calls
WHERE campaign = ? AND operator = ? ORDER BY at_ms DESC LIMIT ?;

-- name: undo
UPDATE desk_calls SET undone = ? WHERE campaign = ? AND operator = ? AND form = ?;

-- name: due
SELECT log, seq, operator, at_ms FROM desk_reentries INDEXED BY desk_reentries_due
WHERE campaign = ? AND at_ms < ? AND result = '' AND operator <> ?
  AND NOT EXISTS (SELECT 1 FROM desk_calls AS mine WHERE mine.log = desk_reentries.log
                  AND mine.seq = desk_reentries.seq AND mine.undone <> '')
ORDER BY at_ms LIMIT ?;

-- name: due@postgresql
SELECT log, seq, operator, at_ms FROM desk_reentries
WHERE campaign = ? AND at_ms < ? AND result = '' AND operator <> ?
  AND NOT EXISTS (SELECT 1 FROM desk_calls AS mine WHERE mine.log = desk_reentries.log
                  AND mine.seq = desk_reentries.seq AND mine.undone <> '')
ORDER BY at_ms LIMIT ?;

-- name: reentry
SELECT log, seq, operator, at_ms FROM desk_reentries WHERE log = ? AND seq = ? AND campaign = ? AND result = '';

-- name: close-reentry
UPDATE desk_reentries SET result = ?, second = ? WHERE log = ? AND seq = ? AND campaign = ? AND result = '';

-- name: calls-by-operator
SELECT operator, count(*), count(*) FILTER (WHERE undone <> '') FROM desk_calls WHERE campaign = ? GROUP BY operator;

-- name: reentries-by-operator
SELECT operator, result, count(*) FROM desk_reentries WHERE campaign = ? GROUP BY operator, result;

-- name: choices
SELECT operator, contest, candidate, n FROM desk_choices WHERE campaign = ?;
