-- Accounts, and what belongs to one. Read by store.py.

-- name: account
SELECT * FROM accounts WHERE id = ?;

-- name: account-named
SELECT * FROM accounts WHERE login = ?;

-- name: accounts
SELECT accounts.*, expires_ms FROM accounts LEFT JOIN welcomes ON welcomes.account = accounts.id ORDER BY login;

-- name: add-account
INSERT INTO accounts (login, name, role, campaigns, lang, enabled, second_step, made_ms)
VALUES (?, ?, ?, ?, '', 1, 0, ?) RETURNING id;

-- name: change-account
UPDATE accounts SET name = ?, role = ?, campaigns = ? WHERE id = ?;

-- name: enable-account
UPDATE accounts SET enabled = ? WHERE id = ?;

-- name: set-lang
UPDATE accounts SET lang = ? WHERE id = ?;

-- name: set-password
UPDATE accounts SET password = ? WHERE id = ?;

-- name: rehash
UPDATE accounts SET password = ? WHERE id = ? AND password = ?;

-- name: forget-proofs
UPDATE accounts SET password = NULL, second = NULL, second_step = 0 WHERE id = ?;

-- name: set-second
UPDATE accounts SET second = ?, second_step = ? WHERE id = ?;

-- name: use-step
UPDATE accounts SET second_step = ? WHERE id = ? AND second_step < ?;

-- name: mark-signed-in
UPDATE accounts SET signed_in_ms = ? WHERE id = ?;

-- name: other-administrators
SELECT count(*) FROM accounts WHERE role = 'administrator' AND enabled <> 0 AND id <> ?;

-- name: working-administrators
SELECT count(*) FROM accounts WHERE role = 'administrator' AND enabled <> 0 AND password IS NOT NULL;

-- name: waiting-administrator
SELECT * FROM accounts WHERE role = 'administrator' AND enabled <> 0 AND password IS NULL ORDER BY id LIMIT 1;

-- name: set-welcome
INSERT INTO welcomes (account, token, expires_ms) VALUES (?, ?, ?)
ON CONFLICT (account) DO UPDATE SET token = excluded.token, expires_ms = excluded.expires_ms;

-- name: welcome
SELECT accounts.* FROM welcomes JOIN accounts ON accounts.id = account
WHERE token = ? AND expires_ms > ? AND enabled <> 0;

-- name: end-welcome
DELETE FROM welcomes WHERE account = ?;

-- name: use-welcome
DELETE FROM welcomes WHERE token = ? AND expires_ms > ?;

-- name: add-session
INSERT INTO sessions (token, account, begun_ms, seen_ms, browser) VALUES (?, ?, ?, ?, ?);

-- name: session
SELECT begun_ms, seen_ms, accounts.* FROM sessions JOIN accounts ON accounts.id = account
WHERE token = ? AND enabled <> 0;

-- name: sessions
SELECT token, begun_ms, seen_ms, browser FROM sessions WHERE account = ? ORDER BY seen_ms DESC;

-- name: see-session
UPDATE sessions SET seen_ms = ? WHERE token = ?;

-- name: end-session
DELETE FROM sessions WHERE token = ?;

-- name: end-one-of
DELETE FROM sessions WHERE account = ? AND token = ?;

-- name: end-sessions
DELETE FROM sessions WHERE account = ?;

-- name: end-other-sessions
DELETE FROM sessions WHERE account = ? AND token <> ?;

-- name: end-old-sessions
DELETE FROM sessions WHERE begun_ms < ?;

-- name: knows
SELECT mark FROM known WHERE account = ? AND mark IN (?, ?) AND seen_ms > ?;

-- name: know
INSERT INTO known (account, mark, seen_ms) VALUES (?, ?, ?)
ON CONFLICT (account, mark) DO UPDATE SET seen_ms = excluded.seen_ms;

-- name: forget-older
DELETE FROM known WHERE account = ?1 AND mark NOT IN
(SELECT mark FROM known WHERE account = ?1 ORDER BY seen_ms DESC LIMIT ?2);

-- name: forget-known
DELETE FROM known WHERE account = ?;
