-- Each log has its receipts beside its entries: of two logs with one code, the first log's is found.
ALTER TABLE receipts DROP CONSTRAINT receipts_pkey, ADD PRIMARY KEY (code, log);
