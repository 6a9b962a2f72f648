-- What stands in tables is not always what we have put there: their owner may
-- update them as any table.  Rows of collections, record stores, ledgers,
-- contexts and lexicons have a part of their values replaced by
-- something else, and whatever reads them then ends with an answer or an error
-- of the contract, XX001 (data corrupted) among them: no other of class XX or
-- 58, no lost connection.  A round damages one value, makes three calls, each by
-- both stores, and is rolled back.
\pset tuples_only on
\set QUIET on
SET client_min_messages = error;
CREATE EXTENSION upsert;
SELECT setseed(:seed) \g /dev/null

SELECT create_collection('sc', '{"unique": ["mail"]}'), create_collection('se', '{"type": "edge"}') \g /dev/null
SELECT upsert_load('sc', '[{"_key": "a", "n": 1, "mail": 1, "o": {"p": [1, {"q": 2}]}}, {"_key": "b", "l": ["x", "y"]}, {"_key": "c", "d": "2026-01-01"}]'),
	upsert_load('se', '[{"_key": "e", "_from": "sc/a", "_to": "sc/b"}, {"_key": "f", "_from": "sc/b", "_to": "sc/a"}]') \g /dev/null
SELECT jsonld_set_context('http://ctx/', '{"@context": {"@vocab": "http://e/", "p": {"@id": "http://e/p", "@type": "@id", "@container": ["@set"]}, "t": {"@id": "http://e/t", "@context": {"x": "http://e/x"}}}}') \g /dev/null
SELECT create_ledger('sl', '{"context": {"@vocab": "http://e/", "id": "@id", "type": "@type"}}') \g /dev/null
SELECT ledger_insert('sl', '{"id": "http://e/a", "type": "T", "p": [1, {"@value": "x", "@language": "en"}, {"id": "http://e/b"}], "l": {"@list": [1, {"part": 2}]}, "part": {"q": 1}}'),
	ledger_insert('sl', '{"@context": {"@vocab": "http://e/"}, "@id": "http://g/", "@graph": [{"@id": "http://e/b", "p": true}], "by": "me"}', '{"author": "http://e/me", "message": "m"}'),
	ledger_upsert('sl', '{"id": "http://e/a", "p": 2}'), ledger_insert('sl', '{"id": "http://e/b", "p": {"id": "http://e/a"}}'), ledger_delete('sl', 'http://e/c') \g /dev/null
SELECT create_record_store('sr', '{"refs": true, "opaque": true}') \g /dev/null
SELECT at_put_lexicon('{"lexicon": 1, "id": "com.example.lex", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 1, "enum": [1, 2]}, "s": {"type": "string", "maxGraphemes": 3, "format": "did"}, "r": {"type": "ref", "ref": "#o"}, "u": {"type": "union", "refs": ["#o"], "closed": true}, "a": {"type": "array", "items": {"type": "blob", "accept": ["image/*"]}}}}}, "o": {"type": "object", "properties": {"b": {"type": "bytes", "maxLength": 3}}}}}') \g /dev/null
SELECT at_put_record('sr', 'did:plc:a', 'com.example.a', 'k', '{"n": 1, "by": "did:plc:b"}'), at_put_record('sr', 'did:plc:a', 'com.example.lex', 'k', '{"n": 1}'), at_put_block('sr', 'did:plc:a', 'com.example.a', 'b', dag_cbor('{"$type": "com.example.a", "x": [1]}')) \g /dev/null
SELECT at_apply_events('sr', '[{"did": "did:plc:m", "time_us": 1, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2a", "operation": "create", "collection": "com.example.a", "rkey": "1", "record": {"$type": "com.example.a"}}}, {"did": "did:plc:m", "time_us": 3, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2c", "operation": "delete", "collection": "com.example.a", "rkey": "1"}}]', '{"consumer": "c"}') \g /dev/null
CREATE TABLE formulas (e docexpr);
INSERT INTO formulas VALUES ('{n: OLD.n + 1}');

-- the values to damage
CREATE TABLE columns AS
	SELECT format('%I.%I', n.nspname, c.relname) AS rel, a.attname AS col, a.atttypid::regtype::text AS type, row_number() OVER () AS id
	FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
	WHERE attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = '' AND relkind = 'r' AND nspname = 'public' AND relname NOT IN ('formulas', 'columns', 'upsert_imports', 'upsert_answers')
		AND atttypid IN ('jsonb'::regtype, 'text'::regtype, 'bytea'::regtype, 'bigint'::regtype);

CREATE FUNCTION one_of(list text[]) RETURNS text LANGUAGE sql VOLATILE AS
	'SELECT list[1 + floor(random() * cardinality(list))::int]';
CREATE FUNCTION something() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT one_of(ARRAY['null', 'true', '1', '-1.5', '1e400', '""', '"x"', '"@id"', '"_:b"', '"did:plc:x"', '"3jzfcijpj2z2a"', '[]', '[1, 2]', '["x", {"@value": 1}]', '[[["x"]]]', '[null]', '{}', '{"a": 1, "b": true}', '{"@id": 1}', '{"@id": "x", "@value": {}}', '{"@list": 5}', '{"@list": [[1]]}',
		'{"@value": "x", "@type": []}', '{"@type": {"x": "y"}, "@id": "http://e/a"}', '{"$bytes": 1}', '{"$link": "x"}', '{"type": "record"}', '{"type": 1}', '{"type": "ref"}', '{"@context": 1}', '{"_key": {}, "_rev": 1, "_id": []}'])::jsonb $$;

-- a value in which one place is another
CREATE FUNCTION damage(v jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	paths text[];
	path text[];
BEGIN
	IF random() < 0.15 THEN
		RETURN something();
	END IF;
	WITH RECURSIVE places(p, x) AS (SELECT '{}'::text[], v
		UNION ALL SELECT places.p || c.k, c.x FROM places CROSS JOIN LATERAL (
			SELECT key, value FROM jsonb_each(CASE jsonb_typeof(places.x) WHEN 'object' THEN places.x ELSE '{}' END)
			UNION ALL SELECT (ordinality - 1)::text, value FROM jsonb_array_elements(CASE jsonb_typeof(places.x) WHEN 'array' THEN places.x ELSE '[]' END) WITH ORDINALITY) AS c(k, x))
	SELECT array_agg(p::text) FROM places INTO paths;
	path := one_of(paths)::text[];
	RETURN CASE WHEN path = '{}' THEN something() WHEN random() < 0.15 THEN v #- path ELSE jsonb_set(v, path, something()) END;
END $$;

CREATE FUNCTION calls() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY['upsert(''sc'', ''{"_key": "a", "n": 2}'')', 'upsert(''sc'', ''{"_key": "a", "n": 2}'', ''{"mode": "replace", "versionAttribute": "n"}'')', 'upsert(''sc'', ''{"_key": "a", "o": {"p": null}}'', ''{"keepNull": false, "ignoreChanges": ["n"], "return": "diff"}'')',
		'upsert_many(''sc'', ''[{"_key": "a", "x": 1}, {"_key": "b"}, {"_key": "c", "d": 1}]'', ''{"mode": "mergePatch"}'')', 'upsert_many(''sc'', ''[{"mail": 1, "x": 1}]'', ''{"by": ["mail"]}'')', 'get_document(''sc'', ''a'')', 'delete_document(''sc'', ''a'')', 'delete_document(''sc'', ''a'', ''{"ifRev": "3jzfcijpj2z2a"}'')',
		'patch_document(''sc'', ''a'', ''[{"op": "add", "path": "/o/p/-", "value": 1}, {"op": "test", "path": "/_key", "value": "a"}]'')', 'upsert_by(''sc'', ''{_key: "a"}'', ''{_key: "a"}'', ''{n: OLD.n + 1, l: OLD.o}'')', 'c8ql(''FOR d IN sc SORT d.n RETURN [d, KEEP(d, "o"), d.o.p[*].q]'')', 'c8ql(''FOR v, e, p IN 1..2 ANY "sc/a" se RETURN p'')', 'c8ql(''FOR d IN sc UPDATE d WITH {n: 1} IN sc RETURN [OLD, NEW]'')', 'c8ql(''RETURN DOCUMENT(["sc/a", "se/e"])'')',
		'upsert(''se'', ''{"_key": "e", "n": 1}'')', 'collection_advice(''sc'')', 'upsert_document_key(''sc'', ''{"_id": "sc/a"}'')',
		'jsonld_expand(''{"@context": "http://ctx/", "p": "x", "t": {"x": 1}}'')', 'jsonld_compact(''[{"@id": "x", "http://e/p": [{"@id": "y"}]}]'', ''"http://ctx/"'')', 'jsonld_canonize(''{"@context": "http://ctx/", "p": "x"}'')',
		'ledger_get(''sl'', ''http://e/a'')', 'ledger_get(''sl'', ''http://e/a'', ''{}'', 1)', 'ledger_get(''sl'', ''http://e/a'', NULL, NULL, ''{"depth": 3}'')', 'ledger_get(''sl'', ''http://e/a'', NULL, NULL, ''{"frame": {"p": {}}}'')', 'ledger_get(''sl'', ''http://e/b'', NULL, 2, ''{"graph": "http://g/"}'')', 'ledger_flakes(''sl'')', 'ledger_log(''sl'')', 'ledger_nodes(''sl'')', 'ledger_nodes(''sl'', 1)', 'ledger_state(''sl'', 2)', 'ledger_diff(''sl'', 0, 3)', 'ledger_diff(''sl'', 4, 1)', 'ledger_export(''sl'')', 'ledger_compact(''sl'', 2)', 'ledger_copy(''sl'', ''copied'')', 'ledger_copy(''sl'', ''copied'', 2)',
		'ledger_upsert(''sl'', ''{"id": "http://e/a", "p": 3, "part": {"q": 2}}'')', 'ledger_insert(''sl'', ''{"id": "http://e/a", "p": [1, 4], "l": {"@list": [2]}}'')', 'ledger_replace(''sl'', ''{"id": "http://e/a", "p": 5, "part": {"q": 1}}'')', 'ledger_delete(''sl'', ''http://e/a'')', 'ledger_import(''sl'', ''<http://e/a> <http://e/p> "x" .'')', 'ledger_insert(''sl'', ''{"id": "http://e/z", "p": 1}'', ''{"uniqueProperties": ["http://e/p"]}'')',
		'ledger_update(''sl'', ''{"where": {"@id": "?s", "http://e/p": "?o"}, "delete": {"@id": "?s", "http://e/p": "?o"}, "insert": {"@id": "?s", "http://e/q": "?o"}}'')', 'ledger_update(''sl'', ''{"where": [{"@id": "?s", "?p": "?o"}, ["graph", "?g", {"@id": "?x", "?y": "?z"}]], "insert": {"@id": "?s", "http://e/q": "?z"}}'')', 'ledger_update(''sl'', ''{"from": "sl@t:2", "where": {"@id": "?s", "http://e/l": "?o"}, "insert": {"@id": "?s", "http://e/q": "?o"}}'')',
		'ledger_values(doc -> ''http://e/p'') FROM "sl:main" AS x(g, i, doc), LATERAL ledger_values(doc -> ''http://e/l'')', 'count(*) FROM "sl:main" AS x(g, i, doc), LATERAL ledger_members(doc)', 'ledger_merge(jsonb_agg(doc)) FROM "sl:main"', 'ledger_merge(doc) FROM "sl:main"', 'ledger_keys(doc) FROM "sl:main"', 'count(*) FROM upsert_ledgers', 'count(*) FROM upsert_collections',
		'at_put_record(''sr'', ''did:plc:a'', ''com.example.a'', ''k'', ''{"n": 2}'')', 'at_put_record(''sr'', ''did:plc:a'', ''com.example.lex'', ''k'', ''{"n": 2, "s": "abc", "r": {"b": {"$bytes": "AA"}}, "u": {"$type": "com.example.lex#o"}, "a": [{"$type": "blob", "mimeType": "image/png", "size": 1, "ref": {"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}}]}'', ''{"validate": "report"}'')', 'at_upsert_record(''sr'', ''did:plc:a'', ''com.example.a'', ''{n: 1}'', ''{n: OLD.n + 1}'', ''k'')', 'at_get_record(''sr'', ''at://did:plc:a/com.example.a/k'')', 'at_get_record(''sr'', ''at://did:plc:a/com.example.a/b'')', 'at_delete_record(''sr'', ''at://did:plc:a/com.example.a/k'')', 'at_create_record(''sr'', ''did:plc:a'', ''com.example.a'', ''{}'')',
		'at_save_all(''sr'', ''did:plc:a'', ''[{"collection": "com.example.a", "rkey": "k", "record": {"n": 3}}, {"collection": "com.example.lex", "record": {"n": 1}}]'')', 'at_apply_writes(''sr'', ''did:plc:a'', ''[{"$type": "com.atproto.repo.applyWrites#update", "collection": "com.example.a", "rkey": "k", "value": {"n": 7}}]'')', 'at_list_records(''sr'', ''did:plc:a'', ''com.example.a'')', 'at_backlinks(''sr'', ''did:plc:b'')', 'at_put_block(''sr'', ''did:plc:a'', ''com.example.a'', ''b'', dag_cbor(''{"$type": "com.example.a", "x": [2]}''))', 'at_forget_tombstones(''sr'', ''0'')',
		'at_apply_events(''sr'', ''[{"did": "did:plc:m", "time_us": 5, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2d", "operation": "update", "collection": "com.example.a", "rkey": "1", "record": {"$type": "com.example.a", "n": 2}}}, {"did": "did:plc:a", "time_us": 6, "kind": "commit", "commit": {"rev": "7zzzcijpj2z2d", "operation": "delete", "collection": "com.example.a", "rkey": "k"}}]'', ''{"consumer": "c", "force": true}'')', 'at_validation_status(''com.example.lex'', ''{"$type": "com.example.lex", "n": 1, "r": {}}'')', 'at_drop_lexicon(''com.example.lex'')'] $$;

-- what went wrong
CREATE FUNCTION damaged_round(n int) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	c columns;
	damaged text;
	call text;
BEGIN
	SELECT * INTO c FROM columns WHERE id = (SELECT 1 + floor(random() * count(*))::int FROM columns);
	BEGIN
		BEGIN
			damaged := format('UPDATE %1$s SET %2$I = %3$s WHERE ctid IN (SELECT ctid FROM %1$s ORDER BY random() LIMIT 2)', c.rel, c.col,
				CASE c.type WHEN 'jsonb' THEN format('damage(%I)', c.col)
					WHEN 'bytea' THEN one_of(ARRAY['''''', '''\x00''', '''\xa1''', format('substr(%I, 1, 5)', c.col), format('set_byte(%1$I, least(3, length(%1$I) - 1), 255)', c.col)])
					WHEN 'bigint' THEN one_of(ARRAY['0', '-1', '9223372036854775807', '3'])
					ELSE one_of(ARRAY['''''', '''x''', '''zzzzzzzzzzzzz''', '''3jzfcijpj2z2a''', '''a/b''', 'repeat(''x'', 300)', '''{}''', '''com.example.lex''', '''http://e/a''', '''_:b0''']) END);
			EXECUTE damaged;
		EXCEPTION WHEN OTHERS THEN
			IF SQLSTATE ~ '^(XX00[^1]|58)' THEN
				RETURN NEXT format('%s %s: %s', SQLSTATE, SQLERRM, damaged);
			END IF;
		END;
		FOR i IN 1..6 LOOP
			IF i % 2 = 1 THEN
				call := one_of(calls());
			END IF;
			PERFORM set_config('upsert.direct', CASE i % 2 WHEN 1 THEN 'on' ELSE 'off' END, true);
			BEGIN
				EXECUTE 'SELECT ' || call;
				RAISE EXCEPTION USING ERRCODE = 'U0000';
			EXCEPTION WHEN OTHERS THEN
				IF SQLSTATE ~ '^(XX00[^1]|58)' THEN
					RETURN NEXT format('%s %s: %s; SELECT %s', SQLSTATE, SQLERRM, damaged, call);
				END IF;
			END;
		END LOOP;
		RAISE EXCEPTION USING ERRCODE = 'U0000';
	EXCEPTION WHEN SQLSTATE 'U0000' THEN
		NULL;
	END;
END $$;

SET statement_timeout = '10s';
SELECT format('SELECT damaged_round(%s)', i) FROM generate_series(1, :rounds) i \gexec
