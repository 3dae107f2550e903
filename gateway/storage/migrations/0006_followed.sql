-- How far the files of sources with `follow` have been read.

CREATE TABLE followed (
    source TEXT NOT NULL,
    file TEXT NOT NULL,
    -- All records before this byte are in the ledger.
    position INTEGER NOT NULL,
    -- The size at which an unfinished last line after `position` was read as it stands; else `position`.
    seen INTEGER NOT NULL,
    -- A keyed hash of what stands before `position`: another file of the same name has another.
    mark BLOB NOT NULL,
    PRIMARY KEY (source, file)
) STRICT, WITHOUT ROWID;
