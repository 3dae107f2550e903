-- What the store runs on PostgreSQL only: many rows a statement, as arrays. {} are the places of parameters.

-- name: recall
-- Where messages ($2 their callers, $3 their ids) were recorded, and what callers ($4) have claimed. The limit keeps
-- the planner from looking through all claims for each message, as it would while there are few, and go on doing.
SELECT known.*
FROM unnest($2::bytea[], $3::text[]) AS asked (voter, message) CROSS JOIN LATERAL (
  SELECT voter_key, contest, cap, period, ordinal, candidate, channel, log, seq FROM claims
  WHERE voter_key = asked.voter AND campaign = $1 AND cap = 'message' AND contest = '' AND period = asked.message
    AND ordinal = 1 LIMIT 1) AS known
UNION ALL
SELECT voter_key, contest, cap, period, ordinal, candidate, channel, log, seq FROM claims
WHERE campaign = $1 AND cap IN ('campaign', 'candidate', 'day', 'void') AND voter_key = ANY ($4::bytea[]);

-- name: recall-spread
-- The same on Citus, which takes no such limit, and plans anew for each shard.
SELECT claims.voter_key, claims.contest, claims.cap, claims.period, claims.ordinal, claims.candidate, claims.channel,
  claims.log, claims.seq
FROM unnest($2::bytea[], $3::text[]) AS asked (voter, message)
JOIN claims ON claims.voter_key = asked.voter AND claims.campaign = $1 AND claims.cap = 'message'
  AND claims.contest = '' AND claims.period = asked.message AND claims.ordinal = 1
UNION ALL
SELECT voter_key, contest, cap, period, ordinal, candidate, channel, log, seq FROM claims
WHERE campaign = $1 AND cap IN ('campaign', 'candidate', 'day', 'void') AND voter_key = ANY ($4::bytea[]);

-- name: is-spread
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus');

-- name: held
SELECT voter_key, contest, cap, period, ordinal, candidate, channel, log, seq FROM claims
WHERE campaign = $1 AND cap IN ('campaign', 'candidate', 'day', 'void') AND voter_key = ANY ($2::bytea[]);

-- name: entries-at
SELECT entries.seq, entries.kind, entries.leaf, entries.leaf_hash, entries.sealed
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS asked (log, seq, place)
JOIN entries ON entries.log = asked.log AND entries.seq = asked.seq ORDER BY asked.place;

-- name: heads
UPDATE logs SET size = head.size, frontier = head.frontier
FROM unnest({}::bigint[], {}::bigint[], {}::bigint[], {}::bigint[], {}::bigint[], {}::bytea[])
  AS head (log, was, campaign, edition, size, frontier)
JOIN campaigns ON campaigns.id = head.campaign AND campaigns.edition = head.edition
WHERE logs.id = head.log AND logs.size = head.was
RETURNING 1;

-- name: entries
INSERT INTO entries (log, seq, kind, leaf, leaf_hash, sealed)
SELECT * FROM unnest({}::bigint[], {}::bigint[], {}::text[], {}::bytea[], {}::bytea[], {}::bytea[])
RETURNING 1;

-- name: claims
-- A claim that is taken is left out, and missed in the count.
INSERT INTO claims (voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq)
SELECT * FROM unnest({}::bytea[], {}::bigint[], {}::text[], {}::text[], {}::text[], {}::bigint[], {}::text[],
  {}::text[], {}::bigint[], {}::bigint[])
ON CONFLICT DO NOTHING RETURNING 1;

-- name: totals
INSERT INTO totals (log, subject, channel, contest, candidate, outcome, n)
SELECT * FROM unnest({}::bigint[], {}::text[], {}::text[], {}::text[], {}::text[], {}::text[], {}::bigint[])
ON CONFLICT (log, subject, channel, contest, candidate, outcome) DO UPDATE SET n = totals.n + excluded.n
RETURNING 1;

-- name: tempo
INSERT INTO tempo (log, minute_ms, source, counted, others)
SELECT * FROM unnest({}::bigint[], {}::bigint[], {}::text[], {}::bigint[], {}::bigint[])
ON CONFLICT (log, minute_ms, source)
DO UPDATE SET counted = tempo.counted + excluded.counted, others = tempo.others + excluded.others
RETURNING 1;

-- name: cases
INSERT INTO cases (log, seq, state, text_key)
SELECT * FROM unnest({}::bigint[], {}::bigint[], {}::text[], {}::text[])
ON CONFLICT (log, seq) DO UPDATE SET state = excluded.state
RETURNING 1;

-- name: replies
INSERT INTO outbox (voter_key, log, seq, source, at_ms, due_ms, sealed)
SELECT * FROM unnest({}::bytea[], {}::bigint[], {}::bigint[], {}::text[], {}::bigint[], {}::bigint[], {}::bytea[])
RETURNING 1;

-- name: receipts
INSERT INTO receipts (code, log, seq)
SELECT * FROM unnest({}::bigint[], {}::bigint[], {}::bigint[])
ON CONFLICT DO NOTHING RETURNING 1;

-- name: acts
INSERT INTO acts (log, seq, target_log, target_seq)
SELECT * FROM unnest({}::bigint[], {}::bigint[], {}::bigint[], {}::bigint[])
RETURNING 1;

-- name: used
-- How many uses of caps callers have.
SELECT voter_key, count(*) FROM claims
WHERE campaign = $1 AND voter_key = ANY($2::bytea[]) AND cap <> 'message' GROUP BY voter_key;

-- name: taken
-- Whose claims, of those that were to be written, belong to another entry.
SELECT DISTINCT claims.voter_key
FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
    $9::bigint[], $10::bigint[])
  AS own (voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq)
JOIN claims ON claims.voter_key = own.voter_key AND claims.campaign = own.campaign AND claims.cap = own.cap
  AND claims.contest = own.contest AND claims.period = own.period AND claims.ordinal = own.ordinal
WHERE (claims.log, claims.seq) <> (own.log, own.seq);

-- name: lock
-- Who records votes waits for nobody but for who records an act, and the other way round.
SELECT pg_advisory_xact_lock_shared(1702192502, $1);

-- name: keep-others-out
SELECT pg_advisory_lock(1702192502, $1::int);

-- name: let-others-in
SELECT pg_advisory_unlock(1702192502, $1::int);

-- name: session
-- What a connection rests on. What was found for commits is made sure of: settings may be read again any time.
SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_setting('fsync'),
  current_setting('full_page_writes'), current_setting('synchronous_commit'), pg_is_in_recovery(),
  set_config('synchronous_commit', current_setting('synchronous_commit'), false);

-- name: strangers
-- A node that starts at the same time may have made the table of migrations, and no other yet.
SELECT count(*) FROM pg_tables
WHERE schemaname = current_schema() AND tablename <> 'migrations' AND to_regclass('campaigns') IS NULL;

-- name: name-lock
SELECT pg_try_advisory_lock(1702192503, hashtext($1));

-- name: end-own
-- Our own connection before this one, if it has the name still: what it was committing is then decided.
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND classid = 1702192503 AND pid = $1 AND granted
  AND objid::bigint = (hashtext($2)::bigint & 4294967295)
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
