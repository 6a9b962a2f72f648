-- A file of a million documents of 200 bytes, in no order, into an empty table:
-- COPY to a temporary table, and INSERT ... SELECT ... ON CONFLICT out of it, as
-- one does; the same COPY and upsert_from; upsert_from out of a table that is
-- there (no file); COPY into the view that upsert_view made.  And files of 1,000
-- and 100,000 documents, half of which are there.
-- bench-conf: fsync = off
-- bench-conf: checkpoint_timeout = 1h
-- bench-conf: max_wal_size = 20GB
\ir lib.sql
CALL bench.tables('ours', 'theirs');
SELECT upsert_view('ours') \g /dev/null
CREATE TABLE source (doc jsonb);
CREATE TABLE base (LIKE source);

-- in no order: multiplied by a prime
CREATE PROCEDURE file(n bigint, half boolean) LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE source, base;
	INSERT INTO source SELECT bench.small('user-' || lpad((i * 7368787 % 999999937)::text, 9, '0'), i, 0) FROM generate_series(1, n) i;
	IF half THEN
		INSERT INTO base SELECT doc || '{"n": 0}' FROM source WHERE (doc->'n')::int % 2 = 0;
	END IF;
	EXECUTE format('COPY source TO %L', current_setting('data_directory') || '/bench.copy');
END $$;

CREATE PROCEDURE import(what text, size bigint, sides text[], rounds int) LANGUAGE plpgsql AS $$
DECLARE
	copied text := format('CREATE TEMP TABLE t (doc jsonb) ON COMMIT DROP; COPY t FROM %L; ', current_setting('data_directory') || '/bench.copy');
	into_view text := format('COPY ours_upsert FROM %L', current_setting('data_directory') || '/bench.copy');
	theirs text := copied || 'INSERT INTO theirs AS t (_key, doc) SELECT doc->>''_key'', doc - ''_key'' FROM t AS s ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc';
	statements text[];
	side text;
BEGIN
	CALL file(bench.size(size), what = 'half');
	FOREACH side IN ARRAY sides LOOP
		statements := statements || CASE side WHEN 'theirs' THEN theirs WHEN 'file' THEN copied || 'SELECT upsert_from(''ours'', ''SELECT doc FROM t'')'
			WHEN 'table' THEN 'SELECT upsert_from(''ours'', ''SELECT doc FROM source'')' ELSE into_view END;
	END LOOP;
	CALL bench.in_turn('import ' || what || size, sides, statements,
					   'TRUNCATE ours, theirs; INSERT INTO ours (_key, _rev, doc) SELECT doc->>''_key'', ''3kaaaaaaaaaaa'', doc - ''_key'' FROM base; INSERT INTO theirs SELECT * FROM ours;; SELECT count(*) FROM ours; SELECT count(*) FROM theirs',
					   bench.rounds(rounds), size < 1000000);
	FOREACH side IN ARRAY sides LOOP
		IF side <> 'theirs' THEN
			RAISE INFO USING MESSAGE = bench.line(format('work=import_%s of=%s against=copy_on_conflict rows=%s bytes=200 indexes=0', side, what, size), 'import ' || what || size, bench.size(size), side);
		END IF;
	END LOOP;
END $$;
CALL import('half', 1000, '{file,view,theirs}', 15);
CALL import('half', 100000, '{file,view,theirs}', 5);
CALL import('new', 100000, '{file,view,theirs}', 5);
CALL import('new', 1000000, '{table,file,theirs}', 5);
