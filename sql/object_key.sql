-- upsert_object: the key is that of the row that would be inserted
\set SHOW_CONTEXT never

-- an expression over a null, or over what is not given
CREATE TABLE co (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b int, v int);
CREATE UNIQUE INDEX co_u ON co (a, coalesce(b, -1));
INSERT INTO co (a) VALUES (1);
SELECT action, key, new FROM upsert_object('co', '{"a": 1, "b": null, "v": 1}', 'co_u');
SELECT action, key, new FROM upsert_object('co', '{"a": 1, "v": 2}', 'co_u');
SELECT action, key, new FROM upsert_object('co', '{"a": 1, "v": 3}', 'any');
SELECT action, key, new FROM upsert_object('co', '{"a": 1, "b": -1, "v": 4}', 'any');
SELECT action, key, new FROM upsert_object('co', '{"a": 2, "v": 5}', 'any');
SELECT action, key, new FROM upsert_object('co', '{"b": 2}', 'co_u');
SELECT action, key, new FROM upsert_object('co', '{"a": null}', 'co_u');
SELECT ord, action, key FROM upsert_objects('co', '[{"a": 2, "v": 6}, {"a": 3, "b": 1}, {"a": 2, "b": -1, "v": 7}]', 'co_u');

CREATE TABLE people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, first text, mid text, last text, v int);
CREATE UNIQUE INDEX people_name ON people ((first || '|' || coalesce(mid, '') || '|' || last));
SELECT action, key FROM upsert_object('people', '{"first": "A", "last": "B", "v": 1}', 'people_name');
SELECT action, key FROM upsert_object('people', '{"first": "A", "mid": null, "last": "B", "v": 2}', 'people_name');
SELECT action, key FROM upsert_object('people', '{"first": "A", "mid": "", "last": "B", "v": 3}', 'any');
SELECT action, key FROM upsert_object('people', '{"first": "A", "v": 3}', 'people_name');

-- a key that is null finds nothing, and is no way to make rows again and again
CREATE TABLE mails (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, doc jsonb, a text, v int);
CREATE UNIQUE INDEX mails_doc ON mails ((doc->>'email'));
CREATE UNIQUE INDEX mails_a ON mails (nullif(a, ''));
SELECT action FROM upsert_object('mails', '{"doc": {"email": "x"}, "v": 1}', 'mails_doc');
SELECT action FROM upsert_object('mails', '{"doc": {"email": "x", "n": 1}, "v": 1}', 'mails_doc');
SELECT action FROM upsert_object('mails', '{"doc": {"mail": "x"}}', 'mails_doc');
SELECT action FROM upsert_object('mails', '{"doc": null}', 'mails_doc');
SELECT action FROM upsert_object('mails', '{"v": 1}', 'mails_doc');
SELECT action FROM upsert_object('mails', '{"a": ""}', 'mails_a');
SELECT action FROM upsert_object('mails', '{"a": "", "v": 7}', 'any');
SELECT ord, action, error->>'sqlstate' AS error FROM upsert_objects('mails', '[{"a": ""}, {"a": "q"}]', 'mails_a', '{"ignoreErrors": true}');

-- predicates
CREATE TABLE parts (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, p int, a int, b int, live boolean DEFAULT true, v int);
CREATE UNIQUE INDEX parts_null ON parts (p, a, (b IS NULL)) WHERE b IS NULL;
CREATE UNIQUE INDEX parts_live ON parts (p) WHERE live;
CREATE UNIQUE INDEX parts_div ON parts ((10 / a)) WHERE a <> 0;
SELECT action, key, new->'id' AS id FROM upsert_object('parts', '{"p": 1, "a": 1, "v": 1}', 'parts_null');
SELECT action, key, new->'id' AS id FROM upsert_object('parts', '{"p": 1, "a": 1, "b": null, "v": 2}', 'parts_null');
SELECT action, key, new->'id' AS id FROM upsert_object('parts', '{"p": 1, "a": 11, "b": 3, "live": false}', 'parts_null');
SELECT action, key, new->'id' AS id FROM upsert_object('parts', '{"p": 1, "v": 3}', 'parts_live');
SELECT action, key, new->'id' AS id FROM upsert_object('parts', '{"p": 1, "live": false}', 'parts_live');
SELECT action, key, new->'id' AS id FROM upsert_object('parts', '{"p": 1, "live": null}', 'any');
SELECT action, key, new->'id' AS id FROM upsert_object('parts', '{"p": 7, "a": 0}', 'parts_div');
SELECT action, key, new->'id' AS id FROM upsert_object('parts', '{"p": 7, "a": 0}', 'parts_div', '{"mustExist": true}');

-- generated columns: without, with the right value, with another one
CREATE TABLE gk (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text COLLATE "C",
	email_l text COLLATE "C" GENERATED ALWAYS AS (lower(email COLLATE "C")) STORED UNIQUE, n int);
SELECT action, key, new FROM upsert_object('gk', '{"email": "A", "n": 1}', 'gk_email_l_key');
SELECT action, key, new FROM upsert_object('gk', '{"email": "a", "n": 2}', 'gk_email_l_key');
SELECT action, key, new FROM upsert_object('gk', '{"email": "A", "email_l": "a", "n": 3}', 'gk_email_l_key');
SELECT action, key, new FROM upsert_object('gk', '{"email": "B", "email_l": "b", "n": 1}', 'gk_email_l_key');
SELECT action, key, new FROM upsert_object('gk', '{"email": "C", "email_l": "c", "n": 1}', 'any');
SELECT action, key, new FROM upsert_object('gk', '{"email": "c", "n": 2}', 'any');
SELECT action, key, new FROM upsert_object('gk', '{"email": "c", "n": 3}', ARRAY['email_l']);
SELECT action, key, new FROM upsert_object('gk', '{"email_l": "c", "n": 4}', 'gk_email_l_key');
SELECT action, key, new FROM upsert_object('gk', '{"email": "D", "email_l": "x"}', 'gk_email_l_key');
SELECT action, key, new FROM upsert_object('gk', '{"email": null}', 'gk_email_l_key');
SELECT action, key, new FROM upsert_object('gk', '{"n": 1}', 'gk_email_l_key');
SELECT action, new FROM upsert_object('gk', '{"email": "E", "email_l": "e"}', 'gk_email_l_key', '{"dryRun": true}');
-- ... also of a row that was read, sent to another table
CREATE TABLE gk2 (id int PRIMARY KEY, d int DEFAULT 5, twice int GENERATED ALWAYS AS (d * 2) STORED, r float8 DEFAULT random(),
	q float8 GENERATED ALWAYS AS (r + 1) STORED);
SELECT action, new - 'r' - 'q' AS new FROM upsert_object('gk2', '{"id": 1, "twice": 10}');
SELECT action, new - 'r' - 'q' AS new FROM upsert_object('gk2', '{"id": 2, "d": 1, "twice": 2}');
SELECT action FROM upsert_object('gk2', '{"id": 3, "d": 1, "twice": 10}');
SELECT action FROM upsert_object('gk2', '{"id": 3, "q": 1.5}');

-- defaults
CREATE SEQUENCE dk_seq;
CREATE TABLE dk (region text COLLATE "C" DEFAULT 'eu', no int, s int DEFAULT nextval('dk_seq'), v int,
	PRIMARY KEY (region, no), CONSTRAINT dk_s UNIQUE (s), CONSTRAINT dk_ns UNIQUE (no, s));
SELECT action, key FROM upsert_object('dk', '{"no": 1, "v": 1}');
SELECT action, key FROM upsert_object('dk', '{"no": 1, "v": 2}');
SELECT action, key FROM upsert_object('dk', '{"region": "us", "no": 1, "v": 2}');
SELECT action, key FROM upsert_object('dk', '{"no": 1, "v": 3}', ARRAY['region', 'no']);
SELECT action, key FROM upsert_object('dk', '{"no": 1, "v": 4}', 'any');
SELECT action, key FROM upsert_object('dk', '{"region": null, "no": 1}');
SELECT action, key FROM upsert_object('dk', '{"region": "eu"}');
SELECT action, key FROM upsert_object('dk', '{"no": 1}', 'dk_s');
SELECT action, key FROM upsert_object('dk', '{"no": 1}', 'dk_ns');
SELECT last_value FROM dk_seq;
-- the primary key is an identity: nothing of it given is a new row, some of it is not
CREATE TABLE ik (region text COLLATE "C" DEFAULT 'eu', id int GENERATED ALWAYS AS IDENTITY, v int, PRIMARY KEY (region, id));
SELECT action, key FROM upsert_object('ik', '{"v": 1}');
SELECT action, key FROM upsert_object('ik', '{"region": "eu", "v": 1}');
-- a default that is the only key
CREATE TABLE one (sole boolean DEFAULT true PRIMARY KEY CHECK (sole), v int);
SELECT action, key FROM upsert_object('one', '{"v": 1}');
SELECT action, key FROM upsert_object('one', '{"v": 2}');
SELECT action, key FROM upsert_object('one', '{"v": 3}', 'any');
SELECT action, key FROM upsert_object('one', '{"sole": null, "v": 4}');

-- NULLS NOT DISTINCT: null is a value, and so is what would be null
CREATE TABLE nn (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b int, v int, CONSTRAINT nn_u UNIQUE NULLS NOT DISTINCT (a, b));
SELECT action, key FROM upsert_object('nn', '{"a": 1, "v": 1}', 'nn_u');
SELECT action, key FROM upsert_object('nn', '{"a": 1, "b": null, "v": 2}', 'nn_u');
SELECT action, key FROM upsert_object('nn', '{"a": 1, "v": 3}', 'any');
SELECT action, key FROM upsert_object('nn', '{"v": 4}', 'nn_u');
SELECT action, key FROM upsert_object('nn', '{"v": 5}', 'any');
SELECT action, key, new->'v' AS v FROM upsert_object('nn', '{"id": 1, "v": 6}', 'any');

-- what it takes to compute the key is the caller's to do, and errors are his
CREATE FUNCTION refuse() RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
CREATE TABLE rk (a int DEFAULT refuse(), b int, PRIMARY KEY (a, b));
SELECT action FROM upsert_object('rk', '{"b": 1}');
SELECT action FROM upsert_object('rk', '{"a": 1, "b": 1}');

-- against ON CONFLICT: whatever the key is made of, the same rows
CREATE TABLE law_keys (name text, columns text, target text);
INSERT INTO law_keys VALUES
	('k1', 'UNIQUE (a, b)', '(a, b)'), ('k2', 'UNIQUE (d)', '(d)'), ('k3', 'UNIQUE (g)', '(g)'), ('k4', 'UNIQUE (a, d, g)', '(a, d, g)'),
	('k5', 'UNIQUE NULLS NOT DISTINCT (a, b)', '(a, b)'), ('k6', 'UNIQUE NULLS NOT DISTINCT (g)', '(g)');
INSERT INTO law_keys VALUES
	('x1', '(a, coalesce(b, -1))', '(a, coalesce(b, -1))'), ('x2', '((a + b))', '((a + b))'), ('x3', '(coalesce(a, b, d))', '(coalesce(a, b, d))'),
	('x4', '(a) WHERE b IS NULL', '(a) WHERE b IS NULL'), ('x5', '(g) WHERE d > 1', '(g) WHERE d > 1'), ('x6', '((a IS NULL), b) WHERE a IS NULL', '((a IS NULL), b) WHERE a IS NULL'),
	('x7', '((g % 2)) WHERE a = 1', '((g % 2)) WHERE a = 1');
CREATE FUNCTION law_objects() RETURNS SETOF jsonb LANGUAGE sql AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object('a', nullif(a, 9), 'b', nullif(b, 9), 'd', nullif(d, 9))) ||
		CASE WHEN a = 8 THEN '{"a": null}' ELSE '{}' END::jsonb || CASE WHEN b = 8 THEN '{"b": null}' ELSE '{}' END::jsonb ||
		jsonb_build_object('v', row_number() OVER (ORDER BY (a * 7 + b * 5 + d * 3) % 11, a, b, d))
	FROM unnest(ARRAY[1, 2, 8, 9]) a, unnest(ARRAY[1, 2, 8, 9]) b, unnest(ARRAY[1, 2, 9]) d $$;
CREATE FUNCTION law(name text, columns text, target text, how text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o jsonb; ours text; cols text; excluded text; mine text; yours text; diff bigint; wrong text := ''; refused int := 0; n int := 0;
BEGIN
	FOR ours IN SELECT unnest(ARRAY['ours', 'theirs']) LOOP
		EXECUTE format('CREATE TABLE %I (a int, b int, d int DEFAULT 1, v int, g int GENERATED ALWAYS AS (a + d) STORED)', ours);
		IF columns LIKE 'UNIQUE%' THEN EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I %s', ours, name || left(ours, 1), columns);
		ELSE EXECUTE format('CREATE UNIQUE INDEX %I ON %I %s', name || left(ours, 1), ours, columns); END IF;
	END LOOP;
	FOR o IN SELECT law_objects() LOOP
		n := n + 1;
		mine := '00000';
		yours := '00000';
		SELECT string_agg(k, ', '), string_agg('excluded.' || k, ', ') INTO cols, excluded FROM jsonb_object_keys(o) k;
		BEGIN
			IF how = 'any' THEN PERFORM upsert_object('ours', o, 'any');
			ELSIF how = 'batch' THEN PERFORM upsert_objects('ours', jsonb_build_array(o), name || 'o');
			ELSE PERFORM upsert_object('ours', o, name || 'o'); END IF;
		EXCEPTION WHEN SQLSTATE 'UP005' OR unique_violation THEN mine := SQLSTATE; END;
		IF mine = 'UP005' THEN
			-- nothing could be found: all that ON CONFLICT can do is to insert
			refused := refused + 1;
			EXECUTE format('INSERT INTO theirs (%s) SELECT %1$s FROM jsonb_populate_record(NULL::theirs, $1) ON CONFLICT %s DO NOTHING', cols, target) USING o;
			GET DIAGNOSTICS diff = ROW_COUNT;
			EXECUTE 'DELETE FROM theirs WHERE v = $1' USING (o->>'v')::int;
			IF diff = 0 THEN wrong := wrong || ' refused ' || o; END IF;
			CONTINUE;
		END IF;
		-- what is updated may have another key then, and be in the way of others: for both
		BEGIN
			EXECUTE format('INSERT INTO theirs (%s) SELECT %1$s FROM jsonb_populate_record(NULL::theirs, $1) ON CONFLICT %s DO UPDATE SET (%1$s) = ROW(%3$s)',
				cols, target, excluded) USING o;
		EXCEPTION WHEN unique_violation THEN yours := SQLSTATE; END;
		IF mine <> yours THEN wrong := wrong || format(' %s not %s %s', mine, yours, o); END IF;
		SELECT count(*) INTO diff FROM (
			(TABLE ours EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE ours)) x;
		IF diff > 0 THEN wrong := wrong || ' ' || o; EXIT; END IF;
	END LOOP;
	DROP TABLE ours, theirs;
	RETURN format('%s of %s refused', refused, n) || coalesce(nullif(wrong, '') || ' WRONG', '');
END $$;
SELECT name, columns, law(name, columns, target, 'name'), law(name, columns, target, 'batch') = law(name, columns, target, 'name') AS batch,
	law(name, columns, target, 'any') AS any
FROM law_keys ORDER BY name;

-- object_schema asks of an object what the key takes
SELECT name, columns, usable FROM upsert_criteria('gk') WHERE NOT is_primary;
SELECT object_schema('gk', 'gk_email_l_key')->'required' AS gk, object_schema('co', 'co_u')->'required' AS co,
	object_schema('dk')->'required' AS dk, object_schema('dk')->'dependentRequired' AS dk_dependent,
	object_schema('nn', 'nn_u')->'required' AS nn, object_schema('one', NULL, 'update')->'required' AS one;

DROP TABLE co, people, mails, parts, gk, gk2, dk, ik, one, nn, rk, law_keys;
DROP SEQUENCE dk_seq;
DROP FUNCTION law, law_objects, refuse;
