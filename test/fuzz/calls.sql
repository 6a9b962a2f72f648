-- Every function of the extension, from pg_proc, with arguments made at random:
-- right ones, wrong ones, huge, nested, NULL, infinite, Unicode, empty.
-- Whatever is called ends, within the time of a statement or by its cancel,
-- with an answer or an error of the contract: no class XX or 58, no lost
-- connection.  Ten calls a round, each a statement of its own; call(N) makes
-- its arguments from the seed and N alone.
\pset tuples_only on
\set QUIET on
SET client_min_messages = error;
CREATE EXTENSION upsert;
DROP ROLE IF EXISTS calls_role;
CREATE ROLE calls_role;
CREATE TABLE seeds AS SELECT :seed::float8 AS seed;

CREATE FUNCTION setup() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DROP TABLE IF EXISTS fc, fe, fu, ft, fp, fo CASCADE;
	DROP DOMAIN IF EXISTS fd CASCADE;
	DROP TYPE IF EXISTS fk CASCADE;
	PERFORM create_collection('fc'), create_collection('fe', '{"type": "edge"}'), create_collection('fu', '{"unique": ["a"]}');
	PERFORM upsert_load('fc', '[{"_key": "a", "n": 1, "o": {"p": [1, {"q": 2}]}}, {"_key": "b", "n": null, "l": ["x", "y"]}, {"_key": "k", "s": "text"}]');
	PERFORM upsert('fe', '{"_key": "e", "_from": "fc/a", "_to": "fc/b"}'), upsert('fu', '{"_key": "u", "a": 1}');
	CREATE DOMAIN fd AS text CHECK (length(VALUE) < 20);
	CREATE TYPE fk AS (x int, y fd);
	CREATE TABLE ft (id int PRIMARY KEY, t text UNIQUE, n numeric(10, 2), d fd, a int[], c fk, j jsonb, ts timestamptz DEFAULT now(), r int4range, b bytea, g int GENERATED ALWAYS AS (id + 1) STORED, _rev text);
	INSERT INTO ft (id, t) VALUES (1, 'one'), (2, 'two');
	CREATE TABLE fp (id int PRIMARY KEY, doc jsonb) PARTITION BY RANGE (id);
	CREATE TABLE fp1 PARTITION OF fp FOR VALUES FROM (0) TO (10);
	CREATE TABLE fo (k uuid DEFAULT gen_random_uuid() PRIMARY KEY, doc jsonb NOT NULL DEFAULT '{}');
	CREATE VIEW fv AS SELECT id, t, n FROM ft WHERE id < 100;
	CREATE MATERIALIZED VIEW fm AS SELECT * FROM ft;
	IF to_regclass('fr') IS NULL THEN
		PERFORM create_record_store('fr');
		PERFORM at_put_record('fr', 'did:plc:ewvi7nxzyoun6zhxrhs64oiz', 'com.example.a', 'k1', '{"$type": "com.example.a", "n": 1}');
		PERFORM at_put_lexicon('{"lexicon": 1, "id": "com.example.lex", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 1}, "s": {"type": "string", "maxGraphemes": 3}}}}}}');
		PERFORM jsonld_set_context('https://example.org/ctx', '{"@context": {"@vocab": "https://example.org/", "p": {"@type": "@id"}}}');
		PERFORM create_record_store('fmirror', '{"refs": true, "opaque": true}');
		PERFORM create_ledger('fl');
		PERFORM ledger_insert('fl', '{"@context": {"ex": "http://example.org/"}, "@id": "ex:a", "ex:p": [1, "x", {"@id": "ex:b"}]}');
	END IF;
	GRANT SELECT ON fc, ft TO calls_role;
	GRANT INSERT (id, t), UPDATE (t) ON ft TO calls_role;
END $$;

CREATE FUNCTION at_random(list text[]) RETURNS text LANGUAGE sql VOLATILE AS
	'SELECT list[1 + floor(random() * cardinality(list))::int]';
CREATE FUNCTION words() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY['', ' ', 'a', 'b', 'k', 'fc', 'ft', 'fl', 'fr', 'fc/a', 'zz', 'any', 'n', 't', 'id', 'é', '💩', U&'\0301', 'ﬀ', 'İ', U&'\FFFF', U&'\202E', 'a b', '"', '''', '\', '/', '%s', '%n', '$1', '@', '~1', '/a/0', '/-', 'NaN', 'Infinity', '1e400', '-0',
		'null', '[]', '{}', '0', '-1', '9223372036854775808', '_key', '_rev', '_id', '@id', '@type', '@context', '@graph', '_:b0', 'ex:a', 'http://example.org/a', 'https://example.org/ctx', 'did:plc:ewvi7nxzyoun6zhxrhs64oiz', 'com.example.a', 'com.example.lex',
		'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.example.a/k1', '3jzfcijpj2z2a', '2222222222222', 'zzzzzzzzzzzzz', 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a', 'handle', 'datetime', 'nsid', 'tid', 'cid', 'language', 'uri', 'draft-07', '2020-12', 'insert',
		'2024-02-30T00:00:00Z', 'pg_catalog.pg_class', 'ft_pkey', 'ft_t_key', 'schema', repeat('x', 300), repeat('ab/', 5000), repeat('💩', 3000), repeat('[', 2000)] $$;

-- the text of a JSON value
CREATE FUNCTION make_json(depth int) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	what float8 := random();
	out text := '';
BEGIN
	IF depth <= 0 OR what < 0.45 THEN
		RETURN CASE floor(random() * 9)::int
			WHEN 0 THEN 'null' WHEN 1 THEN 'true' WHEN 2 THEN 'false'
			WHEN 3 THEN at_random(ARRAY['0', '-0', '1', '-1', '1.0', '1.50', '1e400', '-1e-400', '9223372036854775807', '9223372036854775808', '2147483648', '0.1', '1e20000', '123456789012345678901234567890'])
			WHEN 4 THEN floor(random() * 100)::text
			ELSE to_json(at_random(words()))::text END;
	ELSIF what < 0.5 THEN
		-- deep, or wide
		RETURN CASE floor(random() * 3)::int WHEN 0 THEN repeat('[', 900) || '1' || repeat(']', 900) WHEN 1 THEN repeat('{"a":', 900) || '1' || repeat('}', 900)
			ELSE '[' || rtrim(repeat('1,', 2000), ',') || ']' END;
	ELSIF what < 0.65 THEN
		FOR i IN 1..floor(random() * 5)::int LOOP
			out := out || ',' || make_json(depth - 1);
		END LOOP;
		RETURN '[' || ltrim(out, ',') || ']';
	END IF;
	FOR i IN 1..floor(random() * 5)::int LOOP
		out := out || ',' || to_json(at_random(words()))::text || ':' || make_json(depth - 1);
	END LOOP;
	RETURN '{' || ltrim(out, ',') || '}';
END $$;

-- options by their names, of all doors
CREATE FUNCTION make_options() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	out text := '';
	name text;
BEGIN
	FOR i IN 1..floor(random() * 4)::int LOOP
		name := at_random(ARRAY['mode', 'keepNull', 'mergeObjects', 'ignoreRevs', 'ifRev', 'mustExist', 'ignoreChanges', 'by', 'versionAttribute', 'ignoreErrors', 'duplicates', 'multiple', 'exclusive', 'waitForSync', 'dryRun', 'return', 'idempotencyKey',
			'failOnWarning', 'fullCount', 'accessAfterWrite', 'ifNotExists', 'unlogged', 'type', 'unique', 'nulls', 'context', 'graph', 'history', 'base', 'processingMode', 'ordered', 'compactArrays', 'expandContext', 'format', 'algorithm', 'useNativeTypes', 'rdfDirection',
			'validate', 'swapRecord', 'swapCommit', 'rkey', 'collection', 'maxDepth', 'frozen', 'limit', 'produceGeneralizedRdf', 'omitGraph', 'extractAllScripts',
			'resumeKey', 'errorTable', 'batchSize', 'batchBytes', 'columns', 'jsonNull', 'uniqueProperties', 'message', 'author', 'strictCompactIri', 'index', 'depth', 'frame', 'at', 'embed', 'explicit', 'requireAll', 'omitDefault', 'hashAlgorithm', 'useRdfType', 'compactToRelative',
			'consumer', 'refs', 'opaque', 'force', 'missingBind', 'sameRkey', 'cursor', 'reverse', 'swap', 'maxBytes', 'graphs', 'metadata', 'allowDiskUse', 'unknown option']);
		out := out || ',' || to_json(name)::text || ':' || CASE WHEN random() < 0.5 THEN at_random(ARRAY['true', 'false'])
			WHEN random() < 0.4 THEN at_random(ARRAY['"update"', '"replace"', '"mergePatch"', '"nothing"', '"first"', '"last"', '"error"', '"apply"', '"both"', '"new"', '"old"', '"key"', '"none"', '"diff"', '"n"', '["n"]', '["_key"]', '"a"', 'null', '"edge"', '"delete"', '0', '1', '"1"', '"report"', '"SHA-384"', '"@once"', '"values"', '["http://example.org/p"]', '["t", "n"]', '"2026-01-01T00:00:00Z"', '1000000000', '-1', '"fc"', '"absent"', '"at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.example.a/k1"'])
			ELSE make_json(1) END;
	END LOOP;
	RETURN '{' || ltrim(out, ',') || '}';
END $$;

CREATE FUNCTION make_document() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT at_random(ARRAY[
		'{"_key": "a", "n": 2}', '{"_key": "new", "n": 2, "o": {"p": null}}', '{"n": 1}', '{"_id": "fc/a"}', '{"_key": "e2", "_from": "fc/a", "_to": "fc/b"}', '{"_key": "u2", "a": 1}', '{"id": 1, "t": "x", "n": 1.005, "d": "dom", "a": [1, null], "c": {"x": 1, "y": "z"}, "j": [], "ts": "infinity", "r": "[1,)", "b": "\\x00"}',
		'{"id": 3, "t": "two"}', '{"id": 2147483648}', '{"id": 1, "d": "longer than twenty characters, by far"}', '{"id": "1", "a": [[1], [2, 3]], "c": "(1,2)"}', '{"$type": "com.example.lex", "n": 1, "s": "abcd"}', '{"$type": "com.example.a", "n": {"$bytes": "AA"}, "l": {"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}}',
		'[{"_key": "a", "n": 2}, {"_key": "a", "n": 3}, {"n": 1}, 5, null]', '[{"id": 1, "t": "two"}, {"id": 2, "t": "one"}, {}]', '[{"op": "replace", "path": "/o/p", "value": 1}, {"op": "move", "from": "/n", "path": "/m"}, {"op": "test", "path": "/m", "value": 1}]', '[{"op": "add", "path": "/-", "value": [1]}]',
		'{"@context": {"ex": "http://example.org/", "c": {"@id": "ex:c", "@container": ["@graph", "@id"]}}, "@id": "ex:a", "ex:p": {"@list": [1, [2]]}, "c": {"ex:g": {"ex:q": {"@value": "v", "@language": "en"}}}}', '{"@context": "https://example.org/ctx", "p": "x", "@reverse": {"p": {"@id": "y"}}}', '{"@context": [null, {"@version": 1.1, "@import": "https://example.org/ctx", "@propagate": false}], "a": "b"}',
		'{"@context": {"ex": "http://example.org/"}, "where": [{"@id": "?s", "ex:p": "?o"}, ["optional", {"@id": "?o", "ex:q": "?x"}]], "delete": {"@id": "?s", "ex:p": "?o"}, "insert": {"@id": "?s", "ex:p": 2}}', '{"where": [["filter", "(> ?o 1)"], {"@id": "?s", "?p": "?o"}], "insert": []}', '{"writes": []}',
		'[{"$type": "com.atproto.repo.applyWrites#create", "collection": "com.example.a", "value": {"$type": "com.example.a"}}, {"$type": "com.atproto.repo.applyWrites#delete", "collection": "com.example.a", "rkey": "k1"}]', '{"subject": "_:b0"}', '{"a": 1, "OLD": {"n": 1}, "@c": "fc", "list": [1, 2]}']) $$;

CREATE FUNCTION make_statement() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT at_random(ARRAY['FOR d IN fc SORT d.n RETURN d', 'UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE {n: OLD.n + 1} IN fc RETURN NEW', 'FOR i IN 1..50 UPSERT {n: i} INSERT {n: i} UPDATE {n: i} IN fc OPTIONS {ignoreErrors: true}', 'FOR i IN 1..1000000000 RETURN i', 'RETURN REPEAT("x", 1000000000)', 'LET a = (FOR i IN 1..100 FOR j IN 1..100 FOR k IN 1..1000 RETURN 1) RETURN LENGTH(a)',
		'RETURN 1..10000000', 'FOR d IN fv RETURN d', 'REMOVE "a" IN fc', 'RETURN @a', 'FOR x IN @@c COLLECT t = x.n INTO g RETURN {t, g}', 'RETURN REGEX_TEST(REPEAT("a", 60), "(a*)*b")', 'RETURN DOCUMENT(["fc/a", "fe/e", null, 1])', 'SELECT 1', 'FOR i IN 1..3 INSERT {_key: CONCAT("q", i)} IN fc INSERT {a: i} IN fu RETURN [OLD, NEW]', 'RETURN DATE_ADD(DATE_NOW(), "P1000000Y")',
		'SELECT doc FROM fc', 'SELECT to_jsonb(g) FROM generate_series(1, 5) g', 'DELETE FROM fc RETURNING doc', 'SELECT 1::int', 'TABLE ft', repeat('(', 3000) || '1' || repeat(')', 3000), 'RETURN ' || repeat('-', 5000) || '1', 'RETURN [' || repeat('1,', 3000) || '1]', 'RETURN ' || repeat('[', 5000), '<http://a> <http://b> "c"@en .', '_:a <http://b> _:c _:d .' || E'\n' || '_:c <http://b> _:a .', '<a> <b> <c> .', make_json(2)]) $$;

CREATE FUNCTION make_expression() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT at_random(ARRAY['{_key: "a"}', '{n: 1}', 'FILTER CURRENT.n > 0', '{_key: "new", n: 1}', '{n: OLD.n + 1}', '{l: (FOR x IN fc SORT x.n RETURN x.n)}', 'OLD', '{}', '[]', '1/0', 'FAIL("no")', 'NEW.a[* RETURN CURRENT]', '@a', '{_key: @k}', '{"$type": "com.example.a", n: OLD.n + 1}', 'LENGTH(fc)', 'REPEAT("y", 100000)', 'RANGE(1, 1000000)', 'SLEEP(1)', make_json(2)]) $$;

-- an argument that this function might like; '?': nothing known
CREATE FUNCTION make_right(f text, type text, name text) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT quote_nullable(at_random(CASE
		WHEN name = 'options' THEN array_fill('{}'::text, ARRAY[30]) || ARRAY['{"dryRun": true}', '{"ignoreErrors": true}', '{"return": "diff"}', '{"mode": "replace"}', '{"keepNull": false}', '{"duplicates": "last"}', '{"exclusive": true}', '{"versionAttribute": "n"}', '{"ignoreChanges": ["n"]}', '{"mustExist": true}', '{"validate": true}', '{"accessAfterWrite": true}']
		WHEN name = 'ledger' OR f = 'drop_ledger' THEN ARRAY['fl']
		WHEN name = 'bind' THEN ARRAY['{}', '{"a": 1}', '{"k": "a"}', '{"OLD": {"n": 1}, "a": [1]}']
		WHEN name = 'store' THEN ARRAY['fr', 'fr', 'fmirror']
		WHEN name = 'target' AND type = 'regclass' THEN ARRAY['ft', 'ft', 'fp', 'fo', 'fv', CASE WHEN f = 'upsert_view' THEN 'fc' ELSE 'fu' END]
		WHEN name = 'collection' AND type = 'regclass' THEN ARRAY['fc', 'fc', 'fc', 'fu', 'fe', 'fp', 'fo']
		WHEN name = 'collection' OR name = 'nsid' THEN ARRAY['com.example.a', 'com.example.lex']
		WHEN name = 'repo' THEN ARRAY['did:plc:ewvi7nxzyoun6zhxrhs64oiz', 'did:web:example.com']
		WHEN name = 'rkey' THEN ARRAY['k1', 'k2', 'self']
		WHEN name = 'uri' THEN ARRAY['at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.example.a/k1', 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.example.a/none']
		WHEN name = 'record' THEN ARRAY['{"$type": "com.example.a", "n": 2}', '{"$type": "com.example.lex", "n": 1}', '{"n": 0, "$type": "com.example.lex"}']
		WHEN name = 'records' THEN ARRAY['[{"$type": "com.example.a", "n": 2}, {"$type": "com.example.lex", "n": 1}]', '[{"uri": "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.example.a/k1", "value": {"$type": "com.example.a", "n": 5}}]', '[]']
		WHEN name = 'writes' THEN ARRAY['[{"$type": "com.atproto.repo.applyWrites#create", "collection": "com.example.a", "value": {"$type": "com.example.a"}}, {"$type": "com.atproto.repo.applyWrites#delete", "collection": "com.example.a", "rkey": "k1"}]',
			'[{"$type": "com.atproto.repo.applyWrites#update", "collection": "com.example.a", "rkey": "k1", "value": {"$type": "com.example.a", "n": 7}}]']
		WHEN name = 'events' THEN ARRAY['[{"did": "did:plc:m", "time_us": 1, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2a", "operation": "create", "collection": "com.example.a", "rkey": "1", "record": {"$type": "com.example.a", "subject": "at://did:plc:p/a.b.post/1"}}}, {"did": "did:plc:m", "time_us": 3, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2c", "operation": "delete", "collection": "com.example.a", "rkey": "1"}}]',
			'[{"did": "did:plc:m", "time_us": 5, "kind": "identity", "identity": {}}, {"did": "did:plc:m", "time_us": 6, "kind": "account", "account": {"active": false, "status": "deleted"}}, {"did": "did:plc:n", "time_us": 7, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2d", "operation": "update", "collection": "com.example.lex", "rkey": "x", "record": {"$type": "com.example.lex", "n": 0}}}]',
			'[{"did": "did:plc:m", "time_us": 9, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2e", "operation": "create", "collection": "com.example.a", "rkey": "b", "cid": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a", "block": {"$bytes": "oWEhYWE"}}}]', '[]', '[null]', '[{"kind": "commit"}, {"did": 1}]']
		WHEN name = 'block' THEN ARRAY['\xa165247479706565612e622e63', '\xa0', '\xa1']
		WHEN name = 'car' THEN ARRAY['\x', '\x3aa265726f6f747381d82a58250001711220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8556776657273696f6e01', '\x11a265726f6f7473806776657273696f6e01', '\xffffffffffffffffff01', '\x0aa16776657273696f6e01']
		WHEN name = 'key' AND f ~ '_document$' THEN ARRAY['a', 'b', 'k', 'none', '1']
		WHEN name = 'patch' AND f ~ '^(patch_document|jsonb_patch)$' THEN ARRAY['[{"op": "add", "path": "/n", "value": [1]}]', '[{"op": "test", "path": "/_key", "value": "a"}, {"op": "remove", "path": "/n"}]', '[{"op": "move", "from": "/o/p", "path": "/p"}, {"op": "copy", "from": "/p", "path": "/o/q/-"}]', '[{"op": "replace", "path": "", "value": {}}]', '[]']
		WHEN name = 'frame' THEN ARRAY['{}', '{"@context": {"@vocab": "http://example.org/"}, "@type": "T", "p": {"@embed": "@never"}}', '{"@id": "http://example.org/a", "@explicit": true, "http://example.org/p": {"@default": "d"}}', '{"@context": "https://example.org/ctx", "@reverse": {"p": {}}}']
		WHEN name = 'older_than' THEN ARRAY['0', '1 day', '-1 day', '178000000 years', '-178000000 years', '1 mon -1 us']
		WHEN name = 'new_name' THEN ARRAY['copied', 'fl', 'fl:copy', 'a:b:c']
		WHEN name IN ('t', 't1', 't2', 'from_t', 'to_t', 'before_t') THEN ARRAY['0', '1', '2', NULL]
		WHEN name = 'target' AND type = 'text' THEN ARRAY['at://did:plc:p/a.b.post/1', 'did:plc:p', 'x']
		WHEN name = 'action' THEN ARRAY['create', 'update', 'upsert']
		WHEN name = 'lexicon' THEN ARRAY['{"lexicon": 1, "id": "com.example.b", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "properties": {"r": {"type": "ref", "ref": "#o"}}}}, "o": {"type": "object", "properties": {"r": {"type": "ref", "ref": "#o"}}}}}']
		WHEN name = 'docs' THEN ARRAY['[{"_key": "a", "n": 2}, {"_key": "a", "n": 3}, {"n": 1}]', '[{"_key": "u2", "a": 1}, {"_key": "u3", "a": 1}]', '[{"_key": "1"}, {"_key": "2", "x": 1}]', '[{"_key": "e9", "_from": "a/b", "_to": "c/d"}]', '[]']
		WHEN name = 'doc' AND f ~ '^upsert' THEN ARRAY['{"_key": "a", "n": 2}', '{"_key": "9", "a": 1}', '{"n": 1, "_from": "a/b", "_to": "c/d"}', '{"_key": "a", "n": 1, "o": {"p": [1, {"q": 2}]}}']
		WHEN name = 'doc' AND f ~ '^jsonld' THEN ARRAY['{"@context": {"ex": "http://example.org/", "c": {"@id": "ex:c", "@container": ["@graph", "@id"]}}, "@id": "ex:a", "ex:p": {"@list": [1, [2]]}, "c": {"ex:g": {"ex:q": {"@value": "v", "@language": "en"}}}}', '{"@context": "https://example.org/ctx", "@id": "x", "p": "y"}', '[{"@id": "http://x/y", "http://x/p": [1.5, {"@id": "_:b"}]}, {"@id": "_:b", "@type": "http://x/T"}]']
		WHEN name = 'object' THEN ARRAY['{"id": 1, "t": "x", "n": 1.005, "d": "dom", "a": [1, null], "c": {"x": 1, "y": "z"}, "j": [], "ts": "infinity", "r": "[1,)", "b": "\\x00"}', '{"id": 3, "t": "two"}', '{"id": 7, "doc": {"a": 1}}', '{"doc": {}}', '{"id": 2, "t": "two"}']
		WHEN name = 'objects' THEN ARRAY['[{"id": 1, "t": "two"}, {"id": 2, "t": "three"}]', '[{"id": 4, "t": "a"}, {"id": 4, "t": "b"}, {"id": 5}]', '[{"id": 3, "doc": {"x": 1}}]', '[]']
		WHEN name = 'criteria' AND type = 'text' THEN ARRAY['ft_pkey', 'ft_t_key', 'any', 'fp_pkey']
		WHEN name = 'search' THEN ARRAY['{_key: "a"}', '{n: 1}', 'FILTER CURRENT.n > 0', '{a: 1}']
		WHEN name = 'insert' THEN ARRAY['{_key: "a"}', '{n: 1}', '{"$type": "com.example.a", n: 1}', '{a: 1}']
		WHEN name = 'replace' OR f = 'upsert_by' AND name = 'update' AND random() < 0.1 THEN ARRAY[NULL]
		WHEN name = 'update' THEN ARRAY['{n: OLD.n + 1}', '{}', '{l: (FOR x IN fc SORT x.n RETURN x.n)}', '{"$type": "com.example.a", n: OLD.n + 1}']
		WHEN name = 'query' AND f = 'upsert_from' THEN ARRAY['SELECT doc || jsonb_build_object(''_key'', _key) FROM fc', 'SELECT jsonb_build_object(''_key'', g::text, ''n'', g) FROM generate_series(1, 5) g', 'SELECT doc FROM fu FOR UPDATE']
		WHEN name = 'query' AND f = 'upsert_import' THEN ARRAY['SELECT jsonb_build_object(''_key'', g::text) FROM generate_series(1, 5) g', 'SELECT 1']
		WHEN name = 'query' AND f = 'at_apply_events_from' THEN ARRAY['SELECT jsonb_build_object(''did'', ''did:plc:q'' || g % 3, ''time_us'', g, ''kind'', ''commit'', ''commit'', jsonb_build_object(''rev'', at_tid_from_bigint(1780000000000000000 + g), ''operation'', ''create'', ''collection'', ''com.example.a'', ''rkey'', ''r'' || g % 7, ''record'', jsonb_build_object(''$type'', ''com.example.a'', ''n'', g))) FROM generate_series(1, 50) g', 'SELECT ''{}''::jsonb', 'SELECT NULL::jsonb']
		WHEN name = 'query' AND f = 'ledger_import_from' THEN ARRAY['SELECT format(''<http://s/%s> <http://p> "%s" .'', g % 5, g) FROM generate_series(1, 20) g', 'SELECT ''_:a <http://p> _:b <http://g> .''', 'SELECT NULL::text', 'SELECT ledger_export(''fl'')']
		WHEN name = 'query' THEN ARRAY['FOR v, e, p IN 1..2 ANY "fc/a" fe RETURN p', 'FOR d IN fc WINDOW {preceding: 1} AGGREGATE s = SUM(d.n) RETURN s', 'FOR d IN fc FILTER d.n > 0 SORT d.n LIMIT 1 RETURN d', 'FOR d IN fc SORT d.n RETURN d', 'UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE {n: OLD.n + 1} IN fc RETURN NEW', 'FOR i IN 1..5 UPSERT {n: i} INSERT {n: i} UPDATE {n: i} IN fc OPTIONS {ignoreErrors: true}', 'REMOVE "a" IN fc', 'FOR i IN 1..3 INSERT {_key: CONCAT("q", i)} IN fc INSERT {a: i} IN fu RETURN [OLD, NEW]', 'RETURN @a']
		WHEN name = 'txn' AND f = 'ledger_update' THEN ARRAY['{"@context": {"ex": "http://example.org/"}, "where": [{"@id": "?s", "ex:p": "?o"}, ["optional", {"@id": "?o", "ex:q": "?x"}]], "delete": {"@id": "?s", "ex:p": "?o"}, "insert": {"@id": "?s", "ex:p": 2}}', '{"@context": {"ex": "http://example.org/"}, "where": [{"@id": "?s", "?p": "?o"}, ["filter", "(> ?o 0)"]], "insert": {"@id": "?s", "ex:n": "?o"}}']
		WHEN name = 'txn' THEN ARRAY['{"@context": {"ex": "http://example.org/"}, "@id": "ex:a", "ex:p": [1, "y", {"ex:q": 1}]}', '[{"@id": "http://x/y", "http://x/p": 1.5}, {"@id": "http://x/z", "@type": "http://x/T"}]', '{"@context": "https://example.org/ctx", "@id": "x", "p": "y"}']
		WHEN name = 'iri' THEN ARRAY['http://example.org/a', 'http://example.org/b', 'https://example.org/ctx']
		WHEN name = 'document' OR name = 'context' THEN ARRAY['{"@context": {"ex": "http://example.org/"}}', '{"@context": {"@vocab": "http://v/", "p": {"@type": "@id"}}}']
		WHEN name = 'nquads' THEN ARRAY['<http://a/a> <http://a/b> "c"@en .', E'_:a <http://a/b> _:c .\n_:c <http://a/b> _:a .', '<http://a/a> <http://a/b> "1"^^<http://www.w3.org/2001/XMLSchema#integer> <http://a/g> .', '']
		WHEN name = 'path' THEN ARRAY['com.example.a/k1', 'com.example.a/k2', 'com.example.b/k1']
		WHEN name = 'cid' THEN ARRAY['bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a']
		WHEN name = 'tid' THEN ARRAY['3jzfcijpj2z2a', '2222222222222']
		WHEN name = 'format' THEN ARRAY['handle', 'datetime', 'nsid', 'tid', 'cid', 'language', 'uri', 'did', 'at-uri', 'record-key', 'at-identifier']
		WHEN name = 'name' THEN ARRAY['made', 'Made', 'public.made']
		WHEN name = 'graph' THEN ARRAY['http://g/1']
		WHEN true THEN ARRAY['?'] END)) || '::' || type $$;

-- one argument, as SQL
CREATE FUNCTION make_argument(f text, type regtype, name text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	json text;
	made text;
BEGIN
	IF random() < 0.85 THEN
		made := make_right(regexp_replace(f, '^.*\.', ''), type::text, name);
	END IF;
	IF made !~ '^''[?]''' THEN
		RETURN made;
	END IF;
	IF random() < 0.06 THEN
		RETURN 'NULL';
	END IF;
	CASE type::text
		WHEN 'jsonb' THEN
			json := CASE WHEN name = 'options' AND random() < 0.85 THEN make_options() WHEN random() < 0.6 THEN make_document() ELSE make_json(4) END;
			RETURN quote_literal(json) || '::jsonb';
		WHEN 'text', 'cstring' THEN
			RETURN quote_literal(CASE WHEN name = 'query' OR random() < 0.15 THEN make_statement() WHEN random() < 0.15 THEN make_json(3) ELSE at_random(words()) END) || '::' || type;
		WHEN 'text[]' THEN
			RETURN at_random(ARRAY['''{}''', '''{id}''', '''{t}''', '''{id,t}''', '''{id,NULL}''', '''{{id,t},{n,a}}''', '''{_rev}''', '''{nix}''', '''[0:0]={id}''']) || '::text[]';
		WHEN 'docexpr' THEN
			RETURN quote_literal(make_expression()) || '::docexpr';
		WHEN 'regclass' THEN
			RETURN at_random(ARRAY['''fc''', '''fc''', '''fc''', '''fe''', '''fu''', '''ft''', '''ft''', '''fp''', '''fp1''', '''fo''', '''fv''', '''fm''', '''fr''', '''fr_repos''', '''fmirror''', '''upsert_answers''', '''upsert_progress''', '''fl:main''', '''pg_class''', '''ft_pkey''', '0', '4294967295', '''seeds''', '''jsonld_contexts''', '''information_schema.tables''']) || '::regclass';
		WHEN 'bigint', 'integer' THEN
			RETURN at_random(ARRAY['0', '1', '-1', '2147483647', '''-2147483648''', '1000', CASE WHEN type = 'bigint'::regtype THEN '9223372036854775807' ELSE '7' END, CASE WHEN type = 'bigint'::regtype THEN '''-9223372036854775808''' ELSE '8' END]) || '::' || type;
		WHEN 'boolean' THEN
			RETURN at_random(ARRAY['true', 'false']);
		WHEN 'timestamp with time zone' THEN
			RETURN at_random(ARRAY['now()', '''infinity''', '''-infinity''', '''4713-01-01 BC''', '''294276-12-31''', '''epoch''', '''1969-12-31 23:59:59.999999Z''']) || '::timestamptz';
		WHEN 'interval' THEN
			RETURN at_random(ARRAY['''0''', '''1 day''', '''-1 day''', '''178000000 years''', '''-178000000 years''']) || '::interval';
		WHEN 'bytea' THEN
			RETURN at_random(ARRAY['''''', '''\x00''', '''\xa0''', '''\xf97e00''', '''\xfb7ff0000000000000''', '''\xd82a58250001711220''', '''\x9b7fffffffffffffff''', 'dag_cbor(''{"a": [1, "x"]}'')', 'decode(repeat(''81'', 100000), ''hex'')', 'decode(md5(random()::text), ''hex'')', 'sha256(''x'')']) || '::bytea';
		WHEN '"any"' THEN
			RETURN at_random(ARRAY['1', '''x''::text', 'now()', 'NULL::int[]', '''{1,2}''::int[]', 'ROW(1, 2)', '''fc''::regclass', '''{}''::jsonb', '1.5', '''x''']);
		ELSE
			RETURN at_random(ARRAY['NULL', 'NULL', '''x''']);
	END CASE;
END $$;

CREATE TABLE callable AS
	SELECT p.oid::regproc::text AS name, p.prokind, p.proargtypes::regtype[] AS types, p.proargnames AS names, p.pronargs AS n, p.pronargdefaults AS defaults, row_number() OVER (ORDER BY p.oid) AS id
	FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'upsert';

CREATE FUNCTION make_call() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	f callable;
	args text := '';
	n int;
BEGIN
	SELECT * INTO f FROM callable WHERE id = (SELECT 1 + floor(random() * count(*))::int FROM callable);
	IF f.id IS NULL THEN
		RETURN 'SELECT 1';
	END IF;
	n := f.n - CASE WHEN random() < 0.3 THEN floor(random() * (f.defaults + 1))::int ELSE 0 END;
	FOR i IN 0..n - 1 LOOP
		args := args || ', ' || make_argument(f.name, f.types[i], coalesce(f.names[i + 1], ''));
	END LOOP;
	args := substr(args, 3);
	IF f.prokind = 'p' THEN
		RETURN format('CALL %s(%s)', f.name, args);
	ELSIF f.prokind = 'a' THEN
		RETURN format('SELECT %s(%s) FROM generate_series(1, %s)', f.name, args, floor(random() * 3));
	ELSIF random() < 0.2 THEN
		RETURN format('SELECT %s(%s) FROM generate_series(1, 2)', f.name, args);
	END IF;
	RETURN format('SELECT * FROM %s(%s) LIMIT 20', f.name, args);
END $$;

-- what went wrong
CREATE FUNCTION call(n int, show bool DEFAULT false) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	q text;
	context text;
BEGIN
	PERFORM setseed((seed + n * 0.6180339887498949) - floor(seed + n * 0.6180339887498949)) FROM seeds;
	IF n % 97 = 0 OR to_regclass('fc') IS NULL OR to_regclass('ft') IS NULL OR to_regclass('fr') IS NULL THEN
		PERFORM setup();
	END IF;
	q := make_call();
	IF show THEN
		RETURN NEXT q;
		RETURN;
	END IF;
	PERFORM set_config('upsert.direct', at_random(ARRAY['on', 'off']), true);
	IF random() < 0.1 THEN
		SET LOCAL ROLE calls_role;
	END IF;
	BEGIN
		EXECUTE q;
		-- most leave nothing behind
		IF random() < 0.95 OR q ~ 'drop_|create_|put_lexicon|upsert_view|ledger_copy' THEN
			RAISE EXCEPTION USING ERRCODE = 'U0000';
		END IF;
	EXCEPTION
		WHEN query_canceled THEN
			-- the time limit has ended it, and that is all we ask
			NULL;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
			IF SQLSTATE ~ '^(XX|58)' OR SQLERRM ~ 'cache lookup failed' THEN
				RETURN NEXT format('%s %s: call(%s): %s %s', SQLSTATE, SQLERRM, n, left(q, 2000), left(context, 300));
			END IF;
	END;
	RESET ROLE;
	IF clock_timestamp() - now() > interval '20s' THEN
		RETURN NEXT format('deaf to its cancel for %s: call(%s): %s', clock_timestamp() - now(), n, left(q, 2000));
	END IF;
END $$;

SELECT setup() \g /dev/null
SET statement_timeout = '3s';
SELECT format('SELECT call(%s)', i) FROM generate_series(1, :rounds * 10) i \gexec
RESET statement_timeout;
DROP OWNED BY calls_role;
DROP ROLE calls_role;
