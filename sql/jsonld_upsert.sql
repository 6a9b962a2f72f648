-- A JSON-LD document into a collection.
SELECT create_collection('things');
SELECT ord, action, key, new - '_rev' - '_id' AS new FROM jsonld_upsert('things', '{
	"@context": {"ex": "http://e/", "knows": {"@id": "ex:knows", "@type": "@id"}},
	"@graph": [{"@id": "ex:a b%2F", "ex:n": 0}]}', '{"ignoreErrors": true}');
SELECT ord, action, key, new - '_rev' - '_id' AS new FROM jsonld_upsert('things', '{
	"@context": {"ex": "http://e/", "knows": {"@id": "ex:knows", "@type": "@id"}},
	"@graph": [{"@id": "ex:a", "@type": "ex:T", "ex:n": [1, 2], "knows": "ex:b", "ex:o": {"ex:x": 1}}, {"@id": "ex:b%2F", "ex:n": 3}]}');
-- per predicate; the same again is nothing
SELECT action, key, new->'http://e/n' AS n, new ? 'http://e/knows' AS knows FROM jsonld_upsert('things', '{"@id": "http://e/a", "http://e/n": 5, "http://e/m": null}');
SELECT action, key FROM jsonld_upsert('things', '{"@id": "http://e/a", "http://e/n": 5}');
SELECT action, key FROM jsonld_upsert('things', '[{"@id": "http://e/z", "http://e/n": 5}, {"@id": "http://e/a", "http://e/n": 6}]', '{"dryRun": true}');
SELECT count(*) FROM jsonld_upsert('things', '[]');
\set VERBOSITY sqlstate
SELECT * FROM jsonld_upsert('things', '1');
SELECT * FROM jsonld_upsert('things', '{"@id": "ex:a", "http://e/n": 1}');
SELECT * FROM jsonld_upsert('things', '{"@id": "a", "http://e/n": 1}');
SELECT * FROM jsonld_upsert('things', jsonb_build_object('@id', 'http://e/' || repeat('x', 300), 'http://e/n', 1));
SELECT * FROM jsonld_upsert('things', '{"@id": "http://g", "@graph": [{"@id": "http://e/a", "http://e/n": 1}]}');
SELECT * FROM jsonld_upsert('things', '{"@id": "http://e/a", "http://e/n": 1}', '{"mode": "replace"}');
SELECT * FROM jsonld_upsert('things', '{"@id": "http://e/a", "http://e/n": 1}', '{"nosuch": 1}');
SELECT * FROM jsonld_upsert('things', '{"@id": "http://e/a", "http://e/n": 1}', '{"ifRev": "x"}');
\set VERBOSITY default
DROP TABLE things;
