-- What members of a panel have entered and not yet submitted, each change a row: the newest of a mark stands.

CREATE TABLE marks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign TEXT NOT NULL,
    contest TEXT NOT NULL,
    -- The account.
    judge TEXT NOT NULL,
    candidate TEXT NOT NULL,
    -- Empty for the judge's recusal from the candidate.
    criterion TEXT NOT NULL,
    -- Points as they were entered, 'recused', or empty for a mark taken back.
    points TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX marks_of ON marks (campaign, contest, judge, candidate, criterion, id);
