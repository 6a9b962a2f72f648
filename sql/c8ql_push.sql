-- FILTERs of FOR that PostgreSQL helps with: the same answers as without, and how they are looked up.
\set SHOW_CONTEXT never
SELECT create_collection('pc', '{"unique": ["u"]}');
CREATE INDEX pc_a ON pc ((doc -> 'a'));
CREATE INDEX pc_t ON pc ((doc ->> 't'));
CREATE INDEX pc_c ON pc ((doc #>> '{o,c}') COLLATE "C");
SELECT c8ql('FOR i IN 0..19 LET v = [false, true, -1, 0, 1, 1.0, 2.5, 100000000000000000000, "", "a", "B", "b", "10", "é", [], [1], [null], {}, {a: 1}, null][i]
  INSERT {_key: CONCAT("k", 100 + i), a: v, t: v, o: {c: v}, u: {v, i}} INTO pc');
SELECT c8ql('FOR i IN 0..9 LET v = [false, true, -1, 0, 1.5, "s", [], {}, "x"][i] INSERT MERGE({_key: CONCAT("u", i)}, i == 9 ? {} : {u: v}) INTO pc');

-- each operator, each value, each attribute, alone and with a second bound; by literal and by parameter; turned around
CREATE FUNCTION differing() RETURNS TABLE (condition text, v jsonb, w jsonb, without jsonb, with_it jsonb) LANGUAGE plpgsql AS $$
DECLARE
  vals jsonb[] := ARRAY(SELECT jsonb_array_elements('[null, false, true, -1, 0, 1, 1.0, 2.5, 2, 100000000000000000000, "", "a", "B", "b", "10", "é", [], [1], [null], [[]], {}, {"a": 1}, [1, "a", null], [false, 2.5, []], "k105", "pc/k105", ["k101", "pc/k102", 5, "k103"]]'));
  c text; q text;
BEGIN
  FOREACH c IN ARRAY ARRAY['d.% == @v', 'd.% IN @v', 'd.% < @v', 'd.% <= @v', 'd.% > @v', 'd.% >= @v', '@v == d.%', '@v < d.%', '@v >= d.%', 'd.% > @v && d.% < @w', '@v <= d.% AND d.% <= @w && d.% != 1'] LOOP
    FOREACH v IN ARRAY vals LOOP
      FOREACH w IN ARRAY CASE WHEN c LIKE '%@w%' THEN vals[4:14] ELSE '{null}'::jsonb[] END LOOP
        FOR q IN SELECT replace(c, '%', a) FROM unnest('{a,t,o.c,u,_key,_id}'::text[]) a LOOP
          SELECT jsonb_agg(x ORDER BY x) INTO with_it FROM c8ql('FOR d IN pc FILTER ' || q || ' RETURN d._key', jsonb_build_object('v', v) || CASE WHEN c LIKE '%@w%' THEN jsonb_build_object('w', w) ELSE '{}' END) x;
          SELECT jsonb_agg(x ORDER BY x) INTO without FROM c8ql('FOR d IN pc OPTIONS {disableIndex: true} FILTER ' || q || ' RETURN d._key', jsonb_build_object('v', v) || CASE WHEN c LIKE '%@w%' THEN jsonb_build_object('w', w) ELSE '{}' END) x;
          condition := q;
          IF without IS DISTINCT FROM with_it THEN RETURN NEXT; END IF;
        END LOOP;
      END LOOP;
    END LOOP;
  END LOOP;
END $$;
SELECT * FROM differing();
SET enable_seqscan = off;
SELECT * FROM differing();
RESET enable_seqscan;

-- how
SELECT q, string_agg(e, '; ') FROM unnest(ARRAY['d._key == "k101"', 'd._id == "pc/k101"', 'd._key IN ["k101", "k102"]', 'd._key > "k1"', 'd.a == 1', 'd.a > 1 && d.b == 2', 'd.b == 2', 'd.u == 1', 'd.t == "x"', 'd.o.c == "x"', 'd.o.c.e == 1', 'd.a == d.t',
  'd.a == LOWER("X")', 'd.a == RAND()', 'd.a == 1 || d.a == 2', 'd.a != 1', 'd.a == LENGTH(pc)', '1 < d.a', 'd.a == NOPE']) q, LATERAL (SELECT e FROM c8ql_explain('FOR d IN pc FILTER ' || q || ' RETURN d') e WHERE q NOT LIKE '%NOPE') e GROUP BY q ORDER BY q COLLATE "C";
SELECT c8ql_explain('FOR d IN pc SORT d._key LIMIT 2 RETURN d');
SELECT c8ql_explain('FOR d IN pc SORT d._key DESC LIMIT 1, 2 RETURN d');
SELECT c8ql_explain('FOR d IN pc SORT d._key RETURN d'), c8ql_explain('FOR d IN pc LIMIT 2 RETURN d');
-- what depends on the row of the input
SELECT c8ql('FOR x IN [1, "a", null] FOR d IN pc FILTER d.a == x SORT d._key RETURN [x, d._key]');
SELECT c8ql('FOR x IN pc FILTER x._key IN ["k104", "k109"] FOR d IN pc FILTER d.t == x.a SORT d._key RETURN [x._key, d._key]');
SELECT c8ql('LET d = 5 FOR e IN pc FILTER e.a == d RETURN e');
-- first ones by key
SELECT array_agg(x) FROM c8ql('FOR d IN pc SORT d._key LIMIT 3 RETURN d._key') x;
SELECT array_agg(x) FROM c8ql('FOR d IN pc SORT d._key DESC LIMIT 1, 2 RETURN d._key') x;
SELECT array_agg(x) FROM c8ql('FOR d IN pc SORT d._key LIMIT 28, null RETURN d._key') x;
SELECT array_agg(x) FROM c8ql('FOR d IN pc SORT d._key LIMIT @o, @n RETURN d._key', '{"o": 27, "n": 10}') x;
SELECT c8ql_execute('FOR d IN pc SORT d._key LIMIT 1 RETURN d._key', '{}', '{"fullCount": true}')->'extra'->'stats'->'fullCount';
SELECT c8ql('FOR d IN pc SORT d._key LIMIT -1 RETURN d');
SELECT array_agg(x) FROM c8ql('FOR d IN pc FILTER d.a == null SORT d._key LIMIT 2 RETURN d._key') x;
-- by an attribute: SQL does it as long as there are numbers only
SELECT create_collection('po');
CREATE INDEX po_n ON po ((doc -> 'n'));
SELECT count(*) FROM c8ql('FOR i IN 1..200 INSERT {_key: CONCAT("k", i), n: (i * 37) % 101 - 50.5} INTO po');
SELECT c8ql_explain('FOR d IN po SORT d.n LIMIT 3 RETURN d');
CREATE FUNCTION first_ones(q text) RETURNS TABLE (by_index jsonb, same boolean) LANGUAGE sql AS $$
  SELECT a, a = b FROM (SELECT jsonb_agg(x) a FROM c8ql('FOR d IN po SORT ' || q || ' RETURN d.n') x) s, (SELECT jsonb_agg(x) b FROM c8ql('FOR d IN po OPTIONS {disableIndex: true} SORT ' || q || ' RETURN d.n') x) t $$;
SELECT * FROM unnest(ARRAY['d.n LIMIT 3', 'd.n DESC LIMIT 2, 3', 'd.n LIMIT 0', 'd.n LIMIT 198, 9']) q, first_ones(q);
SELECT c8ql('FOR v IN ["s", null, true, [], {}, [1]] INSERT {n: v} INTO po RETURN [NEW.n, (FOR d IN po SORT d.n LIMIT 3 RETURN d.n)[0], (FOR d IN po SORT d.n DESC LIMIT 3 RETURN d.n)[0]]', '{}', '{"accessAfterWrite": true}');
SELECT * FROM unnest(ARRAY['d.n LIMIT 3', 'd.n DESC LIMIT 6', 'd.n LIMIT 198, 9']) q, first_ones(q);
DROP TABLE po;
DROP FUNCTION first_ones;
-- warnings come from the FILTER, and only where it runs
SELECT c8ql('FOR d IN pc FILTER d.a == 1 / 0 COLLECT WITH COUNT INTO n RETURN n > 0', '{}', '{"failOnWarning": false}') IS NOT NULL FROM (SELECT set_config('client_min_messages', 'error', false)) s;
RESET client_min_messages;
SELECT create_collection('empty');
SELECT count(*) FROM c8ql('FOR d IN empty FILTER d._key == 1 / 0 RETURN d', '{}', '{"failOnWarning": true}');
-- other keys
CREATE TABLE ik (id int PRIMARY KEY, doc jsonb);
INSERT INTO ik SELECT i, jsonb_build_object('n', i) FROM generate_series(1, 12) i;
SELECT c8ql('FOR d IN ik FILTER d._key == "7" RETURN d.n'), c8ql('FOR d IN ik FILTER d._key IN ["3", "x", "12", 5] SORT d.n RETURN d.n');
SELECT array_agg(x) FROM c8ql('FOR d IN ik FILTER d._key > "5" SORT d._key LIMIT 3 RETURN d._key') x;
SELECT count(*) FROM c8ql('FOR d IN ik FILTER d._key == 7 RETURN d');
CREATE VIEW iv AS SELECT id::text AS _key, doc FROM ik;
SELECT c8ql('FOR d IN iv FILTER d._key == "7" RETURN d.n');
-- policies come first
CREATE ROLE regress_pusher;
GRANT SELECT ON pc TO regress_pusher;
ALTER TABLE pc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON pc TO regress_pusher USING (_key < 'k105');
SET ROLE regress_pusher;
SELECT array_agg(x) FROM c8ql('FOR d IN pc FILTER d.a >= 0 SORT d._key RETURN d._key') x;
SELECT c8ql('FOR d IN pc FILTER d._key == "k110" RETURN d');
RESET ROLE;
DROP FUNCTION differing;
DROP VIEW iv;
DROP TABLE pc, ik, empty;
DROP ROLE regress_pusher;
