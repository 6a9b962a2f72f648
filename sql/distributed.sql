-- Collections on several nodes: what is said where Citus is not.
-- (What Citus does with them: test/t/090_citus.pl.)
CREATE SCHEMA distributed;
SET search_path = distributed, public;
SELECT create_collection('t', '{"shards": 4}');
SELECT create_collection('t', '{"colocateWith": "orders"}');
SELECT create_collection('t', '{"reference": true}');
SELECT create_record_store('t', '{"shards": 4}');
SELECT create_record_store('t', '{"shards": 0}');
SELECT to_regclass('t');
SELECT upsert_share_registries();

-- what cannot be had, with it or without
SELECT create_collection('t', '{"shards": 4, "reference": true}');
SELECT create_collection('t', '{"colocateWith": "orders", "reference": true}');
SELECT create_collection('t', '{"shards": 4, "unique": ["email"]}');
SELECT create_collection('t', '{"colocateWith": "orders", "unique": ["email"]}');
SELECT create_collection('t', '{"shards": 0}');
SELECT create_collection('t', '{"shards": 1.5}');
SELECT create_collection('t', '{"shards": "4"}');
SELECT create_collection('t', '{"reference": 1}');
SELECT create_collection('t', '{"colocateWith": null}');

-- nothing is asked for
SELECT create_collection('t', '{"reference": false}');
DO $$ BEGIN PERFORM create_collection('u', '{"shards": 4}'); EXCEPTION WHEN feature_not_supported THEN RAISE NOTICE '%', SQLSTATE; END $$;


-- what other nodes call: there is nothing to be done here
CREATE FUNCTION head() RETURNS text LANGUAGE sql AS $$
	SELECT '#' || pg_char_to_encoding(getdatabaseencoding()) || ':#0:#0:' $$;
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:O1:4:_keys1:a', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:O1:4:_keys1:a#2:o0:s1:b', '{}');
SELECT * FROM upsert_on_shard('t', 102008, '#99:#0:#0:#1:O1:4:_keys1:a', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head(), '{}');
SELECT * FROM upsert_on_shard('t', 102008, '', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:a0:', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:-', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '[{"_key": "a"}]', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:O2:4:_key1:bs1:as1:a', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:O1:4:_keys2:a', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:O999999999:4:_keys1:a', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:a99999999999999999:n', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:o0:s1:a', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:O1:4:_keydNaN;', '{}');
SELECT * FROM upsert_on_shard('t', 102008, head() || '#1:O1:4:_keyd1.2.3;', '{}');
SELECT * FROM upsert_on_shard('t', 102008, '#1:O1:4:_keys1:a', '{"nope": true}');
-- cut off anywhere, and with any character spoilt, it is read or refused
CREATE FUNCTION try(docs text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM upsert_on_shard('t', 102008, head() || docs, '{}');
	RETURN 'read';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT try('#1:' || repeat('a1:', 100000) || 'n');
SELECT try(left(whole, i)) = 'read' AS read, array_agg(DISTINCT try(left(whole, i)))
FROM (VALUES ('#1:O4:1:a1:b1:c4:_keys1:xd-1.50;a5:ntfO0:O2:1:x2:yyd0;d123456789012345678901;s3:abc#22:o0:no1:s1:"nns1:a')) w (whole),
	generate_series(0, length(whole)) i GROUP BY 1 ORDER BY 1;
SELECT array_agg(DISTINCT try(overlay(whole placing c from i)))
FROM (VALUES ('#1:O4:1:a1:b1:c4:_keys1:xd-1.50;a5:ntfO0:O2:1:x2:yyd0;d123456789012345678901;s3:abc#22:o0:no1:s1:"nns1:a')) w (whole),
	generate_series(1, length(whole)) i, unnest('{n,f,s,d,a,o,O,r,-,#,0,1,9,:,;,.,x}'::text[]) c;
SELECT count(*) FROM t;

DROP SCHEMA distributed CASCADE;
