-- Several nodes on one database.

-- Counts the campaign's acts, whichever node has recorded them: who has decided without knowing the last one
-- decides again.
ALTER TABLE campaigns ADD COLUMN edition INTEGER NOT NULL DEFAULT 0;

-- The nodes, and which process has each name until when (Unix milliseconds).
CREATE TABLE nodes (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    lease_until_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest checkpoint of each log, as it was signed: nodes show each other's.
CREATE TABLE checkpoints (
    log INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (log)
) STRICT, WITHOUT ROWID;
