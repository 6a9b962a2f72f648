-- upsert_object: the privileges of the path taken, row-level security
\set SHOW_CONTEXT never
CREATE TABLE accounts (id int PRIMARY KEY, name text, secret text DEFAULT 's', qty int);
INSERT INTO accounts VALUES (1, 'one', 'x', 1);
CREATE ROLE regress_upsert_user;
GRANT SELECT (id, name, qty), INSERT (id, name), UPDATE (qty) ON accounts TO regress_upsert_user;
SET ROLE regress_upsert_user;
-- what may not be read is not shown
SELECT * FROM upsert_object('accounts', '{"id": 1, "qty": 2}');
-- unchanged columns need no privilege to write them
SELECT action, new FROM upsert_object('accounts', '{"id": 1, "name": "one", "qty": 3}');
SELECT action FROM upsert_object('accounts', '{"id": 1, "name": "other"}');
SELECT action, new FROM upsert_object('accounts', '{"id": 2, "name": "two"}');
SELECT action FROM upsert_object('accounts', '{"id": 3, "qty": 1}');
-- nor is it told whether a guess is right
SELECT action FROM upsert_object('accounts', '{"id": 1, "secret": "x"}');
SELECT action FROM upsert_object('accounts', '{"secret": "x"}', ARRAY['secret']);
SELECT ord, action, error->>'sqlstate' AS state FROM upsert_objects('accounts',
	'[{"id": 1, "qty": 4}, {"id": 2, "name": "no"}, {"id": 4, "name": "four"}, {"id": 5, "qty": 5}]', NULL, '{"ignoreErrors": true}');
SELECT object_schema('accounts', NULL, 'create')->'properties'->'qty'->'readOnly' AS qty,
	object_schema('accounts', NULL, 'update')->'properties'->'name'->'readOnly' AS name,
	object_schema('accounts')->'properties'->'secret'->'readOnly' AS secret;
RESET ROLE;
REVOKE ALL ON accounts FROM regress_upsert_user;
SET ROLE regress_upsert_user;
SELECT action FROM upsert_object('accounts', '{"id": 1, "qty": 2}');
RESET ROLE;
GRANT SELECT, INSERT ON accounts TO regress_upsert_user;
SET ROLE regress_upsert_user;
SELECT action FROM upsert_object('accounts', '{"id": 9, "qty": 2}');
SELECT action FROM upsert_object('accounts', '{"id": 9, "qty": 2}');
SELECT action FROM upsert_object('accounts', '{"id": 9, "qty": 3}');
RESET ROLE;
SELECT id, name, secret, qty FROM accounts ORDER BY id;

-- row-level security: USING for the row that is there, WITH CHECK for the new one
CREATE TABLE owned (id int PRIMARY KEY, owner name DEFAULT current_user, note text);
INSERT INTO owned VALUES (1, 'regress_upsert_user', 'mine'), (2, 'someone', 'theirs');
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON owned FOR SELECT USING (owner = current_user);
CREATE POLICY make ON owned FOR INSERT WITH CHECK (owner = current_user AND note IS DISTINCT FROM 'bad');
CREATE POLICY change ON owned FOR UPDATE USING (owner = current_user) WITH CHECK (note IS DISTINCT FROM 'bad');
GRANT ALL ON owned TO regress_upsert_user;
SET ROLE regress_upsert_user;
SELECT action, new->'note' AS note FROM upsert_object('owned', '{"id": 1, "note": "changed"}');
SELECT action FROM upsert_object('owned', '{"id": 1, "note": "bad"}');
SELECT action, new->'owner' AS owner FROM upsert_object('owned', '{"id": 3, "note": "new"}');
SELECT action FROM upsert_object('owned', '{"id": 4, "note": "bad"}');
SELECT action FROM upsert_object('owned', '{"id": 4, "owner": "someone"}');
-- a row that one may not see is there all the same
SELECT action FROM upsert_object('owned', '{"id": 2, "note": "taken"}');
RESET ROLE;
SELECT id, owner, note FROM owned ORDER BY id;

-- to look for a key is to read it
CREATE TABLE safe (id int PRIMARY KEY, pin int UNIQUE, a int);
INSERT INTO safe VALUES (1, 1234, 0);
GRANT SELECT (id, a), UPDATE (a), INSERT ON safe TO regress_upsert_user;
SET ROLE regress_upsert_user;
SELECT action FROM upsert_object('safe', '{"id": 1, "a": 0}');
SELECT action FROM upsert_object('safe', '{"pin": 1234, "a": 0}', 'safe_pin_key');
SELECT action FROM upsert_object('safe', '{"pin": 1235, "a": 0}', ARRAY['pin']);
SELECT action FROM upsert_object('safe', '{"pin": 1234, "a": 0}', 'safe_pin_key', '{"dryRun": true}');
-- either privilege makes a column one for an upsert
SELECT action, (SELECT jsonb_object_agg(p.key, p.value->'readOnly' IS NOT NULL)
                FROM jsonb_each(object_schema('safe', NULL, action)->'properties') p) AS read_only
FROM unnest(ARRAY['create', 'update', 'upsert']) action;
RESET ROLE;
REVOKE ALL ON safe FROM regress_upsert_user;
GRANT INSERT (pin), UPDATE (a) ON safe TO regress_upsert_user;
SET ROLE regress_upsert_user;
SELECT action, (SELECT jsonb_object_agg(p.key, p.value->'readOnly' IS NOT NULL)
                FROM jsonb_each(object_schema('safe', NULL, action)->'properties') p) AS read_only
FROM unnest(ARRAY['create', 'update', 'upsert']) action;
RESET ROLE;
DROP TABLE safe;

DROP TABLE accounts, owned;
DROP ROLE regress_upsert_user;
