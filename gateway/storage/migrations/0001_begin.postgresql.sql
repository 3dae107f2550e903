-- Append-only, as far as SQL can hold it; `televote verify` finds what SQL cannot.

CREATE FUNCTION entries_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entries never change, and are never deleted' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER entries_keep BEFORE UPDATE OF log, seq, kind, leaf, leaf_hash ON entries
FOR EACH ROW EXECUTE FUNCTION entries_keep();

CREATE TRIGGER entries_stay BEFORE DELETE ON entries FOR EACH ROW EXECUTE FUNCTION entries_keep();

CREATE TRIGGER entries_whole BEFORE TRUNCATE ON entries FOR EACH STATEMENT EXECUTE FUNCTION entries_keep();
