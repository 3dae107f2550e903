-- Proposals: acts that one member of the committee wants, and another must agree to.

-- name: add
INSERT INTO proposals (campaign, kind, digest, sealed, by, at_ms) VALUES (?, ?, ?, ?, ?, ?) RETURNING id;

-- name: find
SELECT id, kind, digest, sealed, by, at_ms, state, second FROM proposals WHERE campaign = ? AND id = ?;

-- name: open
-- Those that can still be agreed to, oldest first.
SELECT id, kind, digest, sealed, by, at_ms, state, second FROM proposals
WHERE campaign = ? AND state = 'open' AND at_ms >= ? ORDER BY id;

-- name: latest
-- How the last ones ended, newest first.
SELECT id, kind, digest, sealed, by, at_ms, state, second FROM proposals
WHERE campaign = ? AND state <> 'open' ORDER BY id DESC LIMIT ?;

-- name: lapse
-- Too old to be agreed to. What ended is not kept: what was done stands in the ledger.
UPDATE proposals SET state = 'stale', sealed = ? WHERE campaign = ? AND state = 'open' AND at_ms < ?;

-- name: end
-- Matches no row if somebody else was first.
UPDATE proposals SET state = ?, second = ? WHERE id = ? AND state = 'open';

-- name: close
-- Nor does this; nothing will be done, so what it said is forgotten with it.
UPDATE proposals SET state = ?, second = ?, sealed = ? WHERE id = ? AND state = 'open';

-- name: reopen
UPDATE proposals SET state = 'open', second = '' WHERE id = ? AND state = 'approved';

-- name: forget
UPDATE proposals SET sealed = ? WHERE id = ? AND state <> 'open';
