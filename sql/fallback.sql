-- Relations that cannot be written directly: partitioned, inherited, with row
-- security, rules, views, hostile names.  The same answers by another road.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE FUNCTION shown(d jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT d - '_rev' - '_id' $$;

-- partitioned
CREATE TABLE parted (_key text COLLATE "C" PRIMARY KEY, _rev text COLLATE "C", doc jsonb NOT NULL) PARTITION BY RANGE (_key);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM (MINVALUE) TO ('m');
CREATE TABLE parted_m PARTITION OF parted FOR VALUES FROM ('m') TO ('x');
SELECT action, shown(new) AS new FROM upsert('parted', '{"_key": "a", "v": 1, "o": {"p": 1}}');
SELECT action, shown(old) AS old, shown(new) AS new FROM upsert('parted', '{"_key": "a", "o": {"q": 2}}');
SELECT action FROM upsert('parted', '{"_key": "a", "o": {"q": 2}}');
SELECT action, shown(new) AS new FROM upsert('parted', '{"_key": "a", "w": 1}', '{"mode": "replace"}');
SELECT action FROM upsert('parted', '{"_key": "z"}');
SELECT * FROM upsert_load('parted', '[{"_key": "n"}, {"_key": "b"}, {"_key": "n", "v": 2}, {"_key": "z"}]', '{"ignoreErrors": true}');
SELECT action FROM upsert('parted', '{"_key": "a"}', '{"ifRev": null, "ignoreErrors": true}');
SELECT tableoid::regclass AS part, _key, doc FROM parted ORDER BY _key;
-- a partition by itself takes only what belongs to it
SELECT action FROM upsert('parted_a', '{"_key": "c", "v": 1}');
SELECT action FROM upsert('parted_a', '{"_key": "n", "v": 1}');

-- inherited: a child's row counts, and stays where it is
CREATE TABLE parent (_key text COLLATE "C" PRIMARY KEY, doc jsonb NOT NULL);
CREATE TABLE child (extra int) INHERITS (parent);
INSERT INTO child VALUES ('c', '{"v": 1}', 7);
SELECT action, new FROM upsert('parent', '{"_key": "c", "w": 2}');
SELECT action, new FROM upsert('parent', '{"_key": "p", "w": 2}');
SELECT tableoid::regclass AS tab, _key, doc FROM parent ORDER BY _key;
INSERT INTO child VALUES ('p', '{}', 8);
SELECT action FROM upsert('parent', '{"_key": "p", "w": 3}');

-- row-level security: the policies of what happens
CREATE ROLE upsert_rls_user;
CREATE TABLE secured (_key text COLLATE "C" PRIMARY KEY, doc jsonb NOT NULL);
GRANT ALL ON secured TO upsert_rls_user;
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY s ON secured FOR SELECT USING (doc ->> 'hidden' IS NULL);
CREATE POLICY i ON secured FOR INSERT WITH CHECK (doc ->> 'owner' = 'me');
CREATE POLICY u ON secured FOR UPDATE USING (doc ->> 'locked' IS NULL) WITH CHECK (doc ->> 'owner' IN ('me', 'us'));
INSERT INTO secured VALUES ('locked', '{"owner": "me", "locked": true}'), ('hidden', '{"owner": "me", "hidden": true}');
SET ROLE upsert_rls_user;
SELECT action FROM upsert('secured', '{"_key": "a", "owner": "me"}');
SELECT action FROM upsert('secured', '{"_key": "b", "owner": "you"}');
-- a partial update need not pass the INSERT policy
SELECT action, new FROM upsert('secured', '{"_key": "a", "owner": "us", "v": 1}');
SELECT action FROM upsert('secured', '{"_key": "a", "owner": "you"}');
SELECT action FROM upsert('secured', '{"_key": "a", "v": 1}');
SELECT action FROM upsert('secured', '{"_key": "locked", "v": 1}');
SELECT action FROM upsert('secured', '{"_key": "locked", "owner": "me"}');
SELECT action FROM upsert('secured', '{"_key": "hidden", "owner": "me", "v": 1}');
SELECT * FROM upsert_load('secured', '[{"_key": "c", "owner": "me"}, {"_key": "d", "owner": "you"}, {"_key": "locked", "v": 1}]', '{"ignoreErrors": true}');
RESET ROLE;
SELECT * FROM secured ORDER BY _key;

-- privileges of the path that is taken
CREATE TABLE guarded (_key text COLLATE "C" PRIMARY KEY, doc jsonb NOT NULL, other int DEFAULT 5);
INSERT INTO guarded VALUES ('a', '{"v": 1}');
SET ROLE upsert_rls_user;
SELECT action FROM upsert('guarded', '{"_key": "a", "v": 1}');
RESET ROLE;
GRANT SELECT ON guarded TO upsert_rls_user;
SET ROLE upsert_rls_user;
SELECT action FROM upsert('guarded', '{"_key": "a", "v": 1}');
SELECT action FROM upsert('guarded', '{"_key": "a", "v": 2}', '{"dryRun": true}');
SELECT action FROM upsert('guarded', '{"_key": "a", "v": 2}');
SELECT action FROM upsert('guarded', '{"_key": "b", "v": 2}');
RESET ROLE;
GRANT UPDATE (doc) ON guarded TO upsert_rls_user;
SET ROLE upsert_rls_user;
SELECT action FROM upsert('guarded', '{"_key": "a", "v": 2}');
SELECT action FROM upsert('guarded', '{"_key": "b", "v": 2}');
RESET ROLE;
REVOKE UPDATE (doc) ON guarded FROM upsert_rls_user;
GRANT INSERT (_key, doc) ON guarded TO upsert_rls_user;
SET ROLE upsert_rls_user;
SELECT action FROM upsert('guarded', '{"_key": "b", "v": 2}');
SELECT action FROM upsert('guarded', '{"_key": "b", "v": 3}');
RESET ROLE;
SELECT * FROM guarded ORDER BY _key;

-- views: simple ones by themselves, others through INSTEAD OF triggers
CREATE TABLE base (_key text COLLATE "C" PRIMARY KEY, doc jsonb NOT NULL);
CREATE VIEW simple_view AS SELECT _key, doc FROM base;
SELECT action, new FROM upsert('simple_view', '{"_key": "a", "v": 1}');
SELECT action, old, new FROM upsert('simple_view', '{"_key": "a", "w": 1}');
SELECT action FROM upsert('simple_view', '{"_key": "a", "w": 1}');
CREATE VIEW odd_view AS SELECT upper(_key) AS _key, doc FROM base;
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.doc ? 'no' THEN RETURN NULL; END IF;
    IF TG_OP = 'INSERT' THEN INSERT INTO base VALUES (lower(NEW._key), NEW.doc);
    ELSE UPDATE base SET doc = NEW.doc WHERE _key = lower(OLD._key); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER instead INSTEAD OF INSERT OR UPDATE ON odd_view FOR EACH ROW EXECUTE FUNCTION instead();
SELECT action, old, new FROM upsert('odd_view', '{"_key": "A", "x": 1}');
SELECT action, old, new FROM upsert('odd_view', '{"_key": "B", "x": 1}');
SELECT action FROM upsert('odd_view', '{"_key": "B", "x": 1}');
SELECT action FROM upsert('odd_view', '{"_key": "B", "no": 1}');
SELECT action FROM upsert('odd_view', '{"_key": "C", "no": 1}');
SELECT * FROM base ORDER BY _key;
CREATE VIEW fixed_view AS SELECT DISTINCT _key, doc FROM base;
SELECT action FROM upsert('fixed_view', '{"_key": "z", "x": 1}');

-- rules
CREATE TABLE ruled (_key text COLLATE "C" PRIMARY KEY, doc jsonb NOT NULL);
CREATE TABLE ruled_log (line text);
CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO ruled_log VALUES ('inserted ' || NEW._key);
SELECT action, new FROM upsert('ruled', '{"_key": "a", "x": 1}');
SELECT action, new FROM upsert('ruled', '{"_key": "a", "y": 1}');
SELECT action, new FROM upsert('ruled', '{"_key": "a", "y": 1}');
SELECT * FROM ruled_log;

-- hostile names are quoted, and the caller's search_path means nothing
CREATE SCHEMA "evil""; DROP TABLE base; --";
CREATE TABLE "evil""; DROP TABLE base; --"."t "" ( '" ("k "") ; --" text COLLATE "C" PRIMARY KEY, "d """ jsonb NOT NULL) PARTITION BY HASH ("k "") ; --");
CREATE TABLE evil_part PARTITION OF "evil""; DROP TABLE base; --"."t "" ( '" FOR VALUES WITH (MODULUS 1, REMAINDER 0);
SELECT action, new FROM upsert('"evil""; DROP TABLE base; --"."t "" ( ''"', '{"_key": "a", "x": 1}');
SELECT action, new FROM upsert('"evil""; DROP TABLE base; --"."t "" ( ''"', '{"_key": "a", "y": 1}');
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.texteq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hijacked'; END $$;
CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.texteq);
CREATE FUNCTION hostile.tideq(tid, tid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hijacked'; END $$;
CREATE OPERATOR hostile.= (LEFTARG = tid, RIGHTARG = tid, FUNCTION = hostile.tideq);
SET search_path = hostile, public, pg_catalog;
SELECT action, shown(new) AS new FROM upsert('parted', '{"_key": "a", "hostile": 1}');
SELECT action, new FROM upsert('simple_view', '{"_key": "a", "hostile": 1}');
SELECT regexp_replace(create_collection('hostile.made', '{"unique": ["a"], "type": "edge"}')::text, '^.*\.', '') AS made;
SELECT action FROM upsert('hostile.made', '{"_key": "a", "a": 1, "_from": "x/y", "_to": "x/y"}');
RESET search_path;

DROP SCHEMA hostile CASCADE;
DROP SCHEMA "evil""; DROP TABLE base; --" CASCADE;
DROP TABLE parted, child, parent, secured, guarded, ruled, ruled_log;
DROP TABLE base CASCADE;
DROP FUNCTION shown, instead;
DROP ROLE upsert_rls_user;
