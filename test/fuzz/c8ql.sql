-- C8QL: whole statements and expressions, spoiled and spliced.  Whatever comes
-- out of it parses to a tree whose canonical text is stable, runs or fails with
-- an error of the contract, and counts its writes right.
\pset tuples_only on
\set QUIET on
SET client_min_messages = error;
SET statement_timeout = '120s';
CREATE EXTENSION upsert;
SELECT setseed(:seed) \g /dev/null
SELECT create_collection('c'), create_collection('d', '{"unique": ["a"]}') \g /dev/null
SELECT upsert_load('c', '[{"_key": "a", "n": 1, "o": {"p": [1, {"q": 2}]}}, {"_key": "b", "n": null, "l": ["x", "y"]}, {"_key": "k", "s": "text"}]') \g /dev/null

CREATE TABLE seeds (id int GENERATED ALWAYS AS IDENTITY, q text);
INSERT INTO seeds (q) VALUES
	('UPSERT {_key: "a"} INSERT {_key: "a", n: 1} UPDATE {n: OLD.n + 1} IN c RETURN {doc: NEW, type: OLD ? "update" : "insert"}'),
	('FOR i IN 1..9 UPSERT {n: i} INSERT {n: i} REPLACE {n: i, was: OLD} IN c OPTIONS {keepNull: false, ignoreErrors: true} RETURN NEW._key'),
	('FOR x IN @list UPSERT {a: x.b} INSERT x UPDATE MERGE(OLD, x) IN d LIMIT 1, 2 RETURN $NEW'),
	('UPSERT @s INSERT @s UPDATE {a: null} IN @@d OPTIONS {ignoreRevs: false, mergeObjects: true}'),
	('UPSERT FILTER CURRENT.n > 0 && $CURRENT.o.p[1].q == 2 INSERT {} UPDATE {hit: true} INTO c RETURN OLD'),
	('FOR v IN c FILTER v.n != null SORT v.n DESC, v._key LIMIT 5 RETURN DISTINCT v.n'),
	('FOR v IN c COLLECT t = TYPENAME(v.n), u = v.s AGGREGATE m = MAX(v.n), k = LENGTH() INTO g = v._key RETURN {t, u, m, k, g}'),
	('FOR v IN c COLLECT WITH COUNT INTO n RETURN n'),
	('LET a = FIRST(UPSERT {a: 1} INSERT {a: 1} UPDATE {} IN d RETURN NEW) LET b = (FOR w IN c RETURN w.l[*]) RETURN [a, b]'),
	('INSERT {_key: CONCAT("k", 1), l: [1, 2,], `odd name`: ''q''} INTO c OPTIONS {overwriteMode: "update"} RETURN NEW'),
	('UPDATE "a" WITH {o: {p: null}} IN c RETURN [OLD.o, NEW.o]'),
	('REPLACE {_key: "b", x: 1.5e3} IN c'),
	('REMOVE "k" IN c RETURN OLD'),
	('WITH c, d FOR i IN [3, 2, 1] FOR j IN 1..i INSERT {i, j} IN d COLLECT s = i WITH COUNT INTO n RETURN [s, n]'),
	('RETURN DOCUMENT("c/a").o.p[* FILTER CURRENT LIMIT 1 RETURN CURRENT].q'),
	('RETURN [@list[**].b, @list[*].b[*], (@list[*].b)[0], @list ANY == 1, [1, 2] ALL IN 1..3, [1] AT LEAST (1) > 0]'),
	('RETURN a ? b : c ?: d || e && !f == g IN h < 1 .. 2 + 3 * -4 % 5'),
	('RETURN {"a": 1, b, [1 + 1]: 2, @n: 3, `x`: [], "\u00e9\n": null}.b["c"][-1].@n'),
	('RETURN "x" LIKE "%x" OR "y" NOT LIKE "_" AND "z" =~ "." && "a" !~ "b" // end'),
	('/* comment */ RETURN NOT (1 NOT IN [2]) ? LENGTH(c) : COUNT(FOR x IN c RETURN 1)'),
	('FOR v, e, p IN 1..2 ANY "d/1" d, INBOUND c PRUNE s = v.n == 1 OPTIONS {order: "bfs", uniqueVertices: "global"} FILTER e != null || s RETURN [v, p.edges[*].n]'),
	('FOR x IN c FOR w IN OUTBOUND x d SORT w._key RETURN w'),
	('FOR i IN 1..9 WINDOW {preceding: 1, following: "unbounded"} AGGREGATE a = SUM(i), b = UNIQUE(i % 3) WINDOW i WITH {preceding: 2.5} AGGREGATE g = MAX(i) RETURN [a, b, g]'),
	('FOR i IN c WINDOW DATE_TIMESTAMP(i.t) WITH {preceding: "P1MT3S"} AGGREGATE g = PUSH(i) RETURN g'),
	('LET {n, o: {p: [q, , r]}} = FIRST(c), [x, y] = @list FOR [k, v] IN ENTRIES(x) RETURN [n, q, r, y, k, v]'),
	('RETURN [[1, 2][? 1..2 FILTER CURRENT > 1], @list[? ALL FILTER CURRENT.b], c[?], @list[? AT LEAST (1) FILTER CURRENT.b[? NONE FILTER CURRENT]]]'),
	('FOR v IN c FILTER v._key IN ["a", "b"] && v.n >= 1 && v.n < 5 SORT v._key LIMIT 1 RETURN v.n'),
	('RETURN [DATE_ADD("2023-03-25", 1, "day", "Europe/Berlin"), DATE_UTCTOLOCAL(0, "UTC", true), UPSERT_BY(@list, "b", {b: 1, c: 2}, true), COLLECTIONS()]'),
	('REMOVE {_key: "a", _rev: "x"} IN c OPTIONS {ignoreRevs: false, ignoreErrors: true} RETURN OLD'),
	('{name: "superuser", logins: OLD.logins + 1, when: DATE_NOW()}'),
	('OLD.l || [], NEW._id ?: 0x1F + 0b11 - .5');

CREATE FUNCTION seed_text() RETURNS text LANGUAGE sql VOLATILE AS
	'SELECT q FROM seeds WHERE id = 1 + floor(random() * (SELECT count(*) FROM seeds))::int';
CREATE FUNCTION token() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT (ARRAY['{', '}', '[', ']', '(', ')', ',', '.', '..', ':', '?', '=', '==', '&&', '!', '-', '*', '[*', '[**]', 'FOR', 'IN', 'INTO', 'RETURN', 'UPSERT', 'INSERT', 'UPDATE', 'REPLACE',
		'REMOVE', 'WITH', 'LET', 'FILTER', 'SORT', 'LIMIT', 'COLLECT', 'OPTIONS {}', 'DISTINCT', 'NOT', 'LIKE', 'ALL', 'ANY', 'NONE', 'AT LEAST (1)', 'OLD', 'NEW', 'CURRENT', 'c', 'd', '@s', '@@d',
		'"', '''', '`', '´', '/*', '//', '\', '\u', '0x', '1e', '9', '_key', 'é', '#', 'AGGREGATE', 'KEEP', 'NULL', '::', 'WINDOW', 'OUTBOUND', 'INBOUND', 'PRUNE', '[?', ', ,', 'GRAPH', 'SEARCH'])[1 + floor(random() * 75)::int] $$;
CREATE FUNCTION spoil(q text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	n int := floor(random() * 4);
	at int;
	other text;
BEGIN
	FOR i IN 1..n LOOP
		at := 1 + floor(random() * (length(q) + 1));
		CASE floor(random() * 4)::int
			WHEN 0 THEN q := overlay(q PLACING '' FROM at FOR 1 + floor(random() * 10)::int);
			WHEN 1 THEN q := overlay(q PLACING ' ' || token() || ' ' FROM at FOR 0);
			WHEN 2 THEN q := overlay(q PLACING token() FROM at FOR floor(random() * 6)::int);
			ELSE
				other := seed_text();
				q := overlay(q PLACING substr(other, 1 + floor(random() * length(other))::int, 30) FROM at FOR floor(random() * 10)::int);
		END CASE;
	END LOOP;
	RETURN left(q, 600);
END $$;

-- what went wrong, NULL if nothing did; nothing that a statement writes stays
CREATE FUNCTION violation(q text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	canonical text;
	stats jsonb;
	wrong text;
	bind jsonb := '{"list": [{"b": 1}, {"b": [2, 3]}], "s": {"n": 1}, "@d": "d", "n": "n", "OLD": {"l": [1]}}';
BEGIN
	BEGIN
		canonical := q::docexpr::text;
	EXCEPTION WHEN OTHERS THEN
		IF SQLSTATE ~ '^(XX|58)' THEN
			RETURN SQLSTATE || ' ' || SQLERRM || ': ' || q;
		END IF;
	END;
	IF canonical IS NOT NULL AND canonical::docexpr::text <> canonical THEN
		RETURN 'unstable: ' || q || ' gives ' || canonical;
	END IF;
	-- no range that takes long
	IF q ~ '[0-9]{4,}|[0-9][eExX]' THEN
		RETURN NULL;
	END IF;
	BEGIN
		IF canonical IS NOT NULL THEN
			PERFORM c8ql_eval(canonical::docexpr, bind);
		END IF;
	EXCEPTION WHEN OTHERS THEN
		IF SQLSTATE ~ '^(XX|58)' THEN
			RETURN SQLSTATE || ' ' || SQLERRM || ': ' || q;
		END IF;
	END;
	BEGIN
		PERFORM c8ql_explain(q);
		SELECT r->'extra'->'stats' INTO stats FROM c8ql_execute(q,
			(SELECT COALESCE(jsonb_object_agg(key, value), '{}') FROM jsonb_each(bind) WHERE q ~ ('@' || key))) r;
		IF (stats->>'writesExecuted')::int <> (stats->>'inserted')::int + (stats->>'updated')::int
			+ (stats->>'unchanged')::int + COALESCE((stats->>'removed')::int, 0) THEN
			wrong := 'stats ' || stats || ': ' || q;
		END IF;
		RAISE EXCEPTION USING ERRCODE = 'U0000';
	EXCEPTION WHEN OTHERS THEN
		IF SQLSTATE ~ '^(XX|58)' THEN
			RETURN SQLSTATE || ' ' || SQLERRM || ': ' || q;
		END IF;
	END;
	RETURN wrong;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM || ': ' || q;
END $$;

-- the seeds themselves, then what becomes of them
SELECT v FROM seeds, violation(q) v WHERE v IS NOT NULL;
SELECT v FROM generate_series(1, :rounds * 4) i, LATERAL (SELECT spoil(seed_text()) AS q WHERE i > 0 OFFSET 0) s, violation(q) v WHERE v IS NOT NULL;
-- nothing was left behind
SELECT 'written: ' || count(*) FROM c HAVING count(*) <> 3;
