-- Which unique index arbitrates: one that has the key's columns and the key's
-- equality.  A look-up and the index that it stands for never differ, and an
-- insertion that cannot succeed is an error, not a loop.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET statement_timeout = '20s';
CREATE FUNCTION outcome(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE query INTO r;
    RETURN r;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- 'a' is 'A': by a collation, and by an operator class
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE FUNCTION ci_lt(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) COLLATE "C" < lower($2)';
CREATE FUNCTION ci_le(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) COLLATE "C" <= lower($2)';
CREATE FUNCTION ci_eq(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) COLLATE "C" = lower($2)';
CREATE FUNCTION ci_ge(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) COLLATE "C" >= lower($2)';
CREATE FUNCTION ci_gt(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) COLLATE "C" > lower($2)';
CREATE FUNCTION ci_cmp(text, text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT bttextcmp(lower($1) COLLATE "C", lower($2) COLLATE "C")';
CREATE OPERATOR <% (LEFTARG = text, RIGHTARG = text, FUNCTION = ci_lt);
CREATE OPERATOR <=% (LEFTARG = text, RIGHTARG = text, FUNCTION = ci_le);
CREATE OPERATOR =% (LEFTARG = text, RIGHTARG = text, FUNCTION = ci_eq);
CREATE OPERATOR >=% (LEFTARG = text, RIGHTARG = text, FUNCTION = ci_ge);
CREATE OPERATOR >% (LEFTARG = text, RIGHTARG = text, FUNCTION = ci_gt);
CREATE OPERATOR CLASS ci_ops FOR TYPE text USING btree AS
    OPERATOR 1 <%, OPERATOR 2 <=%, OPERATOR 3 =%, OPERATOR 4 >=%, OPERATOR 5 >%, FUNCTION 1 ci_cmp(text, text);

-- the only index is coarser than its column
CREATE TABLE coarse (a text, b text, v int);
CREATE UNIQUE INDEX coarse_a ON coarse (a COLLATE ci);
CREATE UNIQUE INDEX coarse_b ON coarse (b ci_ops);
INSERT INTO coarse VALUES ('x', 'x', 1);
SELECT action, key FROM upsert_object('coarse', '{"a": "X", "v": 2}', 'coarse_a');
SELECT action, key FROM upsert_object('coarse', '{"b": "X", "v": 3}', 'coarse_b');
-- by its columns it is the same index
SELECT action, key FROM upsert_object('coarse', '{"a": "x", "v": 4}', ARRAY['a']);
SELECT action, key FROM upsert_object('coarse', '{"b": "x", "v": 5}', ARRAY['b']);
SELECT action, key FROM upsert_object('coarse', '{"a": "y", "b": "y"}', ARRAY['b']);
SELECT action, key FROM upsert_object('coarse', '{"a": "Y", "b": "Y"}', 'any');
TABLE coarse ORDER BY a COLLATE "C";
-- a batch knows that two of its objects are one
SELECT ord, action, key FROM upsert_objects('coarse', '[{"a": "q"}, {"a": "r"}, {"a": "Q", "v": 1}]', 'coarse_a', '{"duplicates": "last"}');
SELECT ord, action, key FROM upsert_objects('coarse', '[{"b": "s"}, {"b": "r"}, {"b": "S", "v": 1}]', 'coarse_b', '{"duplicates": "error"}');

-- the key has another index that is coarser, made before or after it
CREATE TABLE beside (id text, v int);
CREATE UNIQUE INDEX beside_ci ON beside (id COLLATE ci);
ALTER TABLE beside ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX beside_ops ON beside (id ci_ops);
INSERT INTO beside VALUES ('a', 1);
SELECT outcome($$SELECT action FROM upsert_object('beside', '{"id": "A", "v": 2}')$$);
SELECT outcome($$SELECT action FROM upsert_object('beside', '{"id": "A", "v": 2}', ARRAY['id'])$$);
SELECT outcome($$SELECT action FROM upsert_object('beside', '{"id": "a", "v": 3}')$$);
TABLE beside;
SELECT outcome($$SELECT action FROM upsert_object('beside', '{"id": "A", "v": 4}', 'beside_ops')$$);
SELECT outcome($$SELECT action FROM upsert_object('beside', '{"id": "a", "v": 5}', 'beside_ci')$$);
TABLE beside;
CREATE TABLE doc_beside (_key text PRIMARY KEY, doc jsonb NOT NULL);
CREATE UNIQUE INDEX doc_beside_ops ON doc_beside (_key ci_ops);
SELECT outcome($$SELECT action FROM upsert('doc_beside', '{"_key": "a", "v": 1}')$$);
SELECT outcome($$SELECT action FROM upsert('doc_beside', '{"_key": "A", "v": 2}')$$);
SELECT outcome($$SELECT action FROM upsert('doc_beside', '{"_key": "a", "v": 3}')$$);
TABLE doc_beside;
-- deterministic collations tell the same strings apart
CREATE TABLE det (id text COLLATE "POSIX", v int);
CREATE UNIQUE INDEX det_c ON det (id COLLATE "C");
CREATE UNIQUE INDEX det_pattern ON det (id text_pattern_ops);
SELECT action FROM upsert_object('det', '{"id": "a", "v": 1}', ARRAY['id']);
SELECT action FROM upsert_object('det', '{"id": "a", "v": 2}', 'det_c');
SELECT action FROM upsert_object('det', '{"id": "a", "v": 3}', 'det_pattern');
TABLE det;

-- a row that the criteria do not cover is in the way
CREATE TABLE part (a int, v int, active boolean DEFAULT true);
CREATE UNIQUE INDEX part_active ON part (a) WHERE active;
CREATE UNIQUE INDEX part_full ON part (a);
INSERT INTO part VALUES (1, 1, false);
SELECT outcome($$SELECT action FROM upsert_object('part', '{"a": 1, "v": 2}', 'part_active')$$);
SELECT outcome($$SELECT action FROM upsert_object('part', '{"a": 1, "v": 3}', 'part_full')$$);
TABLE part;
-- an index whose function lies never finds what it has
CREATE FUNCTION liar(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT CASE WHEN current_setting(''liar.lies'', true) = ''on'' THEN ''l'' ELSE $1 END';
CREATE TABLE lied (a text, v int);
CREATE UNIQUE INDEX lied_a ON lied (liar(a));
SET liar.lies = on;
INSERT INTO lied VALUES ('a', 1);
SET liar.lies = off;
SELECT outcome($$SELECT action FROM upsert_object('lied', '{"a": "l", "v": 2}', 'lied_a')$$) ~ '^(23505|updated)';

-- a BEFORE INSERT trigger moves the key to one that exists: that row it is,
-- and it keeps its key
CREATE FUNCTION move_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.id := lower(NEW.id);
    NEW.fired := 'moved';
    RETURN NEW;
END $$;
CREATE TABLE moved (id text PRIMARY KEY, v int, w int DEFAULT 7, fired text);
CREATE TRIGGER move BEFORE INSERT ON moved FOR EACH ROW EXECUTE FUNCTION move_key();
INSERT INTO moved VALUES ('a', 1);
SELECT action, key, old, new FROM upsert_object('moved', '{"id": "A", "v": 2}');
SELECT action, key, old, new FROM upsert_object('moved', '{"id": "A", "v": 2}');
SELECT action, key, old, new FROM upsert_object('moved', '{"id": "B", "v": 2}');
SELECT action, key FROM upsert_objects('moved', '[{"id": "B", "v": 3}, {"id": "A", "v": 4}, {"id": "a", "v": 5}]');
TABLE moved ORDER BY id;
CREATE UNIQUE INDEX moved_v ON moved (v);
SELECT action, key FROM upsert_object('moved', '{"id": "B", "v": 7, "w": 8}', 'any');
SELECT action, key FROM upsert_object('moved', '{"id": "B", "v": 8, "w": 8}', 'any');
SELECT action, key FROM upsert_object('moved', '{"id": "C", "v": 9, "w": 8}', 'any');
TABLE moved ORDER BY id;
-- whatever else the table has: statement triggers, partitions, an index on an expression
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER told AFTER UPDATE ON moved FOR EACH STATEMENT EXECUTE FUNCTION nothing();
SELECT action, key FROM upsert_object('moved', '{"id": "A", "v": 6}');
CREATE TABLE moved_parted (id text PRIMARY KEY, v int, fired text) PARTITION BY RANGE (id);
CREATE TABLE moved_a PARTITION OF moved_parted FOR VALUES FROM ('a') TO ('n');
CREATE TRIGGER move BEFORE INSERT ON moved_a FOR EACH ROW EXECUTE FUNCTION move_key();
CREATE FUNCTION first_letter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := left(NEW.id, 1); RETURN NEW; END $$;
CREATE TRIGGER shorten BEFORE INSERT ON moved_a FOR EACH ROW EXECUTE FUNCTION first_letter();
SELECT action, key FROM upsert_object('moved_parted', '{"id": "b", "v": 1}');
SELECT action, key FROM upsert_object('moved_parted', '{"id": "bcd", "v": 2}');
TABLE moved_parted;
CREATE TABLE moved_docs (_key text PRIMARY KEY, doc jsonb NOT NULL);
CREATE FUNCTION move_document() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW._key := lower(NEW._key); RETURN NEW; END $$;
CREATE TRIGGER move BEFORE INSERT ON moved_docs FOR EACH ROW EXECUTE FUNCTION move_document();
SELECT action, key, old, new FROM upsert('moved_docs', '{"_key": "K", "v": 1}');
SELECT action, key, old, new FROM upsert('moved_docs', '{"_key": "K", "w": 2}');
TABLE moved_docs;
-- to nothing: the trigger's word, asked once
CREATE TABLE said_no (id int PRIMARY KEY, v int);
CREATE SEQUENCE asked;
CREATE FUNCTION say_no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('asked'); RETURN NULL; END $$;
CREATE TRIGGER say_no BEFORE INSERT OR UPDATE ON said_no FOR EACH ROW EXECUTE FUNCTION say_no();
SELECT action, new FROM upsert_object('said_no', '{"id": 1, "v": 1}');
SELECT last_value FROM asked;

-- a column that is set to what it is, is not set
CREATE ROLE store_keys_user;
SELECT create_record_store('narrow');
GRANT SELECT, INSERT, UPDATE (cid, record, rev, indexed_at) ON narrow TO store_keys_user;
GRANT SELECT, INSERT, UPDATE (rev) ON narrow_repos TO store_keys_user;
SET ROLE store_keys_user;
SELECT action FROM at_put_record('narrow', 'did:plc:abc', 'com.example.note', 'one', '{"text": "a"}');
BEGIN;
SELECT action FROM at_put_record('narrow', 'did:plc:abc', 'com.example.note', 'one', '{"text": "b"}');
COMMIT;
RESET ROLE;
SELECT record ->> 'text', repo FROM narrow;

DROP TABLE coarse, beside, doc_beside, det, part, lied, moved, moved_parted, moved_docs, said_no, narrow, narrow_repos;
DROP FUNCTION outcome, liar, move_key, nothing, first_letter, move_document, say_no;
DROP SEQUENCE asked;
DROP ROLE store_keys_user;
DROP OPERATOR FAMILY ci_ops USING btree;
DROP FUNCTION ci_lt, ci_le, ci_eq, ci_ge, ci_gt CASCADE;
DROP FUNCTION ci_cmp;
DROP COLLATION ci;
