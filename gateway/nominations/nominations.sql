-- Nominations, and what belongs to them. The newest row of each stands.

-- name: add
INSERT INTO nominations (campaign, contest, by, at_ms) VALUES (?, ?, ?, ?) RETURNING id;

-- name: add-version
INSERT INTO nomination_versions (nomination, name, unit, fields, private, seal, complete, by, at_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add-opinion
INSERT INTO nomination_opinions (nomination, seal, stage, ruling, who, signed_on, note, by, at_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add-code
INSERT INTO nomination_codes (campaign, code, nomination, by, at_ms) VALUES (?, ?, ?, ?, ?);

-- name: add-withdrawal
INSERT INTO nomination_withdrawals (nomination, withdrawn, reason, by, at_ms) VALUES (?, ?, ?, ?, ?);

-- name: add-file
INSERT INTO nomination_files (nomination, kind, name, media, bytes, sha256, by, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: remove-file
UPDATE nomination_files SET removed_by = ?, removed_ms = ? WHERE id = ? AND nomination = ? AND removed_ms IS NULL;

-- name: heads
-- Every nomination of a campaign with its newest version, but not its text.
SELECT n.id, n.contest, v.name, v.unit, v.seal, v.complete, v.at_ms FROM nominations n
JOIN nomination_versions v ON v.id = (SELECT max(id) FROM nomination_versions WHERE nomination = n.id)
WHERE n.campaign = ? ORDER BY n.id;

-- name: version
SELECT fields, private FROM nomination_versions WHERE nomination = ? ORDER BY id DESC LIMIT 1;

-- name: opinions
-- The newest of each stage of every nomination.
SELECT o.nomination, o.seal, o.stage, o.ruling, o.who, o.signed_on, o.note FROM nomination_opinions o
JOIN nominations n ON n.id = o.nomination
WHERE n.campaign = ? AND o.id = (
  SELECT max(id) FROM nomination_opinions WHERE nomination = o.nomination AND stage = o.stage
);

-- name: codes
-- Every code ever given, the newest last.
SELECT nomination, code FROM nomination_codes WHERE campaign = ? ORDER BY id;

-- name: withdrawals
SELECT w.nomination, w.withdrawn, w.reason FROM nomination_withdrawals w JOIN nominations n ON n.id = w.nomination
WHERE n.campaign = ? ORDER BY w.id;

-- name: files
SELECT id, kind, name, media, bytes, sha256 FROM nomination_files WHERE nomination = ? AND removed_ms IS NULL
ORDER BY id;

-- name: contents
SELECT DISTINCT f.sha256 FROM nomination_files f JOIN nominations n ON n.id = f.nomination
WHERE n.campaign = ? AND f.removed_ms IS NULL;

-- name: portraits
-- The newest photo for the public of every nomination.
SELECT f.nomination, f.id FROM nomination_files f JOIN nominations n ON n.id = f.nomination
WHERE n.campaign = ? AND f.kind = 'portrait' AND f.removed_ms IS NULL ORDER BY f.id;

-- name: history
SELECT at_ms, by, 'entered', '', '' FROM nominations WHERE id = ?1
UNION ALL SELECT at_ms, by, 'version', '', '' FROM nomination_versions WHERE nomination = ?1
UNION ALL SELECT at_ms, by, 'opinion', stage, ruling FROM nomination_opinions WHERE nomination = ?1
UNION ALL SELECT at_ms, by, 'code', code, '' FROM nomination_codes WHERE nomination = ?1
UNION ALL SELECT at_ms, by, CASE withdrawn WHEN 0 THEN 'restored' ELSE 'withdrawn' END, reason, '' FROM nomination_withdrawals WHERE nomination = ?1
UNION ALL SELECT at_ms, by, 'file', name, '' FROM nomination_files WHERE nomination = ?1
UNION ALL SELECT removed_ms, removed_by, 'file_removed', name, '' FROM nomination_files WHERE nomination = ?1 AND removed_ms IS NOT NULL
ORDER BY 1;

-- name: not-forgotten
-- Nominations of which more is kept than everybody may see.
SELECT DISTINCT v.nomination FROM nomination_versions v JOIN nominations n ON n.id = v.nomination
WHERE n.campaign = ? AND v.private <> ?;

-- name: forget-versions
UPDATE nomination_versions SET name = ?, unit = ?, fields = ?, private = ? WHERE nomination = ?;

-- name: keep-public
-- What the newest version has for everybody.
UPDATE nomination_versions SET name = ?, unit = ?, fields = ?
WHERE id = (SELECT max(id) FROM nomination_versions WHERE nomination = ?);

-- name: forget-notes
UPDATE nomination_opinions SET note = ? WHERE nomination = ?;

-- name: forget-reasons
UPDATE nomination_withdrawals SET reason = ? WHERE nomination = ?;

-- name: forget-files
-- All but one, which may be 0.
UPDATE nomination_files
SET name = ?, removed_by = coalesce(removed_by, ?), removed_ms = coalesce(removed_ms, ?)
WHERE nomination = ? AND id <> ?;
