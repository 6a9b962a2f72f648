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
SELECT * FROM upsert_on_shard('t', 102008, '[{"_key": "a"}]', '{"places": [1]}');
SELECT * FROM upsert_on_shard('t', 102008, '{"_key": "a"}', '{}');
SELECT * FROM upsert_on_shard('t', 102008, 'no json', '{}');
SELECT * FROM upsert_on_shard('t', 102008, '[{"_key": "a"}]', '{"places": ["x"]}');
SELECT * FROM upsert_on_shard('t', 102008, '[{"_key": "a"}]', '{"nope": true}');
SELECT count(*) FROM t;

DROP SCHEMA distributed CASCADE;
