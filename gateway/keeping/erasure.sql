-- Whether traces of what was erased may still be in the database's files.

-- name: unswept
SELECT count(*) FROM campaigns WHERE unswept <> 0;

-- name: to-be-swept
UPDATE campaigns SET unswept = 1 WHERE name = ?;

-- name: swept
UPDATE campaigns SET unswept = 0;
