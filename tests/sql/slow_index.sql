-- An index that takes for ever to build, but only on the target: it holds a restore in its middle.
-- The function lies about being immutable so that an index may use it.
CREATE FUNCTION hold(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF current_database() = 'target' THEN
    PERFORM pg_sleep(600);
  END IF;
  RETURN n;
END
$$;
CREATE INDEX "answers_hold_idx" ON answers (hold(id));
