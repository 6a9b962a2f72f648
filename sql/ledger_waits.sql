-- New nodes of a call wait, to be inserted together, and so do the rows of its
-- history.  A ledger that got the same nodes one by one knows what is right.
\set VERBOSITY terse
SELECT create_ledger('many'), create_ledger('single'), create_ledger('bare', '{"history": false, "index": "values"}');
CREATE FUNCTION nodes(n int, round int) RETURNS jsonb STABLE LANGUAGE sql AS $$
  SELECT jsonb_agg(CASE i % 4 WHEN 0 THEN jsonb_build_object('@id', 'http://n/' || i, 'http://p/v', i / round, 'http://p/part', jsonb_build_object('http://p/in', i))
    WHEN 1 THEN jsonb_build_object('@id', 'http://n/' || i, 'http://p/v', jsonb_build_array(i, round), 'http://p/to', jsonb_build_object('@id', 'http://n/' || i + 1))
    WHEN 2 THEN jsonb_build_object('@id', 'http://n/' || i, 'http://p/v', round, '@type', 'http://c/' || i % 3)
    ELSE jsonb_build_object('@id', 'http://g/' || i % 2, '@graph', jsonb_build_array(jsonb_build_object('@id', 'http://n/' || i, 'http://p/v', i + round))) END ORDER BY i * 7919 % 1009) FROM generate_series(1, n) i $$;
-- both get them; what differs, and is each t explained by its rows?
CREATE FUNCTION law(verb text, n int, round int) RETURNS TABLE (receipt text, nodes bigint, flakes bigint, unexplained bigint) LANGUAGE plpgsql AS $$
DECLARE a jsonb; b jsonb; c jsonb; asserted bigint := 0; retracted bigint := 0; new_t bigint;
BEGIN
  EXECUTE format('SELECT ledger_%s(''many'', $1)', verb) INTO a USING nodes(n, round);
  EXECUTE format('SELECT ledger_%s(''bare'', $1)', verb) INTO c USING nodes(n, round);
  FOR b IN EXECUTE format('SELECT ledger_%s(''single'', d) FROM jsonb_array_elements($1) d', verb) USING nodes(n, round) LOOP
    asserted := asserted + (b->>'asserted')::bigint;
    retracted := retracted + (b->>'retracted')::bigint;
  END LOOP;
  new_t := a->>'t';
  receipt := format('+%s -%s, singly +%s -%s, bare +%s -%s', a->>'asserted', a->>'retracted', asserted, retracted, c->>'asserted', c->>'retracted');
  SELECT count(*) FROM (SELECT graph, iri, doc FROM "many:main") m FULL JOIN (SELECT graph, iri, doc FROM "single:main") s USING (graph, iri) FULL JOIN (SELECT graph, iri, doc FROM "bare:main") b USING (graph, iri)
    WHERE m.doc IS DISTINCT FROM s.doc OR b.doc IS DISTINCT FROM s.doc INTO nodes;
  SELECT count(*) FROM (SELECT graph, s, p, o, op, count(*) FROM "many:main_flakes" f WHERE f.t = new_t GROUP BY 1, 2, 3, 4, 5) m
    FULL JOIN (SELECT graph, s, p, o, op, count(*) FROM "single:main_flakes" f WHERE f.t = new_t GROUP BY 1, 2, 3, 4, 5) s USING (graph, s, p, o, op, count) WHERE m.s IS NULL OR s.s IS NULL INTO flakes;
  SELECT count(*) FROM "many:main_commits" l WHERE (l.asserted, l.retracted) IS DISTINCT FROM (SELECT (count(*) FILTER (WHERE op), count(*) FILTER (WHERE NOT op)) FROM "many:main_flakes" f WHERE f.t = l.t) INTO unexplained;
  RETURN NEXT;
END $$;
SELECT * FROM law('upsert', 600, 1);
SELECT * FROM law('upsert', 600, 1);
SELECT * FROM law('insert', 900, 2);
SELECT * FROM law('upsert', 1500, 3);
DELETE FROM "many:main" WHERE iri LIKE '%7';
DELETE FROM "single:main" WHERE iri LIKE '%7';
DELETE FROM "bare:main" WHERE iri LIKE '%7';
SELECT * FROM law('replace', 1600, 4);
SELECT count(*), count(DISTINCT (graph, iri)) FROM "many:main";
-- several calls of one transaction share the rows of the history
BEGIN;
SELECT * FROM law('upsert', 1700, 5);
SELECT * FROM law('insert', 1750, 6);
SELECT * FROM law('upsert', 1800, 5);
ROLLBACK;
SELECT count(*), count(DISTINCT (graph, iri)) FROM "many:main";
-- what says nothing of a node that is not there is answered so, in the middle of others
SELECT r->'asserted' AS asserted, r->'retracted' AS retracted, n FROM (SELECT ledger_upsert('many', (SELECT jsonb_agg(jsonb_build_object('@id', 'http://m/' || lpad(i::text, 3, '0'), 'http://p/v', CASE WHEN i <> 50 THEN i END)) FROM generate_series(1, 100) i), '{"nulls": "delete"}') r) x,
  LATERAL jsonb_array_elements(r->'nodes') n WHERE n->>'@id' IN ('http://m/049', 'http://m/050');
-- a trigger sees each row, and may refuse; a check refuses, and says of which node
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.iri LIKE '%/30' THEN RETURN NULL; END IF; RETURN NEW; END $$;
CREATE TRIGGER look BEFORE INSERT ON "bare:main" FOR EACH ROW EXECUTE FUNCTION look();
SELECT r->'asserted' AS asserted, n->'action' AS action FROM (SELECT ledger_insert('bare', (SELECT jsonb_agg(jsonb_build_object('@id', 'http://t/' || i, 'http://p/v', i)) FROM generate_series(1, 60) i)) r) x, LATERAL jsonb_array_elements(r->'nodes') n WHERE n->>'@id' = 'http://t/30';
ALTER TABLE "many:main" ADD CHECK (iri <> 'http://c/77');
\set SHOW_CONTEXT never
\set VERBOSITY default
SELECT ledger_insert('many', (SELECT jsonb_agg(jsonb_build_object('@id', 'http://c/' || i, 'http://p/v', i)) FROM generate_series(1, 90) i));
\set VERBOSITY terse
CREATE UNIQUE INDEX ON "many:main" ((doc->'http://p/u')) WHERE doc ? 'http://p/u';
SELECT ledger_insert('many', (SELECT jsonb_agg(jsonb_build_object('@id', 'http://u/' || i, 'http://p/u', i % 60)) FROM generate_series(1, 90) i));
SELECT count(*) FROM "many:main" WHERE iri LIKE 'http://u/%' OR iri LIKE 'http://c/%';
SELECT drop_ledger('many'), drop_ledger('single'), drop_ledger('bare');
DROP FUNCTION nodes, law, look;
