-- What a role may not read is shown to it by no function: neither in answers
-- nor in errors, nor by comparing; and what it may not write, it cannot lock.
\set SHOW_CONTEXT never
\pset format unaligned
\pset fieldsep ' | '
SET client_min_messages = warning;
CREATE ROLE regress_upsert_walker;

-- The walk.  Each call is made with the privileges that its path takes, and
-- then without each of them in turn.  For every column that may not be read
-- the call is repeated with several values stored there, and the answers
-- must not tell them apart.
CREATE TABLE walk (id int GENERATED ALWAYS AS IDENTITY, door text, call text, needs text[]);
CREATE TABLE stored (tab text, col text, value text);

-- what the call answers; nothing of it stays
CREATE FUNCTION attempt(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text; message text; detail text; hint text;
BEGIN
	SET LOCAL ROLE regress_upsert_walker;
	BEGIN
		EXECUTE format('SELECT string_agg(x::text, %L) FROM (%s) AS x', E'\n', call) INTO answer;
		RAISE SQLSTATE 'UPXXX';
	EXCEPTION WHEN SQLSTATE 'UPXXX' THEN
		answer := coalesce(answer, 'nothing');
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS answer = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
		answer := concat_ws(' | ', answer, message, detail, hint);
	END;
	RESET ROLE;
	RETURN regexp_replace(answer, '\m[2-7a-z]{13}\M', 'TID', 'g');
END $$;

-- the answers to a call with each value in a column: a privilege's verdict
CREATE FUNCTION verdict(call text, tab text, col text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answers text[] := '{}'; v text;
BEGIN
	FOR v IN SELECT value FROM stored s WHERE s.tab = verdict.tab AND s.col = verdict.col LOOP
		BEGIN
			EXECUTE format('ALTER TABLE %1$s DISABLE TRIGGER USER; UPDATE %1$s SET %2$I = %3$L', tab, col, v);
			answers := answers || attempt(call);
			RAISE SQLSTATE 'UPXXX';
		EXCEPTION WHEN SQLSTATE 'UPXXX' THEN NULL; END;
	END LOOP;
	IF answers = '{}' THEN
		answers := ARRAY[attempt(call)];
	END IF;
	RETURN CASE WHEN (SELECT count(DISTINCT a) FROM unnest(answers) a) > 1 THEN 'REVEALED: ' || answers::text
		WHEN answers[1] LIKE '42501%' THEN 'refused'
		WHEN answers[1] ~ '^[0-9A-Z]{5} \| ' THEN answers[1]
		ELSE 'the same' END;
END $$;

CREATE FUNCTION walk_one(w walk) RETURNS TABLE(lacks text, verdict text) LANGUAGE plpgsql AS $$
DECLARE need text; lacking text; part text[];
BEGIN
	FOREACH lacking IN ARRAY '{nothing}' || w.needs LOOP
		FOR need IN SELECT DISTINCT split_part(n, ' ON ', 2) FROM walk, unnest(needs) n LOOP
			EXECUTE format('REVOKE ALL ON %s FROM regress_upsert_walker', need);
		END LOOP;
		FOREACH need IN ARRAY w.needs LOOP
			IF need <> lacking THEN
				EXECUTE format('GRANT %s TO regress_upsert_walker', need);
			END IF;
		END LOOP;
		lacks := lacking;
		IF lacking = 'nothing' THEN
			verdict := string_agg(DISTINCT v, ', ') FROM (SELECT verdict(w.call, s.tab, s.col) AS v FROM (SELECT DISTINCT tab, col FROM stored) s
				WHERE EXISTS (SELECT FROM unnest(w.needs) n WHERE n LIKE '% ON ' || s.tab) AND NOT has_column_privilege('regress_upsert_walker', s.tab, s.col, 'SELECT')) x;
			verdict := coalesce(verdict, verdict(w.call, '', ''));
		ELSE
			part := regexp_match(lacking, '^SELECT \((\w+)\) ON (.*)$');
			verdict := verdict(w.call, coalesce(part[2], ''), coalesce(part[1], ''));
		END IF;
		RETURN NEXT;
	END LOOP;
END $$;
CREATE FUNCTION walk(door text) RETURNS TABLE(call text, verdict text, lacks text) LANGUAGE sql AS $$
	SELECT regexp_replace(w.call, '^SELECT (\* FROM )?', ''), o.verdict, string_agg(replace(o.lacks, ' ON ' || split_part(w.needs[1], ' ON ', 2), ''), ', ' ORDER BY o.n)
	FROM walk w, walk_one(w) WITH ORDINALITY o(lacks, verdict, n) WHERE w.door = walk.door GROUP BY w.id, w.call, o.verdict ORDER BY w.id, min(o.n)
$$;

-- objects
CREATE TABLE ot (id int PRIMARY KEY, a text, n int, secret int, u int UNIQUE, flag boolean, j jsonb, _rev text);
CREATE UNIQUE INDEX ot_flagged ON ot (a) WHERE flag;
INSERT INTO ot VALUES (1, 'one', 5, 4711, 1, true, '{"x": 1}', '3jzfcijpj2z2a');
CREATE VIEW ov AS SELECT id, a, n, secret, _rev FROM ot;
INSERT INTO stored VALUES ('ot', 'a', 'one'), ('ot', 'a', 'two'), ('ot', 'a', NULL), ('ot', 'n', 1), ('ot', 'n', 5), ('ot', 'n', 9), ('ot', 'n', NULL),
	('ot', 'secret', 1), ('ot', 'secret', 4711), ('ot', 'secret', NULL), ('ot', 'u', 1), ('ot', 'u', 2), ('ot', 'flag', true), ('ot', 'flag', false),
	('ot', 'j', '{}'), ('ot', 'j', '{"x": 1}'), ('ot', 'j', '{"x": 2}'), ('ot', 'j', NULL), ('ot', '_rev', '3jzfcijpj2z2a'), ('ot', '_rev', '2222222222222'), ('ot', '_rev', 'a'), ('ot', '_rev', NULL);
INSERT INTO walk (door, call, needs)
SELECT 'object', format(call, options), needs FROM (VALUES
	('SELECT * FROM upsert_object(''ot'', ''{"id": 1, "a": "two"}'', NULL::text, %L)', '{SELECT (id) ON ot,SELECT (a) ON ot,SELECT (_rev) ON ot,UPDATE (a) ON ot,UPDATE (_rev) ON ot}'::text[]),
	('SELECT * FROM upsert_object(''ot'', ''{"id": 1, "secret": 4711, "j": {"x": 1}}'', NULL::text, %L)', '{SELECT (id) ON ot,SELECT (secret) ON ot,SELECT (j) ON ot,UPDATE (secret) ON ot,UPDATE (j) ON ot,UPDATE (_rev) ON ot}'),
	('SELECT * FROM upsert_object(''ot'', ''{"id": 2, "a": "new"}'', NULL::text, %L)', '{SELECT (id) ON ot,SELECT (a) ON ot,INSERT (id) ON ot,INSERT (a) ON ot,INSERT (_rev) ON ot}'),
	('SELECT * FROM upsert_objects(''ot'', ''[{"id": 1, "a": "two"}, {"id": 2, "a": "new"}]'', NULL::text, %L)', '{SELECT (id) ON ot,SELECT (a) ON ot,INSERT (id) ON ot,INSERT (a) ON ot,INSERT (_rev) ON ot,UPDATE (a) ON ot,UPDATE (_rev) ON ot}')
	) c(call, needs), unnest(ARRAY['{}', '{"dryRun": true}', '{"mode": "nothing"}', '{"ignoreErrors": true}']) options;
INSERT INTO walk (door, call, needs) VALUES
	('object', 'SELECT * FROM upsert_object(''ot'', ''{"id": 1, "secret": 4711}'', NULL::text, ''{"versionAttribute": "secret"}'')', '{SELECT (id) ON ot,SELECT (secret) ON ot,UPDATE (secret) ON ot,UPDATE (_rev) ON ot}'),
	('object', 'SELECT * FROM upsert_object(''ot'', ''{"id": 1, "n": 5}'', NULL::text, ''{"versionAttribute": "n", "dryRun": true}'')', '{SELECT (id) ON ot,SELECT (n) ON ot,UPDATE (n) ON ot,UPDATE (_rev) ON ot}'),
	('object', 'SELECT * FROM upsert_object(''ot'', ''{"id": 1, "a": "two"}'', NULL::text, ''{"ifRev": "3jzfcijpj2z2a"}'')', '{SELECT (id) ON ot,SELECT (_rev) ON ot,UPDATE (a) ON ot,UPDATE (_rev) ON ot}'),
	('object', 'SELECT * FROM upsert_object(''ot'', ''{"id": 1, "a": "two"}'', NULL::text, ''{"ifRev": null}'')', '{SELECT (id) ON ot,SELECT (_rev) ON ot,UPDATE (a) ON ot,UPDATE (_rev) ON ot}'),
	('object', 'SELECT * FROM upsert_object(''ot'', ''{"id": 1, "a": "two", "_rev": "3jzfcijpj2z2a"}'', NULL::text, ''{"ignoreRevs": false}'')', '{SELECT (id) ON ot,SELECT (_rev) ON ot,UPDATE (a) ON ot,UPDATE (_rev) ON ot}'),
	('object', 'SELECT * FROM upsert_object(''ot'', ''{"u": 1, "a": "two"}'', ''ot_u_key'')', '{SELECT (u) ON ot,UPDATE (a) ON ot,UPDATE (_rev) ON ot}'),
	('object', 'SELECT * FROM upsert_object(''ot'', ''{"u": 1, "n": 2}'', ''any'')', '{SELECT (u) ON ot,UPDATE (n) ON ot,UPDATE (_rev) ON ot}'),
	('object', 'SELECT * FROM upsert_object(''ot'', ''{"id": 1, "u": 1, "n": 2}'', ''any'')', '{SELECT ON ot,UPDATE (n) ON ot,UPDATE (_rev) ON ot}'),
	('object', 'SELECT * FROM upsert_object(''ot'', ''{"a": "one", "n": 2, "id": 3}'', ''ot_flagged'', ''{"dryRun": true}'')', '{SELECT (id) ON ot,SELECT (a) ON ot,SELECT (flag) ON ot,UPDATE (id) ON ot,UPDATE (n) ON ot,UPDATE (_rev) ON ot,INSERT ON ot}'),
	('object', 'SELECT * FROM upsert_object(''ot'', ''{"n": 5, "a": "two"}'', ARRAY[''n''])', '{SELECT (n) ON ot,UPDATE (a) ON ot,UPDATE (_rev) ON ot,INSERT ON ot}'),
	('object', 'SELECT * FROM upsert_object(''ov'', ''{"id": 1, "a": "two"}'', ARRAY[''id''])', '{SELECT (id) ON ov,SELECT (a) ON ov,UPDATE (a) ON ov,UPDATE (_rev) ON ov}');
SELECT * FROM walk('object');

-- documents
SELECT create_collection('dt', '{"unique": ["mail"]}'), create_collection('other');
SELECT action FROM upsert('dt', '{"_key": "a", "mail": "m", "n": 1}');
SELECT action FROM upsert('other', '{"_key": "a", "n": 1}');
INSERT INTO stored VALUES ('dt', '_key', 'a'), ('dt', '_key', 'b'), ('dt', '_rev', '3jzfcijpj2z2a'), ('dt', '_rev', '2222222222222'), ('dt', 'doc', '{"n": 1}'), ('dt', 'doc', '{"n": 2}'), ('dt', 'doc', '{"n": 2, "mail": "m"}'), ('dt', 'doc', '{}');
INSERT INTO walk (door, call, needs) SELECT 'document', call, '{SELECT (_key) ON dt,SELECT (_rev) ON dt,SELECT (doc) ON dt,UPDATE (_rev) ON dt,UPDATE (doc) ON dt,SELECT (mail) ON dt}' || more FROM (VALUES
	('SELECT * FROM upsert(''dt'', ''{"_key": "a", "n": 2}'')', '{}'::text[]),
	('SELECT * FROM upsert(''dt'', ''{"_key": "a", "n": 2}'', ''{"dryRun": true}'')', '{}'),
	('SELECT * FROM upsert(''dt'', ''{"_key": "a", "n": 2}'', ''{"mode": "nothing"}'')', '{}'),
	('SELECT * FROM upsert(''dt'', ''{"_key": "a", "n": 2}'', ''{"versionAttribute": "n"}'')', '{}'),
	('SELECT * FROM upsert(''dt'', ''{"_key": "a", "n": 2}'', ''{"ifRev": "3jzfcijpj2z2a"}'')', '{}'),
	('SELECT * FROM upsert(''dt'', ''{"_key": "c", "n": 2}'')', '{INSERT (_key) ON dt,INSERT (_rev) ON dt,INSERT (doc) ON dt}'),
	('SELECT * FROM upsert_many(''dt'', ''[{"_key": "a", "n": 2}, {"n": 3}]'')', '{INSERT ON dt}'),
	('SELECT * FROM upsert_load(''dt'', ''[{"_key": "a", "n": 2}, {"n": 3}]'')', '{INSERT ON dt}'),
	('SELECT * FROM upsert_from(''dt'', ''SELECT doc || ''''{"mail": 2}'''' FROM dt'')', '{INSERT ON dt}'),
	('SELECT * FROM upsert_from(''dt'', ''SELECT doc FROM other'')', '{INSERT ON dt,SELECT ON other}'),
	('SELECT get_document(''dt'', ''a'')', '{}'),
	('SELECT * FROM delete_document(''dt'', ''a'')', '{DELETE ON dt}'),
	('SELECT * FROM delete_document(''dt'', ''a'', ''{"dryRun": true}'')', '{DELETE ON dt}'),
	('SELECT * FROM patch_document(''dt'', ''a'', ''[{"op": "add", "path": "/n", "value": 2}]'')', '{}'),
	('SELECT * FROM patch_document(''dt'', ''a'', ''[{"op": "test", "path": "/n", "value": 1}]'')', '{}'),
	('SELECT ''dt''::regclass |+ ''{"_key": "a", "n": 2}''', '{}'),
	('SELECT ''dt''::regclass |= ''{"_key": "a", "n": 2}''', '{}'),
	('SELECT * FROM upsert_by(''dt'', ''{_key: "a"}'', ''{n: 1}'', ''{n: OLD.n + 1}'')', '{}'),
	('SELECT * FROM upsert_by(''dt'', ''{mail: "m"}'', ''{mail: "m"}'', ''{n: OLD.n + 1}'')', '{INSERT ON dt}'),
	('SELECT * FROM upsert_by(''dt'', ''{n: 1}'', ''{n: 1}'', ''{n: 2}'')', '{INSERT ON dt}'),
	('SELECT * FROM upsert_by(''dt'', ''{n: 1}'', ''{n: 1}'', ''{n: LENGTH(other)}'')', '{INSERT ON dt,SELECT ON other}'),
	('SELECT c8ql_execute(''UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE {n: 1} IN dt RETURN {OLD, NEW}'')', '{}'),
	('SELECT c8ql_execute(''UPDATE "a" WITH {n: 1} IN dt RETURN OLD'')', '{}'),
	('SELECT c8ql_execute(''REPLACE "a" WITH {n: 1} IN dt OPTIONS {ignoreErrors: true}'')', '{}'),
	('SELECT c8ql_execute(''INSERT {_key: "a"} INTO dt OPTIONS {overwriteMode: "replace"} RETURN OLD'')', '{INSERT ON dt}'),
	('SELECT c8ql_execute(''REMOVE "a" IN dt RETURN OLD'')', '{DELETE ON dt}'),
	('SELECT c8ql_execute(''FOR d IN dt REMOVE d IN dt'')', '{DELETE ON dt}'),
	('SELECT c8ql(''FOR d IN dt FILTER d.n > 1 RETURN d._key'')', '{}'),
	('SELECT c8ql(''RETURN DOCUMENT("dt/a")'')', '{}'),
	('SELECT c8ql(''RETURN LENGTH(dt)'')', '{}'),
	('SELECT c8ql_eval(''DOCUMENT("dt/a")'')', '{}'),
	('SELECT c8ql_explain(''UPSERT {mail: 1} INSERT {} UPDATE {} IN dt'')', '{}'),
	('SELECT * FROM jsonld_upsert(''dt'', ''{"@id": "http://e/a", "http://e/p": 1}'')', '{INSERT ON dt}')) c(call, more);
SELECT * FROM walk('document');

-- ledgers
SELECT create_ledger('wl', '{"context": {"@vocab": "http://e/", "ex": "http://e/"}}');
SELECT ledger_insert('wl', '{"@id": "ex:a", "n": 1}')->'t';
INSERT INTO stored VALUES ('"wl:main"', 'doc', '{"@id": "http://e/a", "http://e/n": [{"@value": 1}]}'), ('"wl:main"', 'doc', '{"@id": "http://e/a", "http://e/n": [{"@value": 2}]}'), ('"wl:main"', 'iri', 'http://e/a'), ('"wl:main"', 'iri', 'http://e/b');
INSERT INTO walk (door, call, needs) SELECT 'ledger', call, ARRAY['SELECT (graph) ON "wl:main"', 'SELECT (iri) ON "wl:main"', 'SELECT (doc) ON "wl:main"', 'SELECT ON "wl:main_head"'] || more FROM (VALUES
	('SELECT ledger_insert(''wl'', ''{"@id": "ex:a", "n": 2}'')', ARRAY['UPDATE (doc) ON "wl:main"']),
	('SELECT ledger_upsert(''wl'', ''{"@id": "ex:a", "n": 2}'')', ARRAY['UPDATE (doc) ON "wl:main"']),
	('SELECT ledger_replace(''wl'', ''{"@id": "ex:c", "n": 2}'')', ARRAY['INSERT ON "wl:main"']),
	('SELECT ledger_update(''wl'', ''{"where": {"@id": "ex:a", "n": "?n"}, "delete": {"@id": "ex:a", "n": "?n"}, "insert": {"@id": "ex:a", "n": 3}}'')', ARRAY['UPDATE (doc) ON "wl:main"', 'SELECT (keys) ON "wl:main"']),
	('SELECT ledger_delete(''wl'', ''ex:a'')', ARRAY['DELETE ON "wl:main"'])) w(call, write), LATERAL (SELECT write || ARRAY['UPDATE ON "wl:main_head"', 'SELECT ON "wl:main_log"', 'INSERT ON "wl:main_log"', 'SELECT ON "wl:main_commits"', 'INSERT ON "wl:main_commits"']) m(more)
UNION ALL SELECT 'ledger', call, ARRAY['SELECT (graph) ON "wl:main"', 'SELECT (iri) ON "wl:main"', 'SELECT (doc) ON "wl:main"', 'SELECT ON "wl:main_head"'] || more FROM (VALUES
	('SELECT ledger_get(''wl'', ''ex:a'')', '{}'::text[]),
	('SELECT ledger_get(''wl'', ''ex:a'', NULL, 1)', ARRAY['SELECT ON "wl:main_log"']),
	('SELECT ledger_get(''wl'', ''ex:a'', NULL, NULL, ''{"at": "2020-01-01"}'')', ARRAY['SELECT ON "wl:main_log"', 'SELECT ON "wl:main_commits"']),
	('SELECT * FROM ledger_log(''wl'')', ARRAY['SELECT ON "wl:main_commits"']),
	('SELECT * FROM ledger_flakes(''wl'')', ARRAY['SELECT ON "wl:main_log"'])) r(call, more);
SELECT * FROM walk('ledger');

-- records
SELECT create_record_store('rt');
SELECT action FROM at_put_record('rt', 'did:plc:a', 'a.b.c', 'k', '{"n": 1}');
INSERT INTO stored VALUES ('rt', 'cid', 'bafyreigsh6lnqnxl5us22hj5foozenrcklgiund2taysu5jij57w2cf5ai'), ('rt', 'cid', (SELECT cid FROM rt)), ('rt', 'record', '{"n": 2, "$type": "a.b.c"}'), ('rt', 'record', '{"n": 1, "$type": "a.b.c"}');
INSERT INTO walk (door, call, needs) SELECT 'record', call, '{SELECT (uri) ON rt,SELECT (repo) ON rt,SELECT (collection) ON rt,SELECT (rkey) ON rt,SELECT (cid) ON rt,SELECT (rev) ON rt,SELECT (record) ON rt}' || more FROM (VALUES
	('SELECT * FROM at_create_record(''rt'', ''did:plc:a'', ''a.b.c'', ''{"n": 1}'', ''k2'')', '{INSERT ON rt,SELECT ON rt_repos,INSERT ON rt_repos,UPDATE ON rt_repos}'::text[]),
	('SELECT * FROM at_put_record(''rt'', ''did:plc:a'', ''a.b.c'', ''k'', ''{"n": 2}'')', '{UPDATE ON rt,SELECT ON rt_repos,INSERT ON rt_repos,UPDATE ON rt_repos}'),
	('SELECT * FROM at_put_record(''rt'', ''did:plc:a'', ''a.b.c'', ''k'', ''{"n": 2}'', ''{"swapRecord": "bafyreigsh6lnqnxl5us22hj5foozenrcklgiund2taysu5jij57w2cf5ai", "dryRun": true}'')', '{UPDATE ON rt,SELECT ON rt_repos,INSERT ON rt_repos,UPDATE ON rt_repos}'),
	('SELECT * FROM at_upsert_record(''rt'', ''did:plc:a'', ''a.b.c'', ''{n: 1}'', ''{n: OLD.n + 1}'', ''k'')', '{UPDATE ON rt,SELECT ON rt_repos,INSERT ON rt_repos,UPDATE ON rt_repos}'),
	('SELECT * FROM at_save_all(''rt'', ''did:plc:a'', ''[{"collection": "a.b.c", "rkey": "k", "record": {"n": 2}}]'')', '{UPDATE ON rt,SELECT ON rt_repos,INSERT ON rt_repos,UPDATE ON rt_repos}'),
	('SELECT * FROM at_apply_writes(''rt'', ''did:plc:a'', ''[{"$type": "com.atproto.repo.applyWrites#delete", "collection": "a.b.c", "rkey": "k"}]'')', '{DELETE ON rt,SELECT ON rt_repos,INSERT ON rt_repos,UPDATE ON rt_repos}'),
	('SELECT * FROM at_delete_record(''rt'', ''at://did:plc:a/a.b.c/k'')', '{DELETE ON rt,SELECT ON rt_repos,INSERT ON rt_repos,UPDATE ON rt_repos}'),
	('SELECT at_get_record(''rt'', ''at://did:plc:a/a.b.c/k'')', '{}')) c(call, more);
SELECT * FROM walk('record');

-- in a batch, an error shows of a row what this object gave, not what another did
CREATE TABLE mixed (id int PRIMARY KEY, a int CHECK (a > 0), secret text DEFAULT 'hidden');
INSERT INTO mixed VALUES (1, 1, 'hidden'), (2, 1, 'hidden');
GRANT SELECT (id, a), INSERT (id, a, secret), UPDATE (a, secret) ON mixed TO regress_upsert_walker;
SET ROLE regress_upsert_walker;
SELECT ord, action, error->>'detail' AS detail FROM upsert_objects('mixed',
	'[{"id": 1, "a": 2, "secret": "mine"}, {"id": 2, "a": -1}, {"id": 3, "a": 2, "secret": "mine"}, {"id": 4, "a": -1}]', NULL, '{"ignoreErrors": true}');
SELECT * FROM upsert_objects('mixed', '[{"id": 1, "a": 2, "secret": "mine"}, {"id": 2, "a": -1}]');
SELECT * FROM upsert_objects('mixed', '[{"id": 3, "a": 2, "secret": "mine"}, {"id": 4, "a": -1}]');
SELECT * FROM upsert_objects('mixed', '[{"id": 3, "a": 2}, {"id": 4, "a": -1, "secret": "mine"}]');
RESET ROLE;

-- strong locks are asked for as LOCK TABLE asks for them: first the privilege;
-- that it comes first is for the spec exclusive_privilege to show
CREATE FUNCTION locks(rel regclass) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(mode, ', ' ORDER BY mode), 'none') FROM pg_locks WHERE relation = rel AND pid = pg_backend_pid() AND mode NOT IN ('AccessShareLock', 'RowShareLock')
$$;
CREATE FUNCTION try_lock(call text, rel regclass) RETURNS TABLE(locked text, state text) LANGUAGE plpgsql AS $$
BEGIN
	state := 'ok';
	BEGIN
		SET LOCAL ROLE regress_upsert_walker;
		EXECUTE call;
		locked := locks(rel);
		RAISE SQLSTATE 'UPXXX';
	EXCEPTION WHEN SQLSTATE 'UPXXX' THEN NULL;
	WHEN OTHERS THEN state := SQLSTATE || ' ' || SQLERRM; locked := locks(rel);
	END;
	RETURN NEXT;
END $$;
REVOKE ALL ON ot, dt, other, mixed FROM regress_upsert_walker;
SELECT n, l.* FROM (VALUES (1, 'SELECT upsert_object(''pg_class'', ''{"oid": 1259, "relname": "pg_class"}'', NULL::text, ''{"exclusive": true}'')', 'pg_class'),
	(2, 'SELECT upsert_object(''pg_class'', ''{"oid": 1259, "relname": "pg_class"}'', ARRAY[''oid''])', 'pg_class'),
	(3, 'SELECT upsert_object(''ot'', ''{"id": 1, "a": "one"}'', NULL::text, ''{"exclusive": true}'')', 'ot'),
	(4, 'SELECT upsert(''dt'', ''{"_key": "a"}'', ''{"exclusive": true}'')', 'dt'),
	(5, 'SELECT c8ql_execute(''UPSERT {_key: "a"} INSERT {} UPDATE {} IN dt OPTIONS {exclusive: true}'')', 'dt')) v(n, call, rel), try_lock(call, rel) l;
GRANT SELECT ON ot, dt TO regress_upsert_walker;
SELECT n, l.* FROM (VALUES (3, 'SELECT upsert_object(''ot'', ''{"id": 1, "a": "one"}'', NULL::text, ''{"exclusive": true}'')', 'ot'),
	(4, 'SELECT upsert(''dt'', ''{"_key": "a"}'', ''{"exclusive": true}'')', 'dt'),
	(5, 'SELECT c8ql_execute(''UPSERT {_key: "a"} INSERT {} UPDATE {} IN dt OPTIONS {exclusive: true}'')', 'dt'),
	(6, 'SELECT upsert_object(''ot'', ''{"id": 1, "a": "one"}'')', 'ot'),
	(7, 'SELECT upsert_object(''ot'', ''{"id": 1, "a": "one"}'', NULL::text, ''{"dryRun": true, "exclusive": true}'')', 'ot')) v(n, call, rel), try_lock(call, rel) l;
GRANT INSERT ON ot, dt TO regress_upsert_walker;
SELECT n, l.* FROM (VALUES (3, 'SELECT upsert_object(''ot'', ''{"id": 1, "a": "one"}'', NULL::text, ''{"exclusive": true}'')', 'ot'),
	(4, 'SELECT upsert(''dt'', ''{"_key": "a"}'', ''{"exclusive": true}'')', 'dt'),
	(6, 'SELECT upsert_object(''ot'', ''{"id": 1, "a": "one"}'')', 'ot')) v(n, call, rel), try_lock(call, rel) l;
GRANT UPDATE ON ot, dt TO regress_upsert_walker;
SELECT n, l.* FROM (VALUES (3, 'SELECT upsert_object(''ot'', ''{"id": 1, "a": "one"}'', NULL::text, ''{"exclusive": true}'')', 'ot'),
	(4, 'SELECT upsert(''dt'', ''{"_key": "a"}'', ''{"exclusive": true}'')', 'dt')) v(n, call, rel), try_lock(call, rel) l;
-- catalogs are not for upserts, whoever asks
SELECT upsert_object('pg_class', '{"oid": 1259, "relname": "pg_class"}', NULL::text, '{"exclusive": true}');
SELECT upsert_object('pg_am', '{"oid": 1, "amname": "x"}');

-- a misspelt setting is refused
SET upsert.direkt = off;

SELECT drop_ledger('wl');
DROP VIEW ov;
DROP TABLE walk, stored, ot, dt, other, rt, mixed CASCADE;
DROP ROLE regress_upsert_walker;
