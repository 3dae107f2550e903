-- Parts of long messages, for sources that hand them over one by one: kept until the message is whole.

CREATE TABLE parts (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,
    source TEXT NOT NULL,
    -- The first part's id: a network uses its few references over and over, so one name has many messages.
    set_id INTEGER NOT NULL,
    -- Keyed hashes: which message this is a part of, and which part it is.
    message_key TEXT NOT NULL,
    part_key TEXT NOT NULL,
    -- Unix milliseconds: when it came, and until when the message waits.
    received_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    -- Encrypted; NULL once the message is in the ledger. The row then only recognises what is sent again.
    sealed BLOB,
    UNIQUE (campaign, part_key)
) STRICT;

CREATE INDEX parts_sets ON parts (campaign, message_key, set_id);
CREATE INDEX parts_done ON parts (campaign, received_ms) WHERE sealed IS NULL;
CREATE INDEX parts_waiting ON parts (campaign, until_ms) WHERE sealed IS NOT NULL;
