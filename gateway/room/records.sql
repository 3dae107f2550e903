-- Looking messages and acts up, on a connection that only reads.

-- name: before
-- Entries of a log before a place, newest first.
SELECT seq, kind, leaf, leaf_hash, sealed FROM entries WHERE log = ? AND seq < ? ORDER BY seq DESC LIMIT ?;

-- name: ruled-between
-- Which messages of a stretch somebody has ruled on.
SELECT DISTINCT target_seq FROM acts WHERE target_log = ? AND target_seq BETWEEN ? AND ?;

-- name: acts-before
-- Acts of a log before an entry, newest first; of one kind, or of every kind.
SELECT entries.seq, entries.kind, entries.leaf, entries.leaf_hash, entries.sealed
FROM acts JOIN entries ON entries.log = acts.log AND entries.seq = acts.seq
WHERE acts.log = ?1 AND acts.seq < ?2 AND (?3 = '' OR entries.kind = ?3)
ORDER BY acts.seq DESC LIMIT ?4;
