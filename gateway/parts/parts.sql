-- Parts of long messages.

-- name: known
-- The set of a part that has come before.
SELECT set_id, until_ms FROM parts WHERE campaign = ? AND part_key = ?;

-- name: waiting
-- The set that a new part belongs to: there is at most one that waits.
SELECT set_id, until_ms FROM parts
WHERE campaign = ? AND message_key = ? AND sealed IS NOT NULL AND until_ms > ? ORDER BY set_id DESC LIMIT 1;

-- name: next
SELECT COALESCE(MAX(id), 0) + 1 FROM parts;

-- name: add
INSERT INTO parts (id, campaign, source, set_id, message_key, part_key, received_ms, until_ms, sealed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: set
SELECT part_key, sealed FROM parts WHERE campaign = ? AND set_id = ? ORDER BY id;

-- name: lapse
-- What has waited long enough waits no more: a part that comes from now on begins another set.
UPDATE parts SET until_ms = 0 WHERE campaign = ? AND sealed IS NOT NULL AND until_ms <= ?;

-- name: due
SELECT DISTINCT set_id, source FROM parts WHERE campaign = ? AND sealed IS NOT NULL AND until_ms = 0 ORDER BY set_id;

-- name: finish
UPDATE parts SET sealed = NULL WHERE campaign = ? AND set_id = ?;

-- name: erase
-- Of a source that is set up no more a part may still wait.
DELETE FROM parts WHERE campaign = ?;

-- name: forget
DELETE FROM parts WHERE campaign = ? AND sealed IS NULL AND received_ms < ?;
