-- name: callers
SELECT DISTINCT voter_key FROM claims WHERE voter_key > ? ORDER BY voter_key LIMIT ?;
