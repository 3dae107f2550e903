-- Voters' receipts: 60 bits of a hash of an entry's hash, and the entry. Only where a campaign gives them.
CREATE TABLE receipts (
    code INTEGER PRIMARY KEY,
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
