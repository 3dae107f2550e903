-- Here no claim waits: the view stays what it is.
CREATE OR REPLACE VIEW claimed AS
SELECT voter_key, campaign, cap, contest, period, ordinal, candidate, channel, log, seq FROM claims;
