-- All claims, wherever they are: here none waits elsewhere.
CREATE VIEW claimed AS
SELECT voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq FROM claims;
