-- Every function under a search_path that finds another's operators, functions
-- and types before PostgreSQL's own.  A function of the extension that is not
-- IMMUTABLE and not called here is listed at the end: give it a call.
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET check_function_bodies = off;
CREATE SCHEMA evil;
-- the trap: whatever pg_catalog has, evil has too, and it is an error to call it
DO $$
DECLARE r record;
BEGIN
	FOR r IN SELECT oid, oprname, concat_ws(', ', nullif(oprleft, 0)::regtype, oprright::regtype) AS args, oprresult::regtype AS result,
		concat_ws(', ', 'LEFTARG = ' || nullif(oprleft, 0)::regtype, 'RIGHTARG = ' || oprright::regtype) AS sides
		FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprcode <> 0 LOOP
		EXECUTE format('CREATE FUNCTION evil.operator%s(%s) RETURNS %s LANGUAGE internal AS ''trigger_in''', r.oid, r.args, r.result);
		EXECUTE format('CREATE OPERATOR evil.%s (%s, FUNCTION = evil.operator%s)', r.oprname, r.sides, r.oid);
	END LOOP;
	FOR r IN SELECT proname, pg_get_function_identity_arguments(oid) AS args, pg_get_function_result(oid) AS result
		FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind <> 'p' LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE internal AS ''trigger_in''', r.proname, r.args, r.result);
		EXCEPTION WHEN OTHERS THEN NULL;	-- what nobody can make, nobody can fake
		END;
	END LOOP;
	FOR r IN SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND typelem = 0 LOOP
		EXECUTE format('CREATE TYPE evil.%I AS ENUM ()', r.typname);
	END LOOP;
END $$;
SELECT count(*) > 700 AS operators FROM pg_operator WHERE oprnamespace = 'evil'::regnamespace;
SELECT count(*) > 2500 AS functions FROM pg_proc WHERE pronamespace = 'evil'::regnamespace;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
-- a table for objects, with all that has expressions, and one that only SQL can write
CREATE TABLE plain (id int PRIMARY KEY DEFAULT 7, a text UNIQUE, b numeric CHECK (b > 0), c text GENERATED ALWAYS AS (a || 'c') STORED, d jsonb, e text);
CREATE UNIQUE INDEX plain_expression ON plain (lower(e)) WHERE b <> 5;
CREATE TABLE parted (id int PRIMARY KEY, a text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted DEFAULT;

BEGIN;
SET LOCAL track_functions = 'all';
SET LOCAL search_path = evil, public, pg_catalog;
-- the trap works
SELECT 1 = 1;
SELECT public.jsonb_merge('{}', '{}'::jsonb);
-- documents
SELECT FROM public.create_collection('hc', '{"unique": ["mail"]}');
SELECT FROM public.create_collection('he', '{"type": "edge", "unlogged": true}');
SELECT FROM public.collection_advice('hc'::pg_catalog.regclass);
SELECT FROM public.upsert('hc'::pg_catalog.regclass, '{"_key": "a", "mail": "x", "n": 1}'::pg_catalog.jsonb);
SELECT FROM public.upsert('he'::pg_catalog.regclass, '{"_key": "a", "_from": "hc/a", "_to": "hc/b"}'::pg_catalog.jsonb);
SELECT FROM public.upsert_many('hc'::pg_catalog.regclass, '[{"_key": "b"}, {"_key": "a", "n": 2}]'::pg_catalog.jsonb, '{"ignoreErrors": true}'::pg_catalog.jsonb);
SELECT FROM public.upsert_load('hc'::pg_catalog.regclass, '[{"_key": "b"}]'::pg_catalog.jsonb, '{"dryRun": true}'::pg_catalog.jsonb);
SELECT FROM public.upsert_on_shard('hc'::pg_catalog.regclass, 1, '#6:#0:#0:#1:O1:4:_keys1:b', '{}'::pg_catalog.jsonb);
SELECT public.upsert_share_registries();
SELECT FROM public.upsert_from('hc'::pg_catalog.regclass, 'SELECT ''{"_key": "c"}''::pg_catalog.jsonb');
SELECT 'hc'::pg_catalog.regclass OPERATOR(public.|+) '{"_key": "d"}'::pg_catalog.jsonb OPERATOR(pg_catalog.->) 'n';
SELECT 'hc'::pg_catalog.regclass OPERATOR(public.|=) '{"_key": "d"}'::pg_catalog.jsonb OPERATOR(pg_catalog.->) 'n';
SELECT FROM public.upsert('hc'::pg_catalog.regclass, '{"_key": "a"}'::pg_catalog.jsonb, '{"idempotencyKey": "k"}'::pg_catalog.jsonb);
SELECT FROM public.upsert('hc'::pg_catalog.regclass, '{"_key": "a"}'::pg_catalog.jsonb, '{"idempotencyKey": "k"}'::pg_catalog.jsonb);
SELECT public.upsert_forget('-1 hour');
SELECT public.upsert_stats_reset(NULL);
SELECT FROM public.upsert_stats WHERE target IS NULL;
SELECT FROM public.upsert_load('hc'::pg_catalog.regclass, '[{"mail": "y"}]'::pg_catalog.jsonb, '{"by": ["mail"]}'::pg_catalog.jsonb);
SELECT FROM public.upsert_load('hc'::pg_catalog.regclass, '[{"p": "y"}]'::pg_catalog.jsonb, '{"by": ["p"], "ignoreErrors": true}'::pg_catalog.jsonb);
SELECT public.upsert_view('hc'::pg_catalog.regclass), public.upsert_view('plain'::pg_catalog.regclass, '{"columns": ["id", "a", "d"]}'::pg_catalog.jsonb), public.upsert_document_key('hc'::pg_catalog.regclass, '{"_key": "v"}'::pg_catalog.jsonb);
INSERT INTO hc_upsert VALUES ('{"_key": "v"}'), ('{"_key": "v", "n": 1}') RETURNING doc;
INSERT INTO plain_upsert VALUES (100, 'v', '{}'), (101, NULL, NULL);
SELECT FROM public.get_document('hc'::pg_catalog.regclass, 'a');
SELECT FROM public.patch_document('hc'::pg_catalog.regclass, 'd', '[{"op": "add", "path": "/n", "value": 1}]'::pg_catalog.jsonb);
SELECT FROM public.delete_document('hc'::pg_catalog.regclass, 'd');
INSERT INTO hc (_key, doc) VALUES ('e', '{}');
UPDATE hc SET doc = '{"x": 1}' WHERE _key OPERATOR(pg_catalog.=) 'e';
SELECT pg_catalog.count(path) OPERATOR(pg_catalog.>) 1 AS collections FROM public.upsert_collections;
SELECT FROM public.drop_collection('he'::pg_catalog.regclass);
SELECT FROM public.upsert_by('hc'::pg_catalog.regclass, '{mail: "x"}'::public.docexpr, '{mail: "x"}'::public.docexpr, '{n: OLD.n + 1}'::public.docexpr);
SELECT FROM public.upsert_by('hc'::pg_catalog.regclass, '{n: 3, k: {l: 1}}'::public.docexpr, '{n: 3, k: {l: 1}}'::public.docexpr, NULL, '{n: 4}'::public.docexpr);
SELECT public.jsonb_merge('{"a": 1}'::pg_catalog.jsonb, '{"a": 2}'::pg_catalog.jsonb), public.jsonb_merge_patch('{"a": 1}'::pg_catalog.jsonb, '{"a": null}'::pg_catalog.jsonb),
	public.jsonb_diff('{"a": 1}'::pg_catalog.jsonb, '{"a": 2}'::pg_catalog.jsonb), public.jsonb_patch('{"a": 1}'::pg_catalog.jsonb, '[{"op": "remove", "path": "/a"}]'::pg_catalog.jsonb);
-- the language
SELECT public.c8ql_eval('1 + 1 == 2 && "a" IN ["a"] ? CONCAT("a", LENGTH([1])) : null'::public.docexpr), public.docexpr('{"a": 1}'::pg_catalog.jsonb);
SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 100 AS functions FROM public.c8ql_functions();
SELECT FROM public.c8ql('FOR d IN hc FILTER d.n >= 1 SORT d._key COLLECT n = d.n WITH COUNT INTO c RETURN {n, c, x: DOCUMENT("hc/a"), l: LENGTH(hc)}');
SELECT FROM public.c8ql('FOR i IN 1..3 UPSERT {n: i, m: {o: "p"}} INSERT {n: i, m: {o: "p"}} UPDATE {n: 0} IN hc RETURN NEW');
SELECT FROM public.c8ql_execute('UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE {n: 1} IN hc');
SELECT FROM public.c8ql_execute('REMOVE "a" IN hc');
SELECT FROM public.c8ql_explain('UPSERT {n: 1} INSERT {n: 1} UPDATE {n: 1} IN hc');
-- objects
SELECT FROM public.upsert_object('plain'::pg_catalog.regclass, '{"id": 1, "a": "x", "b": 1, "d": {"x": 1}}'::pg_catalog.jsonb);
SELECT FROM public.upsert_object('plain'::pg_catalog.regclass, '{"a": "x", "b": 2}'::pg_catalog.jsonb, 'any'::pg_catalog.text, '{"versionAttribute": "b"}'::pg_catalog.jsonb);
SELECT FROM public.upsert_object('plain'::pg_catalog.regclass, '{"id": 2, "e": "E", "b": 2}'::pg_catalog.jsonb, 'plain_expression'::pg_catalog.text);
SELECT FROM public.upsert_object('plain'::pg_catalog.regclass, '{"id": 2, "e": "e", "b": 3}'::pg_catalog.jsonb, 'plain_expression'::pg_catalog.text);
SELECT FROM public.upsert_object('plain'::pg_catalog.regclass, '{"b": 3, "id": 2}'::pg_catalog.jsonb, ARRAY['b']::pg_catalog.text[]);
SELECT FROM public.upsert_object('parted'::pg_catalog.regclass, '{"id": 2, "a": "b"}'::pg_catalog.jsonb, ARRAY['a']::pg_catalog.text[]);
SELECT FROM public.upsert_objects('parted'::pg_catalog.regclass, '[{"id": 1, "a": "b"}, {"id": 2, "a": "c"}]'::pg_catalog.jsonb);
SELECT FROM public.upsert_objects('parted'::pg_catalog.regclass, '[{"id": 1, "a": "d"}]'::pg_catalog.jsonb, ARRAY['id'::pg_catalog.text]);
SELECT FROM public.upsert_criteria('plain'::pg_catalog.regclass);
SELECT FROM public.object_schema('plain'::pg_catalog.regclass);
SELECT FROM public.object_schema('plain'::pg_catalog.regclass, ARRAY['id'::pg_catalog.text]);
-- the same where only SQL writes
SET LOCAL upsert.direct = off;
SELECT FROM public.upsert_many('hc'::pg_catalog.regclass, '[{"_key": "b", "n": 5}, {"_key": "y", "n": 2}]'::pg_catalog.jsonb);
SELECT FROM public.upsert_object('plain'::pg_catalog.regclass, '{"id": 2, "e": "e", "b": 4}'::pg_catalog.jsonb, 'plain_expression'::pg_catalog.text);
SELECT FROM public.upsert_object('plain'::pg_catalog.regclass, '{"id": 3, "e": "f", "b": 4, "a": "z"}'::pg_catalog.jsonb, 'any'::pg_catalog.text);
SELECT FROM public.upsert_object('plain'::pg_catalog.regclass, '{"b": 4, "d": {"x": 2}, "id": 4}'::pg_catalog.jsonb, ARRAY['d']::pg_catalog.text[]);
SELECT FROM public.upsert_note_key(1);
SELECT FROM public.c8ql_execute('REMOVE "y" IN hc');
SET LOCAL upsert.direct = on;
-- JSON-LD
SELECT public.jsonld_set_context('http://hostile/c', '{"@context": {"@vocab": "http://e/"}}'::pg_catalog.jsonb);
SELECT public.jsonld_expand('{"@context": "http://hostile/c", "a": 1}'::pg_catalog.jsonb), public.jsonld_compact('[{"http://e/a": 1}]'::pg_catalog.jsonb, '"http://hostile/c"'::pg_catalog.jsonb),
	public.jsonld_flatten('{"@context": "http://hostile/c", "a": 1}'::pg_catalog.jsonb), public.jsonld_to_rdf('{"@context": "http://hostile/c", "a": 1}'::pg_catalog.jsonb);
SELECT FROM public.jsonld_quads('{"@context": "http://hostile/c", "a": 1}'::pg_catalog.jsonb);
SELECT public.jsonld_from_rdf('<http://e/s> <http://e/p> "o" .');
SELECT public.jsonld_canonize('{"@context": "http://hostile/c", "a": 1}'::pg_catalog.jsonb);
SELECT public.jsonld_frame('{"@context": "http://hostile/c", "a": 1}'::pg_catalog.jsonb, '{"@context": "http://hostile/c", "a": {}}'::pg_catalog.jsonb);
SELECT pg_catalog.count(sha256) OPERATOR(pg_catalog.>) 0 AS contexts FROM public.jsonld_contexts;
SELECT public.jsonld_drop_context('http://hostile/c');
SELECT FROM public.jsonld_upsert('hc'::pg_catalog.regclass, '{"@id": "http://e/n", "http://e/p": 1}'::pg_catalog.jsonb);
-- ledgers
SELECT public.create_ledger('hl', '{"context": {"@vocab": "http://e/", "ex": "http://e/"}}'::pg_catalog.jsonb);
SELECT FROM public.ledger_insert('hl', '[{"@id": "ex:a", "n": 1, "s": "t", "l": {"@list": [1]}, "o": {"@id": "ex:b"}, "@type": "T"}, {"@id": "ex:b", "n": 2}, {"@id": "ex:g", "@graph": [{"@id": "ex:c", "n": 1}]}]'::pg_catalog.jsonb);
SELECT FROM public.ledger_upsert('hl', '{"@id": "ex:a", "n": 2}'::pg_catalog.jsonb);
SELECT FROM public.ledger_replace('hl', '{"@id": "ex:b", "n": 2, "m": 1}'::pg_catalog.jsonb);
SELECT public.ledger_get('hl', 'ex:a'), public.ledger_get('hl', 'ex:a', NULL, 1);
SELECT FROM public.ledger_flakes('hl');
SELECT FROM public.ledger_log('hl');
SELECT FROM public.ledger_nodes('hl', 1);
SELECT FROM public.ledger_diff('hl', 0, 1);
SELECT FROM public.ledger_state('hl', 1);
SELECT FROM public.ledger_export('hl');
SELECT public.ledger_import('hl', '<http://e/i> <http://e/n> "x" .') OPERATOR(pg_catalog.->) 't';
SELECT public.ledger_import_from('hl', 'SELECT ''<http://e/i> <http://e/n> "y" .''::pg_catalog.text') OPERATOR(pg_catalog.->) 't';
SELECT public.ledger_copy('hl', 'hl:then', 0), public.ledger_copy('hl', 'hl:all');
SELECT public.ledger_compact('hl:all', 1);
SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 2 AS ledgers FROM public.upsert_ledgers;
SELECT pg_catalog.count(*) FROM "hl:main_flakes";
SELECT FROM public.ledger_values('[1]'::pg_catalog.jsonb), public.ledger_members('{"a": 1}'::pg_catalog.jsonb);
-- AT Protocol
SELECT FROM public.create_record_store('hr', '{"refs": true}'::pg_catalog.jsonb);
SELECT public.at_put_lexicon('{"lexicon": 1, "id": "com.hostile.x", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "properties": {"n": {"type": "integer"}}}}}}'::pg_catalog.jsonb);
SELECT public.at_put_lexicon('{"lexicon": 1, "id": "com.hostile.x", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "properties": {}}}}}'::pg_catalog.jsonb);
SELECT FROM public.at_create_record('hr'::pg_catalog.regclass, 'did:plc:a', 'com.hostile.x', '{"n": 1}'::pg_catalog.jsonb, 'k');
SELECT FROM public.at_put_record('hr'::pg_catalog.regclass, 'did:plc:a', 'com.hostile.x', 'k', '{"n": 2}'::pg_catalog.jsonb);
SELECT FROM public.at_upsert_record('hr'::pg_catalog.regclass, 'did:plc:a', 'com.hostile.x', '{n: 1}'::public.docexpr, '{n: OLD.n + 1}'::public.docexpr, 'k');
SELECT FROM public.at_save_all('hr'::pg_catalog.regclass, 'did:plc:a', '[{"collection": "com.hostile.x", "record": {"n": 1}}]'::pg_catalog.jsonb);
SELECT FROM public.at_put_block('hr'::pg_catalog.regclass, 'did:plc:a', 'com.hostile.y', 'k', public.dag_cbor('{"$type": "com.hostile.y"}'::pg_catalog.jsonb));
-- an empty repository, did:plc:b at 3zzzzzzzzzzzz
SELECT FROM public.at_import_repo('hr'::pg_catalog.regclass, pg_catalog.decode('OqJlcm9vdHOB2CpYJQABcRIgZ1vY3RFKdZ2fActZrT83oqxBo3zZvzWNyrQVOMd/nRxndmVyc2lvbgGIAQFxEiBnW9jdEUp1nZ8By1mtPzeirEGjfNm/NY3KtBU4x3+dHKZjZGlkaWRpZDpwbGM6YmNyZXZtM3p6enp6enp6enp6emNzaWdBAGRkYXRh2CpYJQABcRIgnf7+Yd126j3K5QI4gLCDedV63yBILW/b4nWSifZHZ3tkcHJldvZndmVyc2lvbgMrAXESIJ3+/mHdduo9yuUCOICwg3nVet8gSC1v2+J1kon2R2d7omFlgGFs9g==', 'base64'));
SELECT FROM public.at_apply_events('hr'::pg_catalog.regclass, '[{"did": "did:plc:c", "time_us": 1, "kind": "commit", "commit": {"rev": "3222222222222", "operation": "create", "collection": "com.hostile.y", "rkey": "k", "record": {"subject": "did:plc:a"}}}, {"did": "did:plc:d", "time_us": 2, "kind": "account", "account": {"status": "deleted"}}]'::pg_catalog.jsonb, '{"consumer": "c"}'::pg_catalog.jsonb);
SELECT FROM public.at_apply_events_from('hr'::pg_catalog.regclass, 'SELECT ''{"did": "did:plc:c", "kind": "identity"}''::pg_catalog.jsonb');
SELECT FROM public.at_forget_tombstones('hr'::pg_catalog.regclass, '1 day'::pg_catalog.interval);
SELECT FROM public.at_list_records('hr'::pg_catalog.regclass, 'did:plc:c', 'com.hostile.y');
SELECT FROM public.at_backlinks('hr'::pg_catalog.regclass, 'did:plc:a');
SELECT FROM public.at_apply_writes('hr'::pg_catalog.regclass, 'did:plc:a', '[{"$type": "com.atproto.repo.applyWrites#delete", "collection": "com.hostile.x", "rkey": "k"}]'::pg_catalog.jsonb);
SELECT FROM public.at_get_record('hr'::pg_catalog.regclass, 'at://did:plc:a/com.hostile.x/k');
SELECT FROM public.at_delete_record('hr'::pg_catalog.regclass, 'at://did:plc:a/com.hostile.x/k');
SELECT public.at_validation_status('com.hostile.x', '{"$type": "com.hostile.x"}'::pg_catalog.jsonb), public.at_drop_lexicon('com.hostile.x');
SELECT public.at_is_valid('tid', public.at_tid()), public.at_tid_to_bigint('3jzfcijpj2z2a'), public.at_tid_from_bigint(1::pg_catalog.int8), public.at_tid_to_timestamptz('3jzfcijpj2z2a') IS NULL AS null, public.at_tid_from_timestamptz(pg_catalog.to_timestamp(1)),
	public.at_uri('did:plc:a', 'a.b.c', 'x'), public.at_uri_parts('at://did:plc:a/a.b.c/x');
SELECT public.dag_cbor_decode(public.dag_cbor('{"a": 1}'::pg_catalog.jsonb)), public.record_cid('{}'::pg_catalog.jsonb), public.blob_cid('\x00'::pg_catalog.bytea), public.mst_root('a/b', 'bafyreigsh6lnqnxl5us22hj5foozenrcklgiund2taysu5jij57w2cf5ai') IS NULL AS null;

-- ledger_update makes its SQL of what it is given: each operator and each function
CREATE FUNCTION public.hostile_update(txn pg_catalog.jsonb) RETURNS pg_catalog.jsonb LANGUAGE sql AS $$ SELECT public.ledger_update('hl', txn) OPERATOR(pg_catalog.->) 't' $$;
ALTER FUNCTION public.hostile_update(pg_catalog.jsonb) SET search_path = evil, public, pg_catalog;
RESET search_path;
SELECT pattern FROM unnest(ARRAY[
	'{"@id": "?s", "n": "?n"}',
	'{"@id": "ex:a", "?p": "?o"}',
	'{"@id": "ex:a", "?p": 1}',
	'{"@id": "?s", "?p": {"@id": "ex:b"}}',
	'{"@id": "ex:a", "@type": "?t", "o": {"@id": "?b", "n": "?n"}}',
	'{"@id": "?s", "l": {"@list": ["?i"]}}',
	'{"@id": "?s", "l": {"@list": [1]}}',
	'{"@id": "?s", "@reverse": {"o": {"@id": "?r"}}}',
	'["graph", "?g", {"@id": "?s", "n": "?n"}]',
	'["graph", "#txn-meta", {"@id": "?s", "https://ns.flur.ee/db#t": "?n"}]',
	'[{"@id": "?s", "n": "?n"}, ["optional", {"@id": "?s", "m": "?m"}], {"@id": "?t", "m": "?m"}]',
	'[{"@id": "?s", "n": "?n"}, ["union", {"@id": "?s", "m": "?m"}, {"@id": "?s", "s": "?m"}]]',
	'[{"@id": "?s", "n": "?n"}, ["minus", {"@id": "?s", "m": "?m"}]]',
	'[{"@id": "?s", "n": "?n"}, ["exists", {"@id": "?s", "m": "?m"}], ["not-exists", {"@id": "?s", "s": "?m"}]]',
	'[{"@id": "?s", "n": "?n"}, ["values", ["?n", [1, 2]]]]',
	'[["unwind", "?i", "(range 1 2)"], {"@id": "?s", "n": "?n"}]',
	'["query", {"select": ["?n", "(as (count ?s) ?c)"], "where": {"@id": "?s", "n": "?n"}, "groupBy": "?n", "having": "(> (count ?s) 0)", "orderBy": ["(desc ?n)"], "limit": 1}]',
	'["query", {"selectDistinct": ["?n"], "where": {"@id": "?s", "n": "?n"}, "orderBy": "?n", "offset": 1}]'
	]::jsonb[]) AS pattern, hostile_update(jsonb_build_object('where', pattern, 'insert', '{"@id": "?s", "seen": 1}'::jsonb));
SELECT count(hostile_update(jsonb_build_object('from', f, 'where', '{"@id": "?s", "n": "?n", "o": {"n": 2}}'::jsonb, 'insert', '{"@id": "?s", "seen": "?n"}'::jsonb)))
	FROM unnest(ARRAY['["hl", "ex:g"]', '"hl@t:1"', '["hl@t:1", {"@id": "hl", "t": 1, "graph": "ex:g"}]']::jsonb[]) AS f;
SELECT count(hostile_update(jsonb_build_object('@context', jsonb_build_object('@vocab', 'http://e/', 'ex', 'http://e/', 'path', jsonb_build_object('@path', path)), 'where', "where", 'insert', '{"@id": "?s", "seen": 1}'::jsonb)))
	FROM unnest(ARRAY['<http://e/o>', '^<http://e/o>', '(<http://e/o>/<http://e/n>)?', '(<http://e/o>|^<http://e/o>)+', '<http://e/o>*', '^@type/@type']) AS path,
	unnest(ARRAY['{"@id": "ex:a", "path": "?s"}', '{"@id": "?s", "path": {"@id": "ex:b"}}', '{"@id": "?s", "path": "?o"}', '["graph", "?g", {"@id": "?s", "path": "?o"}]']::jsonb[]) AS "where";
SELECT hostile_update('{"fromNamed": ["ex:g", "ex:h"], "where": ["graph", "?g", {"@id": "?s", "n": "?n"}], "insert": {"@id": "?s", "seen": "?n"}}') IS NOT NULL AS named;
SELECT hostile_update('{"where": {"@id": "?s", "n": "?n"}, "delete": {"@id": "?s", "n": "?n"}, "insert": {"@id": "?s", "n": 8}}') IS NOT NULL AS deleted;
SELECT count(hostile_update(jsonb_build_object('where', jsonb_build_array('{"@id": "?s", "s": "?t", "l": "?l"}'::jsonb, '{"@id": "?s", "n": "?n"}'::jsonb, jsonb_build_array('bind', '?x', e)), 'insert', '{"@id": "ex:x", "x": "?x"}'::jsonb))) AS expressions
	FROM unnest(ARRAY['(+ ?n 1)', '(- ?n 1)', '(- ?n)', '(* ?n 2)', '(/ ?n 2)', '(abs ?n)', '(ceil ?n)', '(floor ?n)', '(round ?n)', '(= ?n ?t)', '(!= ?n ?t)', '(< ?n ?t)', '(<= ?n 2)', '(> ?t "a")', '(>= ?t ?t)', '(= ?t "a")', '(= true ?t)',
	'(size (range 1 ?n))', '(size (range 1 ?n 2))', '(size (list ?n ?t))', '(size ?l)', '(head ?l)', '(last ?l)', '(nth ?l 0)', '(rand)', '(uuid)', '(struuid)', '(in ?n [1 2 8])', '(not-in ?t ["t" "u"])', '(and true (> ?n 1))', '(or false (> ?n 1))', '(not true)', '(if (> ?n 1) "y" ?n)', '(coalesce ?z ?n)', '(bound ?n)',
	'(str ?n)', '(lcase ?t)', '(ucase ?t)', '(strlen ?t)', '(contains ?t "t")', '(strStarts ?t "t")', '(strEnds ?t "t")', '(strBefore ?t "t")', '(strAfter ?t "t")', '(subStr ?t 1)', '(subStr ?t 1 1)', '(concat ?t ?n "x")', '(encodeForUri ?t)',
	'(regex ?t "t")', '(regex ?t "T" "i")', '(replace ?t "t" "$0u")', '(md5 ?t)', '(sha256 ?t)', '(sha384 ?t)', '(sha512 ?t)', '(now)', '(year (now))', '(month (now))', '(day (now))', '(hours (now))', '(minutes (now))', '(seconds (now))', '(tz (now))',
	'(lang ?t)', '(langMatches (lang ?t) "*")', '(datatype ?t)', '(datatype ?n)', '(isIRI ?s)', '(isBlank ?s)', '(isLiteral ?t)', '(isNumeric ?n)', '(sameTerm ?t ?n)', '(iri (concat "http://e/" ?t))', '(strDt ?t (iri "http://e/d"))', '(strLang ?t "en")']) e;
SELECT count(hostile_update(jsonb_build_object('where', jsonb_build_array('query', jsonb_build_object('select', jsonb_build_array(format('(as (%s) ?x)', a)), 'where', '{"@id": "?s", "n": "?n"}'::jsonb)), 'insert', '{"@id": "ex:x", "x": "?x"}'::jsonb))) AS aggregates
	FROM unnest(ARRAY['count ?n', 'count *', 'count-distinct ?n', 'sum ?n', 'avg ?n', 'min ?n', 'max ?n', 'sample ?n', 'variance ?n', 'stddev ?n', 'groupConcat ?n', 'groupConcat ?n "-"']) a;
SET LOCAL search_path = evil, public, pg_catalog;
SELECT FROM public.ledger_delete('hl', 'ex:a');
SELECT public.drop_ledger('hl');
RESET search_path;

-- what was not called
SELECT p.oid::regprocedure AS uncalled FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'upsert' AND d.deptype = 'e'
WHERE p.prokind NOT IN ('a', 'p') AND p.provolatile <> 'i' AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'internal') AND NOT EXISTS (SELECT FROM pg_stat_xact_user_functions AS s WHERE s.funcid = p.oid AND s.calls > 0)
AND NOT EXISTS (SELECT FROM pg_type AS t WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend))
AND NOT EXISTS (SELECT FROM pg_aggregate AS a WHERE p.oid IN (a.aggtransfn, a.aggfinalfn))
ORDER BY p.oid::regprocedure::text COLLATE "C";
ROLLBACK;
-- what cannot run in a transaction block
SELECT FROM public.create_collection('hi');
SET search_path = evil, public, pg_catalog;
CALL public.upsert_import('hi'::pg_catalog.regclass, 'VALUES (''{"_key": "a"}''::pg_catalog.text), (''{"_key": "b/c"}'');', '{"errorTable": "public.hi_errors", "resumeKey": "x", "batchSize": 1}'::pg_catalog.jsonb);
SELECT state, inserted, failed FROM public.upsert_progress WHERE collection OPERATOR(pg_catalog.=) 'hi'::pg_catalog.regclass;
RESET search_path;
DROP TABLE hi, hi_errors;
DROP TABLE plain, parted;
DROP SCHEMA evil CASCADE;
