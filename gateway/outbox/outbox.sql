-- Replies that the answer to a request could not take. A node sends those to messages in its own logs: {logs}.

-- name: logs
SELECT id, node FROM logs;

-- name: add-replies
INSERT INTO outbox (voter_key, log, seq, source, at_ms, due_ms, sealed) VALUES {rows};

-- name: note
-- What came of an attempt.
UPDATE outbox SET state = ?, due_ms = ?, reason = ? WHERE voter_key = ? AND log = ? AND seq = ? AND state = 'sending';

-- name: lapse
-- A late reply is worse than none, whichever node it waits for.
UPDATE outbox SET state = 'failed', reason = 'too_late', sealed = NULL
WHERE source = ? AND state = 'due' AND sealed IS NOT NULL AND at_ms < ?;

-- name: lost
-- Nor is an attempt under way for so long: its node has not come back.
UPDATE outbox SET state = 'unknown', reason = 'restart', sealed = NULL
WHERE source = ? AND state = 'sending' AND sealed IS NOT NULL AND due_ms < ?;

-- name: due
SELECT voter_key, log, seq, attempt + 1, sealed FROM outbox
WHERE log IN ({logs}) AND source = ? AND state = 'due' AND sealed IS NOT NULL AND due_ms <= ? ORDER BY due_ms LIMIT ?;

-- name: told
-- How many replies a caller has had, or may have had, since an instant.
SELECT count(*) FROM outbox WHERE voter_key = ? AND state IN ('sending', 'sent', 'unknown') AND due_ms > ?;

-- name: take
UPDATE outbox SET state = 'sending', attempt = attempt + 1, due_ms = ? WHERE voter_key = ? AND log = ? AND seq = ?;

-- name: enough
UPDATE outbox SET state = 'failed', reason = 'per_caller', sealed = NULL WHERE voter_key = ? AND log = ? AND seq = ?;

-- name: erase
-- What is no longer to be sent is forgotten.
UPDATE outbox SET sealed = NULL WHERE voter_key = ? AND log = ? AND seq = ? AND state NOT IN ('due', 'sending');

-- name: forget
-- Replies to erased messages go whole: also a row that was sent says who had one.
DELETE FROM outbox WHERE log = ? AND seq BETWEEN ? AND ?;

-- name: waiting
SELECT count(*) FROM outbox WHERE log IN ({logs}) AND source = ? AND sealed IS NOT NULL;

-- name: again
-- After a crash, where the provider sends once for one reference.
UPDATE outbox SET state = 'due', due_ms = ?
WHERE log IN ({logs}) AND source = ? AND state = 'sending' AND sealed IS NOT NULL;

-- name: doubt
-- After a crash, where it does not: nobody can tell whether these went out.
UPDATE outbox SET state = 'unknown', reason = 'restart', sealed = NULL
WHERE log IN ({logs}) AND source = ? AND state = 'sending' AND sealed IS NOT NULL;

-- name: restored
-- In an older database that was put back, what waits may have gone out since it was copied.
UPDATE outbox SET state = 'unknown', reason = 'restored', sealed = NULL WHERE log = ? AND sealed IS NOT NULL;

-- name: left
-- Sources that have replies waiting.
SELECT DISTINCT source FROM outbox WHERE log IN ({logs}) AND sealed IS NOT NULL;

-- name: abandon
UPDATE outbox SET state = 'failed', reason = 'no_outbox', sealed = NULL
WHERE log IN ({logs}) AND source = ? AND sealed IS NOT NULL;

-- name: summary
SELECT source, state, reason, count(*) FROM outbox GROUP BY source, state, reason ORDER BY source, state, reason;
