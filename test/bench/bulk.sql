-- Whole files: upsert_from of a staged file, COPY through a view and upsert_import,
-- against COPY to a temporary table and INSERT ... SELECT ... ON CONFLICT.
-- Documents of 200 bytes, in no order; BULK_ROWS of them (100,000), BULK_ROUNDS rounds.
-- bench-conf: fsync = off
-- bench-conf: wal_init_zero = off
\ir lib.sql
\set rows `echo ${BULK_ROWS:-100000}`
\set rounds `echo ${BULK_ROUNDS:-7}`
SELECT create_collection('ours') \g /dev/null
SELECT upsert_view('ours') \g /dev/null
CREATE TABLE theirs (_key text COLLATE "C" PRIMARY KEY, _rev text COLLATE "C" NOT NULL, doc jsonb NOT NULL) WITH (fillfactor = 85);
CREATE TABLE input AS SELECT jsonb_build_object('_key', md5(i::text), 'n', i, 'name', 'somebody ' || i, 'email', i || '@example.org', 'active', true, 'text', repeat(md5((-i)::text), 2)) AS doc
	FROM generate_series(1, :rows) i;
CREATE TABLE later AS SELECT doc || jsonb_build_object('n', -(doc->>'n')::int) AS doc FROM input;
VACUUM ANALYZE input, later;
-- in the data folder, where nobody but the server looks
SELECT current_setting('data_directory') || '/bulk' AS file \gset
COPY input TO :'file';
SELECT format($q$CREATE TEMP TABLE stage (doc jsonb) ON COMMIT DROP; COPY stage FROM %L; $q$, :'file') AS stage,
	$q$INSERT INTO theirs AS t SELECT doc->>'_key', '3kaaaaaaaaaaa', doc - '_key' FROM %I ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc, _rev = EXCLUDED._rev$q$ AS theirs,
	$q$SELECT upsert_from('ours', 'SELECT doc FROM %I')$q$ AS ours,
	'TRUNCATE ours, theirs' AS empty \gset
-- the same rows in both, as each would have put them
SELECT format($q$TRUNCATE ours, theirs; %s; %s$q$, format(:'ours', 'input'), format(:'theirs', 'input')) AS full \gset

CALL bench.compare('file, new', :'stage' || format(:'ours', 'stage'), :'stage' || format(:'theirs', 'stage'), :rows, :'empty', :rounds);
CALL bench.compare('view, new', format('COPY ours_upsert FROM %L', :'file'), :'stage' || format(:'theirs', 'stage'), :rows, :'empty', :rounds);
CALL bench.compare('table, new', format(:'ours', 'input'), format(:'theirs', 'input'), :rows, :'empty', :rounds);
CALL bench.compare('table, changed', format(:'ours', 'later'), format(:'theirs', 'later'), :rows, :'full', :rounds);
CALL bench.compare('table, unchanged', format(:'ours', 'input'), format(:'theirs', 'input'), :rows, :'full', :rounds);

-- it commits, so it is called, not executed
CREATE PROCEDURE import(rows bigint, rounds int) LANGUAGE plpgsql AS $$
DECLARE
	cpu float8;
	theirs float8[] := '{}';
	ours float8[] := '{}';
BEGIN
	FOR i IN 0 .. rounds LOOP
		TRUNCATE ours;
		COMMIT;
		cpu := bench.cpu();
		PERFORM upsert_from('ours', 'SELECT doc FROM input');
		COMMIT;
		theirs := theirs || bench.cpu() - cpu;
		TRUNCATE ours;
		COMMIT;
		cpu := bench.cpu();
		CALL upsert_import('ours', 'SELECT doc FROM input');
		ours := ours || bench.cpu() - cpu;
	END LOOP;
	RAISE INFO '%', format('%-32s %9s x the CPU of upsert_from', 'import, new', round((
		(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM unnest(ours[2:]) v) /
		(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM unnest(theirs[2:]) v))::numeric, 2));
END $$;
CALL import(:rows, :rounds);
