--
-- State of a statement belongs to one step, one subtransaction, one query level.
--
\set VERBOSITY terse
SET client_min_messages = warning;

-- slots: SORT and COLLECT in a subquery leave the outer variables alone
SELECT c8ql('FOR o IN ["alice", "bob"] FOR i IN 1..3 LET s = FIRST(FOR x IN [1] SORT CONCAT(REPEAT("Z", i * i * 60), x) RETURN x) RETURN {o, i}');
SELECT c8ql('LET o = {name: "Alice", secret: "s3cr3t"} FOR i IN 1..4 LET s = (FOR x IN [1] SORT CONCAT(REPEAT("Z", i * i * 60), x) RETURN x) RETURN o');
SELECT c8ql('FOR o IN ["alice", "bob"] FOR i IN 1..3 LET s = FIRST(FOR x IN [2, 1, 2] COLLECT y = CONCAT(REPEAT("Z", i * i * 60), x) SORT y DESC RETURN LENGTH(y)) RETURN {o, i, s}');
SELECT c8ql('FOR o IN ["alice", "bob"] LET t = CONCAT(o, "!") FOR i IN 1..2 LET s = (FOR x IN [3, 1] LET y = CONCAT(REPEAT(o, i * 50), x) SORT y RETURN (FOR z IN [2, 1] SORT CONCAT(y, z) RETURN {o, t, x, z, y: LENGTH(y)})[0]) RETURN s');
-- one SORT after another, with a subquery between them, and what LET makes of it
SELECT c8ql('FOR x IN [3, 1, 2] LET a = CONCAT("a", x) SORT x LET b = (FOR y IN [2, 1] SORT y RETURN CONCAT(a, y)) SORT x DESC LIMIT 2 RETURN {x, a, b}');
SELECT c8ql('LET o = "outer" RETURN (FOR x IN [2, 1] SORT x LET o2 = CONCAT(o, x) COLLECT p = o2 INTO g SORT p DESC RETURN {o, p, g})');
SELECT c8ql('FOR x IN [[2, 1], [4, 3]] RETURN x[* FILTER LENGTH(FOR y IN [CURRENT, 0] SORT y RETURN y) == 2 RETURN (FOR y IN [CURRENT, 0] SORT y DESC RETURN CONCAT(y, CURRENT))[0]]');
-- what is stored is what was meant
SELECT create_collection('oc');
SELECT c8ql('FOR o IN ["alice", "bob"] FOR i IN 1..3 LET s = FIRST(FOR x IN [1] SORT CONCAT(REPEAT("Z", i * i * 60), x) RETURN x) UPSERT {_key: CONCAT(o, i)} INSERT {_key: CONCAT(o, i), o} UPDATE {o} IN oc SORT NEW._key DESC RETURN NEW.o');
SELECT _key, doc FROM oc ORDER BY 1;
SELECT c8ql('FOR o IN ["alice"] UPSERT {_key: CONCAT(o, 1)} INSERT {} UPDATE {s: (FOR x IN [OLD.o, "b"] SORT CONCAT(REPEAT(OLD.o, 50), x) DESC RETURN CONCAT(x, OLD.o, o))} IN oc RETURN NEW.s');
SELECT c8ql_eval('(FOR x IN [2, 1] SORT CONCAT(OLD.a, x) RETURN CONCAT(OLD.a, x))', '{"OLD": {"a": "o"}}');

-- portals: a subtransaction that is rolled back takes its own with it
SELECT create_collection('os'), create_collection('ot');
SELECT upsert_load('os', (SELECT jsonb_agg(jsonb_build_object('_key', i::text, 'x', i)) FROM generate_series(1, 300) i));
SELECT c8ql_execute('FOR i IN 1..4 REMOVE FIRST(FOR x IN os FILTER ASSERT(i != 2 || x.x < 100, "boom") && x.x == 150 + i RETURN x._key) IN os OPTIONS {ignoreErrors: true} RETURN OLD.x') - 'extra';
SELECT count(*) FROM os;
SELECT c8ql_execute('FOR i IN 1..3 REPLACE FIRST(FOR x IN os FILTER ASSERT(i != 2 || x.x < 100, "boom") && x.x == 160 + i RETURN x._key) WITH {y: i} IN os OPTIONS {ignoreErrors: true} RETURN NEW.y') - 'extra';
SELECT c8ql_execute('FOR i IN 1..3 UPDATE {_key: FIRST(FOR x IN os FILTER x.x == 170 + i RETURN ASSERT(i != 2, "boom") && x._key)} WITH {y: i} IN os OPTIONS {ignoreErrors: true} RETURN NEW.y') - 'extra';
SELECT c8ql_execute('FOR i IN 1..4 UPDATE FIRST(FOR x IN os FILTER ASSERT(i != 2 || x.x < 100, "boom") && x.x == 180 + i RETURN x._key) WITH {y: i} IN os OPTIONS {ignoreErrors: true} RETURN NEW.y') - 'extra';
-- the document of a row is evaluated outside of what may be ignored
SELECT c8ql_execute('FOR i IN 1..3 INSERT {_key: FIRST(FOR x IN os FILTER ASSERT(i != 2 || x.x < 100, "boom") && x.x == 190 + i RETURN x._key)} IN ot OPTIONS {ignoreErrors: true}');
SELECT c8ql_execute('FOR i IN 1..3 UPSERT {_key: CONCAT("u", i)} INSERT {_key: CONCAT("u", i), d: FIRST(FOR x IN os FILTER ASSERT(i != 2 || x.x < 100, "boom") && x.x == 190 + i RETURN x.x)} UPDATE {} IN ot OPTIONS {ignoreErrors: true}');
-- attributes that a document lacks: the everyday form
SELECT upsert_many('ot', '[{"_key": "a", "n": 1, "tags": ["t1"]}, {"_key": "b", "n": 2}, {"_key": "c", "n": 3, "tags": ["c"]}]', '{"return": "none"}');
SELECT c8ql_execute('FOR i IN 1..3 REMOVE FIRST(FOR d IN ot FILTER d.n == i FOR t IN d.tags RETURN t) IN os OPTIONS {ignoreErrors: true}')->'extra'->'stats';
-- a row that failed goes on where nobody asks for OLD or NEW, INTO included
SELECT c8ql('FOR i IN 1..2 REMOVE CONCAT("gone", i) IN os OPTIONS {ignoreErrors: true} COLLECT x = 1 INTO g RETURN {x, g}');
SELECT c8ql('FOR i IN 1..2 REMOVE CONCAT("gone", i) IN os OPTIONS {ignoreErrors: true} COLLECT x = 1 INTO g = OLD RETURN {x, g}');
-- a call site that has seen such an error is as good as new
CREATE FUNCTION every_second(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text := '';
BEGIN
	FOR i IN 1..n LOOP
		BEGIN
			said := said || c8ql_eval('FIRST(FOR x IN os FILTER ASSERT(@i % 2 == 0 || x.x < 50, "boom") && x.x == 200 + @i RETURN x.x)', jsonb_build_object('i', i)) || ' ';
		EXCEPTION WHEN OTHERS THEN
			said := said || SQLERRM || ' ';
		END;
	END LOOP;
	RETURN said;
END $$;
SELECT every_second(5);

-- query levels: one statement that writes to several tables
CREATE TABLE said (id int GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION says() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	old_keys text;
	new_keys text;
BEGIN
	IF TG_LEVEL = 'ROW' THEN
		new_keys := NEW._key;
	ELSE
		IF TG_OP <> 'INSERT' THEN
			SELECT string_agg(_key, ' ' ORDER BY _key) INTO old_keys FROM ot;
		END IF;
		IF TG_OP <> 'DELETE' THEN
			SELECT string_agg(_key, ' ' ORDER BY _key) INTO new_keys FROM nt;
		END IF;
	END IF;
	INSERT INTO said (what) VALUES (concat_ws(' ', TG_TABLE_NAME, TG_WHEN, TG_OP, TG_LEVEL, old_keys, '->', new_keys));
	RETURN NULL;
END $$;
DO $$
BEGIN
	FOR i IN 1..3 LOOP
		PERFORM create_collection('lv' || i);
		EXECUTE format('CREATE TRIGGER ai AFTER INSERT ON %I REFERENCING NEW TABLE AS nt FOR EACH STATEMENT EXECUTE FUNCTION says()', 'lv' || i);
		EXECUTE format('CREATE TRIGGER au AFTER UPDATE ON %I REFERENCING OLD TABLE AS ot NEW TABLE AS nt FOR EACH STATEMENT EXECUTE FUNCTION says()', 'lv' || i);
		EXECUTE format('CREATE TRIGGER ad AFTER DELETE ON %I REFERENCING OLD TABLE AS ot FOR EACH STATEMENT EXECUTE FUNCTION says()', 'lv' || i);
	END LOOP;
END $$;
-- what statements the SQL store makes of it is its own affair: what matters is that all rows are told of, once
CREATE FUNCTION told() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', split_part(what, ' ', 1), split_part(what, ' ', 3), (SELECT string_agg(k, ' ' ORDER BY k) FROM unnest(array_agg(key)) k))
	FROM (SELECT what, regexp_split_to_table(regexp_replace(what, '^.*STATEMENT ', ''), ' ') AS key FROM said) s
	WHERE key NOT IN ('', '->')
	GROUP BY split_part(what, ' ', 1), split_part(what, ' ', 3) ORDER BY 1 $$;
SELECT c8ql('FOR i IN 1..3 INSERT {_key: CONCAT("a", i)} IN lv1 INSERT {_key: CONCAT("b", i)} IN lv2 UPSERT {_key: CONCAT("c", i)} INSERT {_key: CONCAT("c", i)} UPDATE {} IN lv3 RETURN NEW._key');
SELECT told();
TRUNCATE said;
SELECT c8ql('FOR i IN 1..3 UPDATE CONCAT("a", i) WITH {i} IN lv1 REMOVE CONCAT("b", i) IN lv2 LET x = (FOR j IN 1..2 INSERT {_key: CONCAT("d", i, j)} IN lv3) RETURN i');
SELECT told();
TRUNCATE said;
-- the same with rows that fail in between
SELECT c8ql_execute('FOR i IN 1..4 INSERT {_key: CONCAT("e", i)} IN lv1 INSERT {_key: i % 2 == 0 ? "bad key" : CONCAT("f", i)} IN lv2 OPTIONS {ignoreErrors: true} INSERT {_key: CONCAT("g", i)} IN lv3')->'extra'->'stats';
SELECT told();
TRUNCATE said;
-- two stores on one collection
SELECT c8ql('FOR i IN 1..2 INSERT {_key: CONCAT("h", i)} IN lv1 OPTIONS {exclusive: true} INSERT {_key: CONCAT("i", i)} IN lv1', '{}', '{"accessAfterWrite": true}');
SELECT told();
TRUNCATE said;
-- a statement within a trigger of a statement that writes to two tables
CREATE FUNCTION nests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM c8ql('FOR i IN 1..2 INSERT {_key: CONCAT(@k, "-", i)} IN lv2 INSERT {_key: CONCAT(@k, "-", i)} IN lv3', jsonb_build_object('k', NEW._key));
	RETURN NEW;
END $$;
CREATE TRIGGER bi BEFORE INSERT ON lv1 FOR EACH ROW EXECUTE FUNCTION nests();
SELECT c8ql('FOR i IN 1..2 INSERT {_key: CONCAT("x", i)} IN lv3 INSERT {_key: CONCAT("y", i)} IN lv1');
SELECT told();
TRUNCATE said;
-- an error that is caught there leaves the levels outside as they were
CREATE OR REPLACE FUNCTION nests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		PERFORM c8ql('FOR i IN 1..2 INSERT {_key: CONCAT(@k, i)} IN lv2 INSERT {_key: i == 2 ? "bad key" : CONCAT(@k, "-", i)} IN lv3', jsonb_build_object('k', NEW._key));
	EXCEPTION WHEN OTHERS THEN
		NULL;
	END;
	RETURN NEW;
END $$;
SELECT c8ql('FOR i IN 1..2 INSERT {_key: CONCAT("z", i)} IN lv3 INSERT {_key: CONCAT("z", i)} IN lv1');
SELECT told();
-- a foreign key between two collections of one statement
CREATE TABLE fk1 (_key text COLLATE "C" PRIMARY KEY, doc jsonb NOT NULL);
CREATE TABLE fk2 (_key text COLLATE "C" PRIMARY KEY, doc jsonb NOT NULL, of text GENERATED ALWAYS AS (doc ->> 'of') STORED REFERENCES fk1);
SELECT c8ql('FOR i IN 1..2 INSERT {_key: CONCAT("p", i)} IN fk1 INSERT {_key: CONCAT("c", i), of: CONCAT("p", i)} IN fk2');
SELECT c8ql('FOR i IN 3..4 INSERT {_key: CONCAT("p", i)} IN fk1 INSERT {_key: CONCAT("c", i), of: CONCAT("p", i + 1)} IN fk2');

-- a second store opened while the row of the first is composed: records and their repositories
SELECT create_record_store('lr');
CREATE FUNCTION record_says() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO said (what) SELECT concat_ws(' ', TG_TABLE_NAME, TG_OP, string_agg(k, ' ' ORDER BY k)) FROM (SELECT coalesce(to_jsonb(nt) ->> 'uri', to_jsonb(nt) ->> 'repo') AS k FROM nt) s;
	RETURN NULL;
END $$;
CREATE TRIGGER ai AFTER INSERT ON lr REFERENCING NEW TABLE AS nt FOR EACH STATEMENT EXECUTE FUNCTION record_says();
CREATE TRIGGER ai AFTER INSERT ON lr_repos REFERENCING NEW TABLE AS nt FOR EACH STATEMENT EXECUTE FUNCTION record_says();
CREATE TRIGGER au AFTER UPDATE ON lr_repos REFERENCING NEW TABLE AS nt FOR EACH STATEMENT EXECUTE FUNCTION record_says();
TRUNCATE said;
SELECT action FROM at_put_record('lr', 'did:plc:ewvi7nxzyoun6zhxrhs64oiz', 'com.example.a', 'k1', '{"$type": "com.example.a", "n": 1}');
SELECT count(*) FROM at_apply_writes('lr', 'did:plc:ewvi7nxzyoun6zhxrhs64oiz', '[
	{"$type": "com.atproto.repo.applyWrites#create", "collection": "com.example.a", "rkey": "k2", "value": {"$type": "com.example.a", "n": 2}},
	{"$type": "com.atproto.repo.applyWrites#create", "collection": "com.example.a", "rkey": "k3", "value": {"$type": "com.example.a", "n": 3}}]');
SELECT DISTINCT split_part(what, ' ', 1), regexp_split_to_table(regexp_replace(what, '^\S+ \S+ ', ''), ' ') AS k FROM said ORDER BY 1, 2;

DROP TABLE lr, oc, os, ot, lv1, lv2, lv3, fk1, fk2, said CASCADE;
DROP FUNCTION every_second, says, told, nests, record_says;
