-- What nodes tell each other beside the ledger.

-- name: at-work
INSERT INTO nodes (name, seen_ms) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seen_ms = excluded.seen_ms;

-- name: nodes
SELECT name, seen_ms FROM nodes ORDER BY name;

-- name: progress
-- How far each campaign has come, over all its logs.
SELECT campaigns.name, campaigns.edition, coalesce(sum(logs.size), 0)
FROM campaigns LEFT JOIN logs ON logs.campaign = campaigns.name GROUP BY campaigns.name, campaigns.edition
ORDER BY campaigns.name;

-- name: put-checkpoint
INSERT INTO checkpoints (log, text) VALUES (?, ?) ON CONFLICT (log) DO UPDATE SET text = excluded.text;
