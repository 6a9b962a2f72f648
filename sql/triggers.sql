-- Triggers and constraints behave as for SQL: only those of what happens fire.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SELECT create_collection('docs');
CREATE TABLE log (id serial, line text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (line) VALUES (concat_ws(' ', TG_WHEN, TG_OP, TG_LEVEL,
        CASE WHEN TG_LEVEL = 'ROW' AND TG_OP <> 'INSERT' THEN 'old ' || OLD.doc::text END,
        CASE WHEN TG_LEVEL = 'ROW' THEN 'new ' || NEW.doc::text END));
    RETURN NEW;
END $$;
CREATE TRIGGER br BEFORE INSERT OR UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER ar AFTER INSERT OR UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER bs BEFORE INSERT OR UPDATE ON docs FOR EACH STATEMENT EXECUTE FUNCTION note();
CREATE TRIGGER ast AFTER INSERT OR UPDATE ON docs FOR EACH STATEMENT EXECUTE FUNCTION note();
SELECT action FROM upsert('docs', '{"_key": "a", "v": 1}');
SELECT line FROM log ORDER BY id; TRUNCATE log;
SELECT action FROM upsert('docs', '{"_key": "a", "v": 2}');
SELECT line FROM log ORDER BY id; TRUNCATE log;
SELECT action FROM upsert('docs', '{"_key": "a", "v": 2}');
SELECT action FROM upsert('docs', '{"_key": "a", "v": 3}', '{"dryRun": true}');
SELECT action FROM upsert('docs', '{"_key": "b", "v": 3}', '{"dryRun": true}');
SELECT line FROM log ORDER BY id;
DROP TRIGGER br ON docs; DROP TRIGGER ar ON docs; DROP TRIGGER bs ON docs; DROP TRIGGER ast ON docs;

-- a column trigger fires for the columns that an upsert writes
CREATE TRIGGER of_doc AFTER UPDATE OF doc ON docs FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER of_key AFTER UPDATE OF _key ON docs FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER when_v AFTER UPDATE ON docs FOR EACH ROW WHEN (NEW.doc ? 'w') EXECUTE FUNCTION note();
SELECT action FROM upsert('docs', '{"_key": "a", "v": 4}');
SELECT count(*) FROM log; TRUNCATE log;
SELECT action FROM upsert('docs', '{"_key": "a", "w": 4}');
SELECT count(*) FROM log; TRUNCATE log;
DROP TRIGGER of_doc ON docs; DROP TRIGGER of_key ON docs; DROP TRIGGER when_v ON docs;

-- triggers that change the row, and those that say no
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.doc ? 'no' THEN RETURN NULL; END IF;
    IF NEW.doc ? 'raise' THEN RAISE EXCEPTION 'not with me'; END IF;
    IF NEW.doc ? 'move' THEN NEW._key := NEW.doc ->> 'move'; END IF;
    NEW.doc := NEW.doc || '{"meddled": true}';
    RETURN NEW;
END $$;
CREATE TRIGGER meddle BEFORE INSERT OR UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION meddle();
SELECT action, key, new - '_rev' AS new FROM upsert('docs', '{"_key": "m", "v": 1}');
SELECT action, key, new - '_rev' AS new FROM upsert('docs', '{"_key": "m", "v": 2}');
SELECT action, key, new FROM upsert('docs', '{"_key": "n", "no": 1}');
SELECT action, key, new - '_rev' AS new FROM upsert('docs', '{"_key": "m", "no": 1}');
SELECT action FROM upsert('docs', '{"_key": "n", "raise": 1}');
SELECT action, key, new - '_rev' AS new FROM upsert('docs', '{"_key": "moved", "move": "elsewhere"}');
SELECT _key, doc FROM docs WHERE _key IN ('m', 'n', 'moved', 'elsewhere') ORDER BY 1;
SELECT ord, action, key, error ->> 'sqlstate' AS sqlstate, error ->> 'message' AS message
  FROM upsert_many('docs', '[{"_key": "o"}, {"_key": "p", "raise": 1}, {"_key": "q", "no": 1}]', '{"ignoreErrors": true}');
DROP TRIGGER meddle ON docs;

-- transition tables hold what this call wrote
CREATE FUNCTION transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (line) SELECT TG_OP || ' ' || string_agg(_key, ',' ORDER BY _key) FROM newtab;
    RETURN NULL;
END $$;
CREATE TRIGGER tins AFTER INSERT ON docs REFERENCING NEW TABLE AS newtab FOR EACH STATEMENT EXECUTE FUNCTION transition();
CREATE TRIGGER tupd AFTER UPDATE ON docs REFERENCING OLD TABLE AS oldtab NEW TABLE AS newtab FOR EACH STATEMENT EXECUTE FUNCTION transition();
TRUNCATE log;
SELECT action FROM upsert('docs', '{"_key": "t1", "v": 1}');
SELECT action FROM upsert('docs', '{"_key": "t1", "v": 2}');
SELECT action FROM upsert('docs', '{"_key": "t1", "v": 2}');
SELECT line FROM log ORDER BY id; TRUNCATE log;
DROP TRIGGER tins ON docs; DROP TRIGGER tupd ON docs;

-- a statement trigger that writes the very row: SQL gives up (27000), the
-- direct store looks again
SET upsert.direct = on;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE docs SET doc = doc || '{"touched": true}' WHERE _key = 'touch' AND NOT doc ? 'touched';
    RETURN NULL;
END $$;
SELECT action FROM upsert('docs', '{"_key": "touch", "v": 1}');
CREATE TRIGGER touch BEFORE UPDATE ON docs FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION touch();
SELECT action, new - '_rev' AS new FROM upsert('docs', '{"_key": "touch", "v": 2}');
DROP TRIGGER touch ON docs;
RESET upsert.direct;

-- a row trigger that upserts into another collection
SELECT create_collection('mirror');
CREATE FUNCTION mirror() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM upsert('mirror', NEW.doc || jsonb_build_object('_key', NEW._key));
    RETURN NULL;
END $$;
CREATE TRIGGER mirror AFTER INSERT OR UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION mirror();
SELECT * FROM upsert_load('docs', '[{"_key": "x1", "v": 1}, {"_key": "x2", "v": 2}, {"_key": "x1", "w": 1}]');
SELECT _key, doc FROM mirror ORDER BY 1;
DROP TRIGGER mirror ON docs;

-- constraints, defaults, generated columns
CREATE TABLE rich (
    id text COLLATE "C" PRIMARY KEY,
    doc jsonb NOT NULL CHECK (NOT doc ? 'bad'),
    n serial,
    made text DEFAULT 'by ' || 'default',
    upper_name text GENERATED ALWAYS AS (upper(doc ->> 'name')) STORED,
    must text NOT NULL DEFAULT 'x',
    EXCLUDE USING btree ((doc ->> 'slot') WITH =)
);
SELECT action FROM upsert('rich', '{"_key": "a", "name": "ann", "slot": 1}');
SELECT action FROM upsert('rich', '{"_key": "a", "name": "eve"}');
SELECT action FROM upsert('rich', '{"_key": "a", "name": "eve"}');
SELECT action FROM upsert('rich', '{"_key": "b", "slot": 2}');
SELECT action FROM upsert('rich', '{"_key": "b", "bad": 2}');
SELECT action FROM upsert('rich', '{"_key": "c", "bad": 2}');
SELECT action FROM upsert('rich', '{"_key": "b", "slot": 1}');
SELECT action FROM upsert('rich', '{"_key": "c", "slot": 1}');
ALTER TABLE rich ALTER must DROP DEFAULT;
SELECT action FROM upsert('rich', '{"_key": "d", "slot": 3}');
SELECT action FROM upsert('rich', '{"_key": "b", "slot": 3}');
SELECT id, doc, made, upper_name, must FROM rich ORDER BY id;
-- no sequence value but for new rows (failed ones cost theirs)
SELECT n FROM rich ORDER BY n;

-- foreign keys, both sides
CREATE TABLE parent (id text PRIMARY KEY, doc jsonb NOT NULL);
CREATE TABLE child (id text PRIMARY KEY, doc jsonb NOT NULL, p text GENERATED ALWAYS AS (doc ->> 'p') STORED REFERENCES parent);
SELECT action FROM upsert('parent', '{"_key": "p"}');
SELECT action FROM upsert('child', '{"_key": "c", "p": "p"}');
SELECT action FROM upsert('child', '{"_key": "d", "p": "q"}');
SELECT action FROM upsert('child', '{"_key": "c", "p": "q"}');
SELECT action FROM upsert('parent', '{"_key": "p", "v": 1}');
SELECT id, p FROM child;
-- deferred to the commit
ALTER TABLE child ALTER CONSTRAINT child_p_fkey DEFERRABLE INITIALLY DEFERRED;
BEGIN;
SELECT action FROM upsert('child', '{"_key": "e", "p": "later"}');
SELECT action FROM upsert('parent', '{"_key": "later"}');
COMMIT;
BEGIN;
SELECT action FROM upsert('child', '{"_key": "f", "p": "never"}');
COMMIT;

-- a deferrable key cannot arbitrate, and still there is one row
CREATE TABLE lazy (id text PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, doc jsonb NOT NULL);
SELECT action FROM upsert('lazy', '{"_key": "a", "v": 1}');
SELECT action FROM upsert('lazy', '{"_key": "a", "v": 2}');
SELECT * FROM upsert_load('lazy', '[{"_key": "a", "v": 2}, {"_key": "b"}, {"_key": "b", "w": 1}]');
SELECT * FROM lazy ORDER BY id;

-- domains and dropped columns
CREATE DOMAIN short AS text CHECK (length(VALUE) < 4);
CREATE DOMAIN filled AS text NOT NULL;
CREATE TABLE domains (gone int, id text PRIMARY KEY, also_gone text, doc jsonb, s short DEFAULT 'ok', f filled DEFAULT 'f');
ALTER TABLE domains DROP gone, DROP also_gone;
SELECT action FROM upsert('domains', '{"_key": "a", "v": 1}');
SELECT action FROM upsert('domains', '{"_key": "a", "v": 2}');
ALTER TABLE domains ALTER f DROP DEFAULT;
SELECT action FROM upsert('domains', '{"_key": "b"}');
ALTER TABLE domains ALTER s SET DEFAULT 'too long', ALTER f SET DEFAULT 'f';
SELECT action FROM upsert('domains', '{"_key": "b"}');
SELECT * FROM domains;

-- replica identity: a published table without one cannot be updated
CREATE TABLE pub (id text PRIMARY KEY, doc jsonb NOT NULL);
ALTER TABLE pub REPLICA IDENTITY NOTHING;
SET client_min_messages = error;
CREATE PUBLICATION pub_test FOR TABLE pub;
RESET client_min_messages;
SELECT action FROM upsert('pub', '{"_key": "a"}');
SELECT action FROM upsert('pub', '{"_key": "a"}');
SELECT action FROM upsert('pub', '{"_key": "a", "v": 1}');
DROP PUBLICATION pub_test;

-- read-only transactions; temporary tables are ours even there
BEGIN READ ONLY;
SELECT action FROM upsert('docs', '{"_key": "ro"}');
ROLLBACK;
CREATE TEMP TABLE mine (id text PRIMARY KEY, doc jsonb NOT NULL);
BEGIN READ ONLY;
SELECT action FROM upsert('mine', '{"_key": "ro"}');
COMMIT;
BEGIN READ ONLY;
SELECT action FROM upsert('docs', '{"_key": "ro"}', '{"dryRun": true}');
COMMIT;

-- savepoints
BEGIN;
SELECT action FROM upsert('docs', '{"_key": "sp", "v": 1}');
SAVEPOINT s;
SELECT action FROM upsert('docs', '{"_key": "sp", "v": 2}');
ROLLBACK TO s;
SELECT action, new - '_rev' AS new FROM upsert('docs', '{"_key": "sp", "w": 3}');
COMMIT;
SELECT doc FROM docs WHERE _key = 'sp';

-- a query that writes what it reads does not see its own writes
SELECT create_collection('self');
SELECT * FROM upsert_load('self', '[{"_key": "1"}, {"_key": "2"}]');
SELECT count(*), count(u.action) FROM self, LATERAL upsert('self', jsonb_build_object('_key', 'x' || self._key)) u;
SELECT count(*) FROM self;

DROP TABLE docs, log, mirror, rich, child, parent, lazy, domains, pub, self;
DROP FUNCTION note, meddle, transition, touch, mirror;
DROP DOMAIN short, filled;
