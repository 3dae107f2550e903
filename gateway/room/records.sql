-- Looking messages and acts up, on a connection that only reads.

-- name: logs
-- A campaign's logs, the newest first.
SELECT id, node FROM logs WHERE campaign = ? ORDER BY id DESC;

-- name: before
-- Entries of a log before a place, newest first.
SELECT seq, kind, leaf, leaf_hash, sealed FROM entries WHERE log = ? AND seq < ? ORDER BY seq DESC LIMIT ?;

-- name: ruled-between
-- Which messages of a stretch somebody has ruled on.
SELECT DISTINCT target_seq FROM acts WHERE target_log = ? AND target_seq BETWEEN ? AND ?;

-- name: acts-before
-- Acts of a campaign before a place, newest first; of one kind, or of every kind.
SELECT acts.log, logs.node, entries.seq, entries.kind, entries.leaf, entries.leaf_hash, entries.sealed
FROM acts JOIN logs ON logs.id = acts.log JOIN entries ON entries.log = acts.log AND entries.seq = acts.seq
WHERE logs.campaign = ?1 AND (acts.log, acts.seq) < (?2, ?3) AND (?4 = '' OR entries.kind = ?4)
ORDER BY acts.log DESC, acts.seq DESC LIMIT ?5;
