-- upsert_object: a row that was read can be sent back whole
\set SHOW_CONTEXT never
CREATE EXTENSION hstore;
CREATE DOMAIN pairs AS hstore CHECK (value ? 'k');
CREATE TABLE whole (id int PRIMARY KEY, h hstore, d pairs, a int[], n numeric[], t text[], o oid, f float8, day date, r int4range, x xid, n2 int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO whole VALUES
	(1, 'a=>1, "b c"=>NULL, "q\"u\\o"=>"x\"\\y", e=>""', 'k=>v', '[2:4]={1,NULL,3}', '[0:1]={1.50,2}', '[-1:0][5:6]={{a,b},{c,NULL}}',
		4294967295, 'NaN', '0044-03-15 BC', '[1,5)', '7'),
	(2, '', 'k=>NULL', '{}', NULL, '{}', 0, '-Infinity', 'infinity', 'empty', '1');
SELECT (upsert_object('whole', to_jsonb(w))).action FROM whole w ORDER BY id;
CREATE TABLE again (LIKE whole INCLUDING ALL);
SELECT (upsert_object('again', to_jsonb(w))).action FROM whole w ORDER BY id;
SELECT count(*) FROM whole w JOIN again ag ON to_jsonb(w) = to_jsonb(ag);
-- what differs is written, bounds and all
SELECT action, new->'a' AS a, new->'n' AS n, new->'h' AS h FROM upsert_object('whole', '{"id": 1, "a": [1, null, 4], "n": [1.5, 2], "h": {"z": 1, "t": true, "o": {"p": "\""}}}');
SELECT a, n FROM whole WHERE id = 1;
SELECT h = 'z=>1, t=>true, o=>"{\"p\": \"\\\"\"}"' AS h FROM whole WHERE id = 1;
SELECT action FROM upsert_object('whole', '{"id": 1, "h": "z=>2"}');
SELECT action FROM upsert_object('whole', '{"id": 1, "h": [1]}');
SELECT action FROM upsert_object('whole', '{"id": 1, "d": {"l": "v"}}');
-- the schema admits what is shown
CREATE DOMAIN grid AS int[][];
ALTER TABLE whole ADD m int[][], ADD g grid, ADD at timestamptz, ADD hs pairs[];
SELECT key, value FROM jsonb_each(object_schema('whole') -> 'properties') WHERE key <> ALL ('{id,n2,t,x,r}') ORDER BY key COLLATE "C";
DROP TABLE whole, again;
DROP DOMAIN grid;
DROP DOMAIN pairs;
DROP EXTENSION hstore;
