-- What a backend remembers of a table is forgotten when the table changes.
\set VERBOSITY terse
CREATE TABLE part (id int PRIMARY KEY, sku text, qty int);
CREATE UNIQUE INDEX part_sku ON part (sku);
SELECT action FROM upsert_object('part', '{"id": 1, "sku": "a", "qty": 1}');

-- a column more, renamed, of another type, gone
ALTER TABLE part ADD COLUMN note varchar(3);
SELECT action, new FROM upsert_object('part', '{"id": 1, "note": "new"}');
ALTER TABLE part RENAME COLUMN note TO remark;
SELECT action FROM upsert_object('part', '{"id": 1, "note": "new"}');
SELECT action, new FROM upsert_object('part', '{"id": 1, "remark": "x"}');
SELECT action FROM upsert_object('part', '{"id": 1, "remark": "long"}');
ALTER TABLE part ALTER COLUMN remark TYPE text;
SELECT action, new FROM upsert_object('part', '{"id": 1, "remark": "long"}');
ALTER TABLE part ALTER COLUMN qty TYPE numeric(4,1);
SELECT action, new FROM upsert_object('part', '{"id": 1, "qty": 2.5}');
ALTER TABLE part ALTER COLUMN qty TYPE bigint;
SELECT action, new FROM upsert_object('part', '{"id": 1, "qty": 4000000000}');
ALTER TABLE part DROP COLUMN remark;
SELECT action FROM upsert_object('part', '{"id": 1, "remark": "long"}');

-- a "_rev" that comes, and goes
ALTER TABLE part ADD COLUMN _rev text;
SELECT action, rev IS NOT NULL AS has_rev FROM upsert_object('part', '{"id": 1, "qty": 1}');
ALTER TABLE part DROP COLUMN _rev;
SELECT action, rev IS NOT NULL AS has_rev FROM upsert_object('part', '{"id": 1, "qty": 2}');

-- criteria: renamed, new, dropped, on another column
SELECT action, key FROM upsert_object('part', '{"sku": "a", "qty": 3}', 'part_sku');
ALTER INDEX part_sku RENAME TO part_by_sku;
SELECT action, key FROM upsert_object('part', '{"sku": "a", "qty": 4}', 'part_sku');
SELECT action, key FROM upsert_object('part', '{"sku": "a", "qty": 4}', 'part_by_sku');
DROP INDEX part_by_sku;
SELECT action, key FROM upsert_object('part', '{"sku": "a", "qty": 5}', 'part_by_sku');
CREATE UNIQUE INDEX part_by_sku ON part (lower(sku));
SELECT action, key FROM upsert_object('part', '{"sku": "A", "qty": 5}', 'part_by_sku');
ALTER TABLE part DROP CONSTRAINT part_pkey;
SELECT action, key FROM upsert_object('part', '{"id": 1, "qty": 6}');
ALTER TABLE part ADD PRIMARY KEY (qty);
SELECT action, key, new FROM upsert_object('part', '{"id": 2, "qty": 5}');

-- undone with the transaction
BEGIN;
ALTER TABLE part ADD COLUMN gone int;
SELECT action, new FROM upsert_object('part', '{"qty": 5, "gone": 1}');
ROLLBACK;
SELECT action FROM upsert_object('part', '{"qty": 5, "gone": 1}');
SELECT action, new FROM upsert_object('part', '{"qty": 5, "sku": "z"}');

-- types of columns: a composite type that grows, a domain, an enum
CREATE TYPE size AS (w int);
CREATE TYPE colour AS ENUM ('red');
CREATE DOMAIN grade AS int CHECK (VALUE < 10);
CREATE TABLE box (id int PRIMARY KEY, size size, sizes size[], colour colour, grade grade);
SELECT action, new FROM upsert_object('box', '{"id": 1, "size": {"w": 1}, "sizes": [{"w": 2}], "colour": "red", "grade": 1}');
SELECT action FROM upsert_object('box', '{"id": 1, "colour": "blue"}');
SELECT action FROM upsert_object('box', '{"id": 1, "grade": 10}');
ALTER TYPE size ADD ATTRIBUTE h int;
ALTER TYPE colour ADD VALUE 'blue';
ALTER DOMAIN grade DROP CONSTRAINT grade_check;
ALTER DOMAIN grade ADD CHECK (VALUE <> 1) NOT VALID;
SELECT action, new FROM upsert_object('box', '{"id": 1, "size": {"w": 1, "h": 2}, "sizes": [{"h": 3}], "colour": "blue", "grade": 10}');
SELECT action FROM upsert_object('box', '{"id": 1, "grade": 1}');
ALTER TYPE size DROP ATTRIBUTE w;
SELECT action, new FROM upsert_object('box', '{"id": 1, "size": {"w": 1, "h": 7}}');
SELECT action, new FROM upsert_object('box', '{"id": 1, "size": {"h": 7}}');

-- in the middle of a call, by a trigger
CREATE TABLE busy (id int PRIMARY KEY, a int, b text);
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id = 1 THEN
		CREATE TABLE made (id int PRIMARY KEY, n int);
		PERFORM upsert_object('made', '{"id": 1}');
		ALTER TABLE made ADD COLUMN m int;
		PERFORM upsert_object('made', '{"id": 1, "m": 5}');
		COMMENT ON TABLE busy IS 'changed';
		ANALYZE busy;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER t BEFORE INSERT ON busy FOR EACH ROW EXECUTE FUNCTION change();
SELECT ord, action, key, new FROM upsert_objects('busy', '[{"id": 2, "a": 1}, {"id": 1, "b": "x"}, {"id": 3, "a": 7, "b": "y"}]');
SELECT * FROM made;

-- collections: the key's type, a revision, the document, the name
CREATE TABLE docs (_key text PRIMARY KEY, doc jsonb NOT NULL);
SELECT action, rev, new FROM upsert('docs', '{"_key": "1", "n": 1}');
ALTER TABLE docs ADD COLUMN _rev text;
SELECT action, rev IS NOT NULL AS has_rev FROM upsert('docs', '{"_key": "1", "n": 2}');
ALTER TABLE docs ALTER COLUMN _key TYPE int USING _key::int;
SELECT action, key FROM upsert('docs', '{"_key": "x", "n": 3}');
SELECT action, key FROM upsert('docs', '{"_key": 1, "n": 3}');
ALTER TABLE docs RENAME COLUMN doc TO body;
ALTER TABLE docs DROP COLUMN _rev;
ALTER TABLE docs RENAME TO papers;
SELECT action, new FROM upsert('papers', '{"_key": 1, "n": 4}');
ALTER TABLE papers ADD COLUMN other jsonb;
SELECT action FROM upsert('papers', '{"_key": 1, "n": 5}');
ALTER TABLE papers RENAME COLUMN body TO doc;
SELECT action, new FROM upsert('papers', '{"_key": 1, "n": 5}');
ALTER TABLE papers DROP CONSTRAINT docs_pkey;
SELECT action FROM upsert('papers', '{"_key": 1, "n": 6}');
BEGIN;
ALTER TABLE papers ADD PRIMARY KEY (_key);
SELECT action FROM upsert('papers', '{"_key": 1, "n": 6}');
ROLLBACK;
SELECT action FROM upsert('papers', '{"_key": 1, "n": 6}');

-- record stores: a column less, a revision less, no record
SELECT create_record_store('feed');
SELECT action, rev IS NOT NULL AS has_rev FROM at_put_record('feed', 'did:plc:abc', 'com.example.post', 'a', '{"$type": "com.example.post", "n": 1}');
ALTER TABLE feed DROP COLUMN indexed_at, DROP COLUMN rev;
SELECT action, rev IS NOT NULL AS has_rev FROM at_put_record('feed', 'did:plc:abc', 'com.example.post', 'a', '{"$type": "com.example.post", "n": 2}');
ALTER TABLE feed RENAME COLUMN record TO value;
SELECT action FROM at_put_record('feed', 'did:plc:abc', 'com.example.post', 'a', '{"$type": "com.example.post", "n": 3}');
DROP TABLE feed CASCADE;

-- a table of the same name, and many that come and go
DROP TABLE part;
CREATE TABLE part (sku text PRIMARY KEY);
SELECT action, key FROM upsert_object('part', '{"sku": "again"}');
DO $$
BEGIN
	FOR i IN 1 .. 200 LOOP
		CREATE TEMP TABLE passing (id int PRIMARY KEY, v text);
		PERFORM upsert_object('passing', jsonb_build_object('id', i, 'v', 'x'));
		DROP TABLE passing;
	END LOOP;
END $$;
DROP TABLE part, box, busy, made, papers;
DROP TYPE size, colour;
DROP DOMAIN grade;
DROP FUNCTION change();
