-- Whether something of the campaign was erased, and its traces may still be in the database's files: what a crash has
-- kept from being swept is swept after the next start.
ALTER TABLE campaigns ADD COLUMN unswept INTEGER NOT NULL DEFAULT 0;
