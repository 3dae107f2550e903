-- The ledger: append-only logs of entries, their heads, and the totals projected from them.

-- name: log
-- A log's head: how many entries it has, and the Merkle frontier over them.
SELECT id, size, frontier FROM logs WHERE campaign = ? AND node = ?;

-- name: add-log
INSERT INTO logs (campaign, node, size, frontier) VALUES (?, ?, 0, x'');

-- name: logs
-- Every log of a campaign, in the order of their nodes.
SELECT node, size, frontier, id FROM logs WHERE campaign = ? ORDER BY node;

-- name: last-entry
SELECT max(seq) FROM entries WHERE log = ?;

-- name: append-entries
INSERT INTO entries (log, seq, kind, leaf, leaf_hash, sealed) VALUES {rows};

-- name: advance-log
-- Moves a head forward; matches no row if somebody else has moved it.
UPDATE logs SET size = ?, frontier = ? WHERE id = ? AND size = ?;

-- name: entry
SELECT seq, kind, leaf, leaf_hash, sealed FROM entries WHERE log = ? AND seq = ?;

-- name: entries
SELECT seq, kind, leaf, leaf_hash, sealed FROM entries WHERE log = ? AND seq >= ? ORDER BY seq;

-- name: acts
-- The acts of a campaign: few, found by the index of what has no opening.
SELECT entries.seq, entries.kind, entries.leaf, entries.leaf_hash, entries.sealed
FROM entries JOIN logs ON logs.id = entries.log
WHERE logs.campaign = ? AND entries.sealed IS NULL AND entries.kind IN ('config', 'open', 'close')
ORDER BY entries.log, entries.seq;

-- name: add-totals
INSERT INTO totals (log, subject, channel, contest, candidate, outcome, n) VALUES {rows}
ON CONFLICT (log, subject, channel, contest, candidate, outcome) DO UPDATE SET n = n + excluded.n;

-- name: totals
SELECT subject, channel, contest, candidate, outcome, sum(n)
FROM totals JOIN logs ON logs.id = totals.log
WHERE logs.campaign = ?
GROUP BY subject, channel, contest, candidate, outcome;

-- name: add-snapshot
-- What the public page shows under `publish = "daily at …"`: one row a day.
INSERT INTO snapshots (campaign, due_ms, standings) VALUES (?, ?, ?) ON CONFLICT (campaign, due_ms) DO NOTHING;

-- name: snapshot
SELECT due_ms, standings FROM snapshots WHERE campaign = ? ORDER BY due_ms DESC LIMIT 1;
