-- Option "nulls": what null, [] and an empty @list mean.
SELECT create_ledger('n', '{"context": {"@vocab": "http://e/", "label": {"@container": "@language"}, "list": {"@container": "@list"},
	"data": {"@type": "@json"}, "knows": {"@type": "@id"}, "idx": {"@container": "@index"}}}');
CREATE FUNCTION receipt(r jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT format('t=%s +%s -%s %s', r->'t', r->'asserted', r->'retracted', r#>>'{nodes,0,action}')
$$;
SELECT receipt(ledger_upsert('n', '{"@id": "http://x", "@type": "T", "a": 1, "b": [1, 2], "label": {"en": "x"}, "list": [1, 2], "data": null, "knows": "http://y", "idx": {"k": "v"}}'));
-- a JSON literal that is null is a value
SELECT doc->'http://e/data' AS data FROM "n:main";

-- ignore: as if they were not there
SELECT receipt(ledger_upsert('n', '{"@id": "http://x", "a": null, "b": [], "label": {"en": null}, "list": [], "knows": {"@set": []}, "idx": [null], "c": 1}'));
SELECT receipt(ledger_upsert('n', '{"@id": "http://x", "a": null, "c": 1}', '{"nulls": "ignore"}'));

-- error
\set VERBOSITY sqlstate
SELECT ledger_upsert('n', '{"@id": "http://x", "a": null}', '{"nulls": "error"}');
SELECT ledger_upsert('n', '{"@id": "http://x", "a": []}', '{"nulls": "error"}');
SELECT ledger_upsert('n', '{"@id": "http://x", "list": []}', '{"nulls": "error"}');
SELECT ledger_insert('n', '{"@id": "http://x", "a": null, "b": 1}', '{"nulls": "error"}');
SELECT ledger_replace('n', '{"@id": "http://x", "a": [null], "b": 1}', '{"nulls": "error"}');
-- nothing else in the payload
SELECT ledger_upsert('n', '{"@id": "http://x", "a": null}');
SELECT ledger_upsert('n', '{"@id": "http://x", "a": []}');
SELECT ledger_upsert('n', '{"@id": "http://x", "list": {"@list": []}}');
SELECT ledger_upsert('n', '{"@graph": [{"@id": "http://x", "a": {"@value": null}}]}');
SELECT ledger_upsert('n', '{}');
SELECT ledger_upsert('n', '[]');
-- an insert retracts nothing
SELECT ledger_insert('n', '{"@id": "http://x", "a": null}', '{"nulls": "delete"}');
\set VERBOSITY default

-- delete
SELECT receipt(ledger_upsert('n', '{"@id": "http://x", "a": null, "label": {"en": null}, "nosuch": null}', '{"nulls": "delete"}'));
SELECT receipt(ledger_upsert('n', '{"@id": "http://x", "b": [], "list": {"@list": []}, "knows": [null]}', '{"nulls": "delete"}'));
SELECT doc FROM "n:main";
SELECT receipt(ledger_upsert('n', '{"@id": "http://x", "b": []}', '{"nulls": "delete"}'));
-- a null beside a value adds nothing
SELECT receipt(ledger_upsert('n', '{"@id": "http://x", "b": [null, 5, null]}', '{"nulls": "delete"}'));
-- types too; what has nothing left is gone
SELECT receipt(ledger_upsert('n', '{"@id": "http://x", "@type": [], "b": null, "c": null, "idx": null, "data": 1}', '{"nulls": "delete"}'));
SELECT receipt(ledger_replace('n', '{"@id": "http://x", "b": null}', '{"nulls": "delete"}'));
SELECT count(*) FROM "n:main";
SELECT receipt(ledger_upsert('n', '{"@id": "http://z", "b": null}', '{"nulls": "delete"}'));
SELECT drop_ledger('n');
DROP FUNCTION receipt(jsonb);
