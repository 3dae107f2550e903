-- What callers have used up: their caps, and the ids of their messages. Both are claims: a use of one
-- ordinal, or of one id, that nobody can make twice. They share a table because they share a caller:
-- a vote's rows are neighbours, on one page, on one shard. `claimed` is all of them, where an engine keeps
-- some of them elsewhere for a while.

-- name: heard
-- Where a message was recorded before; {pairs} is a list of (voter_key, message_key).
-- CROSS JOIN keeps SQLite from scanning the table, which it does for a row value IN (VALUES …).
WITH asked (voter, message) AS (VALUES {pairs})
SELECT claims.voter_key, claims.period, claims.log, claims.seq
FROM asked CROSS JOIN claims
WHERE claims.voter_key = asked.voter AND claims.campaign = {campaign} AND claims.cap = 'message'
  AND claims.contest = '' AND claims.period = asked.message AND claims.ordinal = 1;

-- name: claims
-- Every cap that these callers have used; {voters} is a list of voter keys. The caps are named, so that
-- a caller's messages, which may be many, are not read.
SELECT voter_key, contest, cap, period, ordinal, candidate, channel FROM claims
WHERE campaign = ? AND cap IN ('campaign', 'candidate', 'day', 'void') AND voter_key IN ({voters});

-- name: held
-- The same with the entry that made each claim, for a ruling that may take it back.
SELECT voter_key, contest, cap, period, ordinal, candidate, channel, log, seq FROM claims
WHERE campaign = ? AND cap IN ('campaign', 'candidate', 'day', 'void') AND voter_key IN ({voters});

-- name: release
-- Gives back what one entry of a caller has used up. The message's own id stays known.
DELETE FROM claims
WHERE voter_key = ? AND campaign = ? AND cap IN ('campaign', 'candidate', 'day', 'void') AND log = ? AND seq = ?;

-- name: mute
-- Keeps the uses, though the vote behind them is void: a claim without a channel stands for no vote.
UPDATE claims SET channel = ''
WHERE voter_key = ? AND campaign = ? AND cap IN ('campaign', 'candidate', 'day') AND log = ? AND seq = ?;

-- name: release-candidate
-- Gives back every use by a counted vote for one candidate, also of caps over all contests: codes are unique
-- in a campaign. What was voided stays used.
DELETE FROM claims
WHERE campaign = ?1 AND candidate = ?3 AND cap IN ('campaign', 'candidate', 'day') AND channel <> ''
  AND NOT EXISTS (
    SELECT 1 FROM claims AS mark
    WHERE mark.voter_key = claims.voter_key AND mark.campaign = ?1 AND mark.cap = 'void' AND mark.contest = ?2
  );

-- name: messages-of
-- Where the messages of one caller stand.
SELECT log, seq FROM claimed WHERE voter_key = ? AND campaign = ? AND cap = 'message' ORDER BY log, seq;

-- name: add-claims
INSERT INTO claims (voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq) VALUES {rows};

-- name: erase-caller
DELETE FROM claims WHERE voter_key = ? AND campaign = ? AND log = ? AND seq BETWEEN ? AND ?;

-- name: erase-everybody
DELETE FROM claims WHERE campaign = ?;

-- name: count-claims
SELECT count(*) FILTER (WHERE cap <> 'message'), count(*) FILTER (WHERE cap = 'message')
FROM claimed WHERE campaign = ?;

-- name: every-claim
SELECT claimed.voter_key, claimed.contest, claimed.cap, claimed.period, claimed.ordinal, claimed.candidate, claimed.channel,
  claimed.seq, logs.id IS NOT NULL
FROM claimed JOIN campaigns ON campaigns.id = claimed.campaign
LEFT JOIN logs ON logs.id = claimed.log AND logs.campaign = campaigns.name
WHERE campaigns.name = ?;

-- name: campaign
SELECT id, key_check, edition, closing_ms FROM campaigns WHERE name = ?;

-- name: add-campaign
INSERT INTO campaigns (name, key_check) VALUES (?, ?);

-- name: closing
SELECT closing_ms FROM campaigns WHERE id = ?;

-- name: cut-short
UPDATE campaigns SET closing_ms = ?, edition = edition + 1 WHERE id = ? AND closing_ms IS NULL;

-- name: next-edition
-- An act is being recorded: who has decided without knowing it must decide again.
UPDATE campaigns SET edition = edition + 1 WHERE id = ?;
