-- What the store does beside keeping the ledger and its claims.

-- name: begin
BEGIN IMMEDIATE;

-- name: begin@postgresql
-- One lock for the jobs of all nodes: what one has read stands until it has written, as on a file.
BEGIN; SELECT pg_advisory_xact_lock(1702192501, 1);

-- name: migrations
CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT;

-- name: migrations@postgresql
CREATE TABLE IF NOT EXISTS migrations (number bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL);

-- name: probe
INSERT INTO probe (padding) VALUES (?);

-- name: unprobe
DELETE FROM probe;
