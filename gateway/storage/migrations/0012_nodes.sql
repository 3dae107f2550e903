-- Several nodes on one database.

-- Counts what changes how a campaign runs, whichever node has recorded it: who has decided without knowing the
-- last change decides again.
ALTER TABLE campaigns ADD COLUMN edition INTEGER NOT NULL DEFAULT 0;

-- Since when nothing counts any more (Unix milliseconds), where people have closed early: no node counts on
-- until the close is recorded.
ALTER TABLE campaigns ADD COLUMN closing_ms INTEGER;

-- The nodes, and when each was last at work (Unix milliseconds).
CREATE TABLE nodes (
    name TEXT NOT NULL PRIMARY KEY,
    seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest checkpoint of each log, as it was signed: nodes compare each other's logs with it.
CREATE TABLE checkpoints (
    log INTEGER NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
