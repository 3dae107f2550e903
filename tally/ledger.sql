-- The ledger: append-only logs of entries, their heads, and the totals projected from them.

-- name: log
-- A log's head: how many entries it has, and the Merkle frontier over them.
SELECT id, size, frontier FROM logs WHERE campaign = ? AND node = ?;

-- name: add-log
INSERT INTO logs (campaign, node, size, frontier) VALUES (?, ?, 0, ?);

-- name: log-name
SELECT campaign || '/' || node FROM logs WHERE id = ?;

-- name: logs
-- Every log of a campaign, in the order in which they were begun: a node's epochs follow each other.
SELECT node, size, frontier, id FROM logs WHERE campaign = ? ORDER BY id;

-- name: signed-logs
-- The logs of which something was signed, and what was signed last.
SELECT logs.node, logs.id, checkpoints.text FROM checkpoints JOIN logs ON logs.id = checkpoints.log WHERE logs.campaign = ?
ORDER BY logs.id;

-- name: last-entry
SELECT max(seq) FROM entries WHERE log = ?;

-- name: append-entries
INSERT INTO entries (log, seq, kind, leaf, leaf_hash, sealed) VALUES {rows};

-- name: advance-log
-- Moves a head forward; matches no row if somebody else has moved it, or an act has come that it does not know.
UPDATE logs SET size = ?, frontier = ?
WHERE id = ? AND size = ? AND (SELECT edition FROM campaigns WHERE campaigns.id = ?) = ?;

-- name: entry
SELECT seq, kind, leaf, leaf_hash, sealed FROM entries WHERE log = ? AND seq = ?;

-- name: entries
SELECT seq, kind, leaf, leaf_hash, sealed FROM entries WHERE log = ? AND seq >= ? ORDER BY seq;

-- name: some-entries
SELECT seq, kind, leaf, leaf_hash, sealed FROM entries WHERE log = ? AND seq >= ? ORDER BY seq LIMIT ?;

-- name: leaves
-- Entries in order, as stored, for whoever hashes them again.
SELECT leaf, leaf_hash FROM entries WHERE log = ? AND seq >= ? ORDER BY seq LIMIT ?;

-- name: acts
-- The acts of a campaign, in order, with the node that wrote each.
SELECT logs.node, entries.seq, entries.kind, entries.leaf, entries.leaf_hash, entries.sealed
FROM acts JOIN logs ON logs.id = acts.log JOIN entries ON entries.log = acts.log AND entries.seq = acts.seq
WHERE logs.campaign = ?
ORDER BY acts.log, acts.seq;

-- name: acts-on
-- The acts about one message, in order, with the node that wrote each.
SELECT logs.node, entries.seq, entries.kind, entries.leaf, entries.leaf_hash, entries.sealed
FROM acts JOIN logs ON logs.id = acts.log JOIN entries ON entries.log = acts.log AND entries.seq = acts.seq
WHERE acts.target_log = ? AND acts.target_seq = ?
ORDER BY acts.log, acts.seq;

-- name: targets
-- Every message of a campaign that an act is about: its node and its place.
SELECT DISTINCT of.node, acts.target_seq
FROM acts JOIN logs ON logs.id = acts.log JOIN logs AS of ON of.id = acts.target_log
WHERE logs.campaign = ?;

-- name: every-act
-- Also those of which nobody can say whose they are.
SELECT logs.node, acts.seq, of.node, acts.target_seq
FROM acts LEFT JOIN logs ON logs.id = acts.log LEFT JOIN logs AS of ON of.id = acts.target_log
WHERE logs.campaign = ? OR logs.id IS NULL;

-- name: every-case
SELECT logs.node, cases.seq, cases.state, cases.text_key FROM cases LEFT JOIN logs ON logs.id = cases.log
WHERE logs.campaign = ? OR logs.id IS NULL;

-- name: add-acts
INSERT INTO acts (log, seq, target_log, target_seq) VALUES {rows};

-- name: erase-entries
-- What is sealed beside entries goes; what an `erase` act has to tell stays.
UPDATE entries SET sealed = NULL WHERE log = ? AND seq BETWEEN ? AND ? AND kind <> 'erase';

-- name: erase-cases
-- Nobody can rule on them any more: they wait no more.
UPDATE cases SET state = 'ruled', text_key = '' WHERE log = ? AND seq BETWEEN ? AND ?;

-- name: put-cases
INSERT INTO cases (log, seq, state, text_key) VALUES {rows}
ON CONFLICT (log, seq) DO UPDATE SET state = excluded.state;

-- name: filed
-- A message, the name of its log, and its case if it has one.
SELECT logs.campaign || '/' || logs.node, entries.seq, entries.kind, entries.leaf, entries.leaf_hash, entries.sealed,
  coalesce(cases.state, ''), coalesce(cases.text_key, '')
FROM entries JOIN logs ON logs.id = entries.log
LEFT JOIN cases ON cases.log = entries.log AND cases.seq = entries.seq
LEFT JOIN acts ON acts.log = entries.log AND acts.seq = entries.seq
WHERE entries.log = ? AND entries.seq = ? AND acts.seq IS NULL;

-- name: receipt
SELECT log, seq FROM receipts WHERE code = ?;

-- name: receipt-or
-- The same, or a place given beside it: one row in any case, so that neither takes longer.
SELECT log, seq, 1 FROM receipts WHERE code = ?1 UNION ALL SELECT ?2, ?3, 0 ORDER BY 3 DESC, 1, 2 LIMIT 1;

-- name: every-receipt
SELECT logs.node, receipts.seq, receipts.code FROM receipts LEFT JOIN logs ON logs.id = receipts.log
WHERE logs.campaign = ? OR logs.id IS NULL;

-- name: every-receipt-led
SELECT receipts.seq, receipts.code, entries.leaf_hash FROM receipts LEFT JOIN logs ON logs.id = receipts.log
LEFT JOIN entries ON entries.log = receipts.log AND entries.seq = receipts.seq
WHERE logs.campaign = ? OR logs.id IS NULL;

-- name: add-receipts
-- Two entries share a code once in some ten thousand campaigns of ten million messages: the first has it.
INSERT INTO receipts (code, log, seq) VALUES {rows} ON CONFLICT DO NOTHING;

-- name: last-message
SELECT entries.leaf_hash FROM entries LEFT JOIN acts ON acts.log = entries.log AND acts.seq = entries.seq
WHERE entries.log = ? AND acts.seq IS NULL ORDER BY entries.seq DESC LIMIT 1;

-- name: messages
SELECT entries.seq, entries.leaf_hash FROM entries LEFT JOIN acts ON acts.log = entries.log AND acts.seq = entries.seq
WHERE entries.log = ? AND entries.seq >= ? AND acts.seq IS NULL ORDER BY entries.seq LIMIT ?;

-- name: waiting
-- The messages that wait for a person, oldest first.
SELECT cases.log, cases.seq FROM cases JOIN logs ON logs.id = cases.log
WHERE logs.campaign = ? AND cases.state <> 'ruled' AND (cases.log, cases.seq) > (?, ?)
ORDER BY cases.log, cases.seq LIMIT ?;

-- name: alike
-- Those that wait with the identical text and for the same reason.
SELECT cases.log, cases.seq FROM cases JOIN logs ON logs.id = cases.log
JOIN entries ON entries.log = cases.log AND entries.seq = cases.seq
WHERE cases.text_key = ? AND cases.state = 'waiting' AND logs.campaign = ? AND entries.kind = ?
ORDER BY cases.log, cases.seq LIMIT ?;

-- name: adopt-cases
-- A database from before there were cases: these outcomes wait, and have no text in common that we know of.
INSERT INTO cases (log, seq, state, text_key)
SELECT log, seq, 'waiting', '' FROM entries WHERE log = ? AND kind IN ({kinds})
ON CONFLICT (log, seq) DO NOTHING;

-- name: adopt-totals
INSERT INTO totals (log, subject, channel, contest, candidate, outcome, n)
SELECT log, 'waiting', channel, '', '', outcome, n FROM totals
WHERE log = ? AND subject = 'message' AND outcome IN ({kinds})
ON CONFLICT DO NOTHING;

-- name: add-tempo
INSERT INTO tempo (log, minute_ms, source, counted, others) VALUES {rows}
ON CONFLICT (log, minute_ms, source)
DO UPDATE SET counted = tempo.counted + excluded.counted, others = tempo.others + excluded.others;

-- name: every-minute
SELECT logs.node, tempo.minute_ms, tempo.source, tempo.counted, tempo.others
FROM tempo LEFT JOIN logs ON logs.id = tempo.log WHERE logs.campaign = ? OR logs.id IS NULL;

-- name: tempo
-- How many messages each source brought in, minute by minute, since an instant.
SELECT minute_ms, source, CAST(sum(counted) AS bigint), CAST(sum(others) AS bigint) FROM tempo JOIN logs ON logs.id = tempo.log
WHERE logs.campaign = ? AND minute_ms >= ? GROUP BY minute_ms, source ORDER BY minute_ms, source;

-- name: last-heard
-- The last minute in which each source brought something in.
SELECT source, max(minute_ms) FROM tempo JOIN logs ON logs.id = tempo.log WHERE logs.campaign = ? GROUP BY source;

-- name: by-source
-- How many messages each source has brought in.
SELECT source, CAST(sum(counted + others) AS bigint) FROM tempo JOIN logs ON logs.id = tempo.log WHERE logs.campaign = ? GROUP BY source;

-- name: add-totals
INSERT INTO totals (log, subject, channel, contest, candidate, outcome, n) VALUES {rows}
ON CONFLICT (log, subject, channel, contest, candidate, outcome) DO UPDATE SET n = totals.n + excluded.n;

-- name: totals
SELECT subject, channel, contest, candidate, outcome, CAST(sum(n) AS bigint)
FROM totals JOIN logs ON logs.id = totals.log
WHERE logs.campaign = ?
GROUP BY subject, channel, contest, candidate, outcome;

-- name: add-snapshot
-- What the public page shows under `publish = "daily at …"`: one row a day.
INSERT INTO snapshots (campaign, due_ms, standings) VALUES (?, ?, ?) ON CONFLICT (campaign, due_ms) DO NOTHING;

-- name: snapshot
SELECT due_ms, standings FROM snapshots WHERE campaign = ? ORDER BY due_ms DESC LIMIT 1;
