-- upsert(): modes, preconditions, answers; every illegal document and key.
\set SHOW_CONTEXT never
SELECT create_collection('docs');
-- revisions are times: show them as "is it another one?"
CREATE FUNCTION shown(d jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT d - '_rev' - '_id' $$;
CREATE FUNCTION rev(k text) RETURNS text LANGUAGE sql AS $$ SELECT _rev FROM docs WHERE _key = k $$;

-- insert, merge, replace, and nothing to do
SELECT action, key, length(rev) AS rev, old, new ->> '_id' AS id, new ->> '_rev' = rev AS rev_shown, shown(new) AS new
  FROM upsert('docs', '{"_key": "a", "name": "Ann", "tags": [1, 2], "address": {"city": "Oslo", "zip": "0150"}}');
SELECT action, shown(old) AS old, shown(new) AS new, old ->> '_rev' < new ->> '_rev' AS newer, rev = new ->> '_rev' AS same
  FROM upsert('docs', '{"_key": "a", "tags": [3], "address": {"zip": "0151"}, "age": 30}');
SELECT action, old = new AS same, rev = rev('a') AS rev_kept FROM upsert('docs', '{"_key": "a", "age": 30, "address": {"city": "Oslo"}}');
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "a", "name": "Ann", "address": {"zip": "1"}}', '{"mode": "replace"}');
SELECT action FROM upsert('docs', '{"_key": "a", "address": {"zip": "1"}, "name": "Ann"}', '{"mode": "replace"}');
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "a"}');
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "a"}', '{"mode": "replace"}');
-- what was sent as _id and _rev is not stored, and cannot change anything
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "a", "_id": "docs/a", "_rev": "x", "v": 1}');
SELECT doc FROM docs WHERE _key = 'a';

-- mode nothing
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "a", "v": 2}', '{"mode": "nothing"}');
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "n", "v": 2, "x": null}', '{"mode": "nothing"}');

-- null: stored, removed, removed by RFC 7396; the same for a new document
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "k1", "a": 1, "n": null, "o": {"p": 1, "q": null}}');
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "k1", "a": null, "o": {"p": null}}');
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "k1", "a": null, "o": {"p": null, "new": {"x": null, "y": 1}}, "arr": [null]}', '{"keepNull": false}');
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "k2", "a": null, "o": {"p": null, "y": 1}, "arr": [null, {"z": null}]}', '{"keepNull": false}');
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "k1", "n": null, "o": {"q": null, "z": {"deep": null}}}', '{"mode": "mergePatch"}');
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "k3", "n": null, "o": {"q": null, "z": {"deep": null}}}', '{"mode": "mergePatch"}');
-- objects replaced whole
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "k2", "o": {"other": 1}}', '{"mergeObjects": false}');

-- ifRev
SELECT action FROM upsert('docs', jsonb_build_object('_key', 'a', 'v', 10), jsonb_build_object('ifRev', rev('a')));
\set VERBOSITY sqlstate
SELECT action FROM upsert('docs', '{"_key": "a", "v": 11}', '{"ifRev": "2222222222222"}');
SELECT action FROM upsert('docs', '{"_key": "a", "v": 10}', '{"ifRev": "2222222222222"}');
SELECT action FROM upsert('docs', '{"_key": "absent", "v": 11}', '{"ifRev": "2222222222222"}');
SELECT action FROM upsert('docs', '{"_key": "a", "v": 11}', '{"ifRev": null}');
SELECT action FROM upsert('docs', '{"_key": "b", "v": 11}', '{"ifRev": null}');
SELECT action FROM upsert('docs', '{"v": 12}', '{"ifRev": null}');
-- ignoreRevs: the document's own _rev
SELECT action FROM upsert('docs', '{"_key": "a", "v": 12, "_rev": "nope"}', '{"ignoreRevs": false}');
SELECT action FROM upsert('docs', '{"_key": "a", "v": 12, "_rev": 7}', '{"ignoreRevs": false}');
SELECT action FROM upsert('docs', '{"_key": "a", "v": 12, "_rev": "nope"}', '{"ignoreRevs": true}');
SELECT action FROM upsert('docs', '{"_key": "a", "v": 13}', '{"ignoreRevs": false}');
SELECT action FROM upsert('docs', jsonb_build_object('_key', 'a', 'v', 14, '_rev', rev('a')), '{"ignoreRevs": false}');
SELECT action FROM upsert('docs', '{"_key": "fresh", "v": 1, "_rev": "nope"}', '{"ignoreRevs": false}');
\set VERBOSITY default
SELECT action FROM upsert('docs', '{"_key": "a", "v": 11}', '{"ifRev": "2222222222222", "ignoreErrors": true}');
SELECT doc FROM docs WHERE _key = 'a';

-- the revision only rises, also past one from the future
UPDATE docs SET _rev = 'azzzzzzzzzzzz' WHERE _key = 'a';
SELECT action, rev > 'azzzzzzzzzzzz' AS greater FROM upsert('docs', '{"_key": "a", "v": 15}');
UPDATE docs SET _rev = 'not a tid' WHERE _key = 'a';
SELECT action, length(rev) FROM upsert('docs', '{"_key": "a", "v": 16}');

-- versionAttribute: only a greater number is news
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "ver", "seq": 5, "x": "five"}', '{"versionAttribute": "seq"}');
SELECT action, shown(old) AS old, shown(new) AS new FROM upsert('docs', '{"_key": "ver", "seq": 4, "x": "four"}', '{"versionAttribute": "seq"}');
SELECT action FROM upsert('docs', '{"_key": "ver", "seq": 5, "x": "five again"}', '{"versionAttribute": "seq"}');
SELECT action FROM upsert('docs', '{"_key": "ver", "seq": 5.0, "x": "five again"}', '{"versionAttribute": "seq"}');
SELECT action FROM upsert('docs', '{"_key": "ver", "x": "none"}', '{"versionAttribute": "seq"}');
SELECT action FROM upsert('docs', '{"_key": "ver", "seq": "6"}', '{"versionAttribute": "seq"}');
SELECT action FROM upsert('docs', '{"_key": "ver", "seq": 6}', '{"versionAttribute": "seq"}');
SELECT action FROM upsert('docs', '{"_key": "ver", "other": 1}', '{"versionAttribute": "other"}');
SELECT doc FROM docs WHERE _key = 'ver';

-- what is returned
SELECT r, action, key, rev IS NOT NULL AS rev, shown(old) AS old, CASE WHEN r = 'diff' THEN new ELSE shown(new) END AS new
  FROM unnest(ARRAY['both', 'new', 'old', 'key', 'none', 'diff']) WITH ORDINALITY AS o (r, i),
       upsert('docs', jsonb_build_object('_key', 'ret', 'i', i), jsonb_build_object('return', r));
SELECT new FROM upsert('docs', '{"_key": "ret", "i": 6}', '{"return": "diff"}');

-- dry run: the same answer, and nothing else
SELECT action, shown(old) AS old, shown(new) AS new FROM upsert('docs', '{"_key": "ret", "i": 7}', '{"dryRun": true}');
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "dry", "i": 7}', '{"dryRun": true}');
SELECT action, key IS NOT NULL AS key FROM upsert('docs', '{"i": 7}', '{"dryRun": true}');
\set VERBOSITY sqlstate
SELECT action FROM upsert('docs', '{"_key": "ret", "i": 7}', '{"dryRun": true, "ifRev": null}');
\set VERBOSITY default
SELECT count(*) FROM docs WHERE _key = 'dry' OR doc = '{"i": 7}';

-- generated keys
SELECT action, length(key), key = new ->> '_key' AS shown, rev > key AS later FROM upsert('docs', '{"x": 1}');
SELECT count(DISTINCT key) FROM (SELECT (upsert('docs', '{"gen": 1}')).key FROM generate_series(1, 50)) g;

-- operators
SELECT shown('docs'::regclass |+ '{"_key": "op", "a": {"b": 1}}') AS merged;
SELECT shown('docs'::regclass |+ '{"_key": "op", "a": {"c": 2}}') AS merged;
SELECT shown('docs'::regclass |= '{"_key": "op", "a": {"d": 3}}') AS replaced;
SELECT shown('docs'::regclass |= '{"_key": "op", "a": {"d": 3}}') AS unchanged;
SELECT 'docs'::regclass |+ '[]';
SELECT 'docs'::regclass |+ NULL;

-- keys
SELECT action, key FROM upsert('docs', '{"_key": "_-:.@()+,=;$!*''%Az09"}');
SELECT action, length(key) FROM upsert('docs', jsonb_build_object('_key', repeat('x', 254)));
\set VERBOSITY terse
SELECT upsert('docs', jsonb_build_object('_key', repeat('x', 255)));
SELECT upsert('docs', '{"_key": ""}');
SELECT upsert('docs', '{"_key": "a/b"}');
SELECT upsert('docs', '{"_key": "a b"}');
SELECT upsert('docs', '{"_key": "a\"b"}');
SELECT upsert('docs', '{"_key": "a\\b"}');
SELECT upsert('docs', '{"_key": "a#b"}');
SELECT upsert('docs', '{"_key": "a\nb"}');
SELECT upsert('docs', '{"_key": "é"}');
SELECT upsert('docs', '{"_key": 1}');
SELECT upsert('docs', '{"_key": null}');
SELECT upsert('docs', '{"_key": true}');
SELECT upsert('docs', '{"_key": []}');
SELECT upsert('docs', '{"_key": {"a": 1}}');

-- _id names the document, too
\set VERBOSITY default
SELECT action, key, shown(new) AS new FROM upsert('docs', '{"_id": "docs/byid", "n": 1}');
SELECT action, key, shown(new) AS new FROM upsert('docs', '{"_id": "byid", "m": 2}');
SELECT action, new ->> '_id' AS id FROM upsert('docs', (SELECT new FROM upsert('docs', '{"_key": "byid"}')));
SELECT ord, action, key, error ->> 'detail' AS detail FROM upsert_many('docs', '[{"_id": "docs/i1"}, {"_id": "docs/i1", "n": 1}, {"_id": "edges/i1"}, {"_key": "i1"}]', '{"ignoreErrors": true}');
SELECT * FROM upsert_load('docs', '[{"_id": "docs/i1", "n": 2}, {"_key": "i1", "n": 3}]', '{"duplicates": "last"}');
SELECT * FROM upsert_from('docs', $$VALUES ('{"_id": "docs/i1", "n": 4}'::jsonb), ('{"_key": "i1", "n": 5}')$$, '{"duplicates": "first"}');
SELECT doc FROM docs WHERE _key = 'i1';
SELECT upsert('docs', '{"_id": "edges/byid"}');
SELECT upsert('docs', '{"_id": "docs/byid", "_key": "other"}');
\set VERBOSITY terse
SELECT upsert('docs', '{"_id": "docs/"}');
SELECT upsert('docs', '{"_id": "/byid"}');
SELECT upsert('docs', '{"_id": "docs/a/b"}');
SELECT upsert('docs', '{"_id": ""}');
SELECT upsert('docs', '{"_id": "public.docs/byid"}');
SELECT upsert('docs', '{"_id": null, "_key": "byid"}');
SELECT upsert('docs', '{"_id": 5}');
SELECT upsert('docs', '{"_id": ["docs/byid"]}');
SELECT 'docs'::regclass |+ '{"_id": "edges/byid"}';
-- a table of numbers, and one with a slash in its name; queries ignore what they copy
CREATE TABLE "id/s" (id int PRIMARY KEY, doc jsonb);
SELECT action, new FROM upsert('"id/s"', '{"_id": "id/s/5", "n": 1}');
SELECT action, new FROM upsert('"id/s"', '{"_id": "5", "_key": 5, "n": 1}');
SELECT upsert('"id/s"', '{"_id": "s/5"}');
SELECT upsert('"id/s"', '{"_id": "id/s/x"}');
SELECT action, key = 'byid' AS key FROM upsert_by('docs', '{copied: 1}', '{_id: "edges/byid", copied: 1}', '{}');
SELECT c8ql('FOR d IN docs FILTER d._key == "byid" INSERT MERGE(d, {_key: "copy"}) INTO docs RETURN NEW._id');
DROP TABLE "id/s";

-- documents that are none
SELECT upsert('docs', '[]');
SELECT upsert('docs', '[{"_key": "a"}]');
SELECT upsert('docs', '"a"');
SELECT upsert('docs', 'null');
SELECT upsert('docs', '1');
SELECT upsert('docs', NULL);

-- nested to the limit of the stack, and past it
SELECT action FROM upsert('docs', ('{"_key": "deep", "a": ' || repeat('[', 1000) || repeat(']', 1000) || '}')::jsonb);
SELECT action FROM upsert('docs', ('{"_key": "deep", "a": ' || repeat('{"a":', 2000) || '1' || repeat('}', 2000) || '}')::jsonb);
SELECT action FROM upsert('docs', ('{"_key": "deep", "a": ' || repeat('{"a":', 2000) || '2' || repeat('}', 2000) || '}')::jsonb);

-- a large document goes out of line and comes back
SELECT action FROM upsert('docs', jsonb_build_object('_key', 'big', 'pad', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 3000) i)));
SELECT action, length(new ->> 'pad') FROM upsert('docs', '{"_key": "big", "small": 1}');
SELECT action FROM upsert('docs', '{"_key": "big", "small": 1}');

-- edges
SELECT create_collection('edges', '{"type": "edge"}');
SELECT action FROM upsert('edges', '{"_key": "e", "_from": "docs/a", "_to": "docs/b", "w": 1}');
SELECT action, shown(new) AS new FROM upsert('edges', '{"_key": "e", "_to": "docs/c"}');
SELECT _from, _to FROM edges;
\set VERBOSITY default
SELECT action FROM upsert('edges', '{"_key": "f", "_from": "docs/a"}');
SELECT action FROM upsert('edges', '{"_key": "f", "_from": "docs", "_to": "docs/b"}');
\set VERBOSITY sqlstate
SELECT action FROM upsert('edges', '{"_key": "f", "_from": "docs/a", "_to": 5}');
SELECT action FROM upsert('edges', '{"_key": "f", "_from": "docs/", "_to": "docs/a"}');
SELECT action FROM upsert('edges', '{"_key": "f", "_from": "/a", "_to": "docs/a"}');
SELECT action FROM upsert('edges', '{"_key": "f", "_from": "a/b/c", "_to": "docs/a"}');
SELECT action FROM upsert('edges', '{"_key": "e", "w": 2}', '{"mode": "replace"}');
SELECT action FROM upsert('edges', '{"_key": "e", "_from": null}', '{"keepNull": false}');
-- in a document collection they are ordinary attributes
SELECT action, shown(new) AS new FROM upsert('docs', '{"_key": "from", "_from": 1, "_to": null}');
\set VERBOSITY default
SELECT _key, doc FROM edges ORDER BY _key;

DROP TABLE docs, edges;
DROP FUNCTION shown, rev;
