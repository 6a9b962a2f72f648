-- One document by its key: get_document(), delete_document(), patch_document().
\set SHOW_CONTEXT never
SELECT create_collection('verbs');
CREATE FUNCTION shown(d jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT d - '_rev' $$;
CREATE FUNCTION rev(k text) RETURNS text LANGUAGE sql AS $$ SELECT _rev FROM verbs WHERE _key = k $$;
SELECT count(*) FROM upsert_many('verbs', '[{"_key": "a", "n": 1, "tags": ["x"]}, {"_key": "b"}, {"_key": "c", "n": 3}]');

-- get: as it is shown, or null
SELECT shown(get_document('verbs', 'a')), get_document('verbs', 'a') ->> '_rev' = rev('a') AS rev;
SELECT get_document('verbs', 'absent') AS absent, get_document('verbs', 'no/key') AS no_key, get_document('verbs', '') AS empty,
	get_document('verbs', NULL) AS no_argument, get_document(NULL, 'a') AS no_collection;
SELECT action FROM upsert('verbs', get_document('verbs', 'a'));
CREATE TABLE verbs_int (id int PRIMARY KEY, body jsonb);
INSERT INTO verbs_int VALUES (5, '{"x": 1}'), (6, NULL), (7, '[1]');
SELECT get_document('verbs_int', '5'), get_document('verbs_int', '6'), get_document('verbs_int', '7'), get_document('verbs_int', '99999999999');
SELECT get_document('pg_class', '5');
CREATE VIEW verbs_view AS SELECT _key, doc FROM verbs WHERE doc ? 'n';
SELECT get_document('verbs_view', 'a'), get_document('verbs_view', 'b');

-- delete
SELECT action, key, rev IS NOT NULL AS rev, shown(old) AS old, new FROM delete_document('verbs', 'c', '{"dryRun": true}');
SELECT action, key, rev IS NOT NULL AS rev, shown(old) AS old, new FROM delete_document('verbs', 'c');
SELECT action, key, rev, old, new FROM delete_document('verbs', 'c');
SELECT action, key, rev, old, new FROM delete_document('verbs', 'c', '{"dryRun": true, "return": "key"}');
SELECT action FROM delete_document('verbs', 'b', jsonb_build_object('ifRev', rev('b'), 'return', 'none'));
SELECT count(*) FROM verbs;
SELECT delete_document('verbs', 'c', '{"mustExist": true}');
SELECT delete_document('verbs', 'c', '{"ifRev": "2222222222222"}');
SELECT delete_document('verbs', 'a', '{"ifRev": null}');
SELECT delete_document('verbs', 'a', '{"mode": "replace"}');
SELECT delete_document('verbs', 'no/key');
\set VERBOSITY sqlstate
SELECT delete_document('verbs', 'a', '{"ifRev": "2222222222222"}');
SELECT delete_document('verbs', 'a', '{"ifRev": "2222222222222", "dryRun": true}');
SELECT delete_document('verbs', NULL);
SELECT delete_document(NULL, 'a');
\set VERBOSITY default
SELECT action FROM delete_document('verbs', 'absent', NULL);
SELECT action FROM delete_document('verbs_int', '5');
-- foreign keys and triggers have their say
CREATE TABLE verbs_child (parent text REFERENCES verbs);
INSERT INTO verbs_child VALUES ('a');
\set VERBOSITY terse
SELECT delete_document('verbs', 'a');
\set VERBOSITY default
DROP TABLE verbs_child;
CREATE FUNCTION verbs_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep BEFORE DELETE ON verbs FOR EACH ROW EXECUTE FUNCTION verbs_keep();
SELECT action, shown(old) AS old FROM delete_document('verbs', 'a');
DROP TRIGGER keep ON verbs;

-- patch
SELECT action, key, shown(old) AS old, shown(new) AS new, rev = new ->> '_rev' AS rev, old ->> '_rev' < rev AS newer
	FROM patch_document('verbs', 'a', '[{"op": "add", "path": "/tags/-", "value": "y"}, {"op": "remove", "path": "/n"}]');
SELECT action, shown(new) AS new FROM patch_document('verbs', 'a', '[{"op": "test", "path": "/_key", "value": "a"}, {"op": "test", "path": "/_id", "value": "verbs/a"}]');
SELECT action, shown(new) AS new FROM patch_document('verbs', 'a', jsonb_build_array(jsonb_build_object('op', 'test', 'path', '/_rev', 'value', rev('a')), '{"op": "add", "path": "/m", "value": 1}'::jsonb));
SELECT action FROM patch_document('verbs', 'a', '[]');
SELECT action FROM patch_document('verbs', 'a', '[{"op": "replace", "path": "/_key", "value": "a"}, {"op": "add", "path": "/z", "value": 1}, {"op": "remove", "path": "/z"}]');
SELECT action, shown(new) AS new FROM patch_document('verbs', 'a', '[{"op": "copy", "from": "/_key", "path": "/was"}, {"op": "replace", "path": "/m", "value": 2}]', '{"dryRun": true}');
SELECT action, new FROM patch_document('verbs', 'a', '[{"op": "replace", "path": "/m", "value": 3}]', jsonb_build_object('ifRev', rev('a'), 'return', 'diff'));
SELECT patch_document('verbs', 'a', '[{"op": "test", "path": "/_rev", "value": "2222222222222"}]');
SELECT patch_document('verbs', 'a', '[{"op": "replace", "path": "/_key", "value": "b"}]');
SELECT patch_document('verbs', 'a', '[{"op": "move", "from": "/_key", "path": "/k"}]');
SELECT patch_document('verbs', 'absent', '[]');
SELECT patch_document('verbs', 'a', '[]', '{"mustExist": true}');
\set VERBOSITY sqlstate
-- not even for a moment
SELECT patch_document('verbs', 'a', '[{"op": "move", "from": "/_key", "path": "/k"}, {"op": "move", "from": "/k", "path": "/_key"}]');
SELECT patch_document('verbs', 'a', '[{"op": "replace", "path": "", "value": {}}]');
SELECT patch_document('verbs', 'a', '[{"op": "add", "path": "", "value": []}]');
SELECT patch_document('verbs', 'a', '[{"op": "remove", "path": "/_rev"}]');
SELECT patch_document('verbs', 'a', '[{"op": "add", "path": "/_id", "value": ["verbs/a"]}]');
SELECT patch_document('verbs', 'a', '[{"op": "remove", "path": "/absent"}]');
SELECT patch_document('verbs', 'a', '{"op": "remove"}');
SELECT patch_document('verbs', 'a', '[{"op": "frob"}]');
SELECT patch_document('verbs', 'a', NULL);
SELECT patch_document('verbs', NULL, '[]');
SELECT patch_document('verbs', 'a/b', '[]');
SELECT patch_document('verbs', 'absent', '[]', '{"ifRev": "2222222222222"}');
SELECT patch_document('verbs', 'a', '[]', '{"ifRev": "2222222222222"}');
SELECT patch_document('verbs', 'a', '[]', '{"ifRev": null}');
SELECT patch_document('verbs_int', '7', '[]');
\set VERBOSITY default
SELECT action, new FROM patch_document('verbs_int', '6', '[{"op": "add", "path": "/x", "value": 1}]');
SELECT doc FROM verbs WHERE _key = 'a';

-- rights: what a role may not see or delete
CREATE ROLE regress_verbs;
GRANT SELECT ON verbs TO regress_verbs;
ALTER TABLE verbs ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON verbs USING (doc ? 'own');
SELECT action FROM upsert('verbs', '{"_key": "own", "own": true}');
SET ROLE regress_verbs;
SELECT shown(get_document('verbs', 'own')), get_document('verbs', 'a');
SELECT get_document('verbs_int', '6');
\set VERBOSITY terse
SELECT delete_document('verbs', 'own', '{"dryRun": true}');
SELECT delete_document('verbs', 'own');
RESET ROLE;
GRANT DELETE, UPDATE, INSERT ON verbs TO regress_verbs;
SET ROLE regress_verbs;
SELECT action FROM delete_document('verbs', 'a');
SELECT patch_document('verbs', 'a', '[]');
SELECT action FROM patch_document('verbs', 'own', '[{"op": "add", "path": "/n", "value": 1}]');
SELECT action FROM delete_document('verbs', 'own');
RESET ROLE;
SELECT _key FROM verbs;
BEGIN READ ONLY;
SELECT get_document('verbs', 'a') IS NOT NULL AS found;
SELECT delete_document('verbs', 'a');
ROLLBACK;
DROP VIEW verbs_view;
DROP TABLE verbs, verbs_int;
DROP FUNCTION shown, rev, verbs_keep;
DROP ROLE regress_verbs;
