-- How far call logs have been read.

-- name: place
SELECT position, seen, mark FROM followed WHERE source = ? AND file = ?;

-- name: keep
INSERT INTO followed (source, file, position, seen, mark) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (source, file) DO UPDATE
SET position = excluded.position, seen = excluded.seen, mark = excluded.mark;
