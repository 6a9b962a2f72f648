-- The other ways in, each beside what one would write or call instead: objects
-- beside jsonb_populate_recordset and ON CONFLICT, ledgers and records beside
-- upsert_load of the same nodes and records into a collection, the C8QL loop of
-- the reference page beside a loop in PL/pgSQL.  Batches of 10,000.
-- Lines for the table of docs/performance.md.
-- bench-conf: fsync = off
-- bench-conf: checkpoint_timeout = 1h
\ir lib.sql
SELECT bench.size(10000) AS n \gset

-- objects: theirs writes every column
CREATE TABLE ours_lines (id int PRIMARY KEY, sku text NOT NULL, qty int NOT NULL, price numeric(10,2), note text, at timestamptz);
CREATE TABLE theirs_lines (LIKE ours_lines INCLUDING ALL);
CREATE TABLE input (kind text, version int, docs jsonb);
ALTER TABLE input ALTER docs SET STORAGE EXTERNAL;
INSERT INTO input SELECT 'objects', version, jsonb_agg(jsonb_build_object('id', i, 'sku', md5(i::text), 'qty', i % 100 + version, 'price', i * 0.01, 'note', repeat('lorem ', 10),
	'at', '2026-01-01T00:00:00+00:00') ORDER BY md5(i::text)) FROM generate_series(0, 1) version, generate_series(1, :n) i GROUP BY version;
CREATE FUNCTION theirs_objects(version int) RETURNS text LANGUAGE sql RETURN format($q$INSERT INTO theirs_lines SELECT r.* FROM input, jsonb_populate_recordset(NULL::theirs_lines, docs) r
	WHERE kind = 'objects' AND version = %s ON CONFLICT (id) DO UPDATE SET sku = EXCLUDED.sku, qty = EXCLUDED.qty, price = EXCLUDED.price, note = EXCLUDED.note, at = EXCLUDED.at$q$, version);
SELECT format('CALL bench.row(%L, %L, %L, %s, %L)', 'work=objects_' || what || ' against=recordset batch=10000 bytes=200 indexes=0',
	format($q$SELECT count(*) FROM input, upsert_objects('ours_lines', docs, NULL, '{"return": "none"}') WHERE kind = 'objects' AND version = %s$q$, version), theirs_objects(version), :n,
	CASE what WHEN 'new' THEN 'TRUNCATE %who%_lines' ELSE 'TRUNCATE %who%_lines; INSERT INTO %who%_lines SELECT r.* FROM input, jsonb_populate_recordset(NULL::theirs_lines, docs) r WHERE kind = ''objects'' AND version = 0;; SELECT count(*) FROM %who%_lines' END)
FROM (VALUES ('new', 0), ('changed', 1), ('unchanged', 0)) v (what, version) \gexec

-- flat nodes of 10 predicates; theirs have them in expanded form
INSERT INTO input SELECT 'nodes', version, (SELECT jsonb_build_object('@context', '{"@vocab": "http://e/"}'::jsonb, '@graph', jsonb_agg(
		(SELECT jsonb_object_agg('p' || k, 'value ' || i || ' ' || k * version) FROM generate_series(1, 10) k) || jsonb_build_object('@id', 'http://n/' || i)))
	FROM generate_series(1, :n) i) FROM generate_series(1, 2) version;
INSERT INTO input SELECT 'expanded', version, (SELECT jsonb_agg(
		(SELECT jsonb_object_agg('http://e/p' || k, jsonb_build_array(jsonb_build_object('@value', 'value ' || i || ' ' || k * version))) FROM generate_series(1, 10) k)
		|| jsonb_build_object('@id', 'http://n/' || i, '_key', 'http:' || i))
	FROM generate_series(1, :n) i) FROM generate_series(1, 2) version;
SELECT create_collection('theirs_nodes'), create_ledger('ours_bare', '{"history": false, "index": false}'), create_ledger('ours_past', '{"index": false}') \g /dev/null
SELECT format('CALL bench.row(%L, %L, %L, %s, %L)', format('work=ledger_%s_%s against=upsert_load batch=10000 bytes=300 indexes=0', what, ledger),
	format('SELECT ledger_upsert(%L, docs) FROM input WHERE kind = ''nodes'' AND version = %s', 'ours_' || ledger, version),
	format('SELECT upsert_load(''theirs_nodes'', docs, ''{"mergeObjects": false}'') FROM input WHERE kind = ''expanded'' AND version = %s', version), :n,
	format('TRUNCATE theirs_nodes, %s', names) || CASE what WHEN 'new' THEN '' ELSE format('; DO $d$ BEGIN PERFORM ledger_upsert(%L, docs) FROM input WHERE kind = ''nodes'' AND version = 1;
		PERFORM upsert_load(''theirs_nodes'', docs) FROM input WHERE kind = ''expanded'' AND version = 1; END $d$;; SELECT count(*) FROM theirs_nodes; SELECT count(*) FROM %s', 'ours_' || ledger, split_part(names, ',', 1)) END)
FROM (VALUES ('bare', '"ours_bare:main"'), ('past', '"ours_past:main", "ours_past:main_log"')) l (ledger, names), (VALUES ('new', 1), ('changed', 2), ('unchanged', 1)) v (what, version) \gexec

-- records, with their CIDs
INSERT INTO input SELECT kind, 0, (SELECT jsonb_agg(CASE kind WHEN 'records' THEN jsonb_build_object('collection', 'app.bsky.feed.post', 'rkey', 'k' || i, 'record', record)
		ELSE record || jsonb_build_object('_key', 'k' || i) END) FROM (SELECT i, jsonb_build_object('$type', 'app.bsky.feed.post', 'text', repeat('lorem ipsum ', 5 + i % 5), 'n', i, 'langs', '["en"]'::jsonb, 'createdAt', '2026-11-22T00:00:00.000Z') AS record
		FROM generate_series(1, :n) i) r) FROM unnest('{records,documents}'::text[]) kind;
SELECT create_record_store('ours_records'), create_collection('theirs_records') \g /dev/null
CALL bench.row('work=save_all against=upsert_load batch=10000 bytes=200 indexes=0', $$SELECT count(*) FROM input, at_save_all('ours_records', 'did:plc:abc', docs) WHERE kind = 'records'$$,
	$$SELECT upsert_load('theirs_records', docs) FROM input WHERE kind = 'documents'$$, :n, 'TRUNCATE ours_records, ours_records_repos, theirs_records');

-- FOR i IN 1..1000 UPSERT ..., as the reference page has it
CALL bench.tables('ours_users', 'theirs_users');
CREATE PROCEDURE loop(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..n LOOP
		INSERT INTO theirs_users AS t (_key, doc) VALUES (concat('test', i), '{"foobar": false}') ON CONFLICT (_key) DO UPDATE SET doc = t.doc || '{"foobar": true}';
	END LOOP;
END $$;
SELECT format('CALL bench.row(%L, %L, %L, 1000, %L, 15)', 'work=c8ql_' || what || ' against=plpgsql batch=1000 bytes=20 indexes=0',
	$q$SELECT c8ql('FOR i IN 1..1000 UPSERT {_key: CONCAT("test", i)} INSERT {_key: CONCAT("test", i), foobar: false} UPDATE {foobar: true} IN ours_users')$q$, 'CALL loop(1000)',
	'TRUNCATE %who%_users' || CASE what WHEN 'new' THEN '' ELSE '; INSERT INTO %who%_users (_key, doc) SELECT ''test'' || i, ''{"foobar": false}'' FROM generate_series(1, 1000) i;; SELECT count(*) FROM %who%_users' END)
FROM unnest('{new,changed}'::text[]) what \gexec
