-- Time travel is the replay of flakes; laws of the verbs over random graphs.
SELECT create_ledger('h', '{"context": {"@vocab": "http://e/"}}');
SELECT ledger_upsert('h', '{"@id": "http://x", "@type": ["A", "B"], "a": 1, "l": {"@list": ["p", "q", "p", {"@id": "http://y"}]}}')->'t';
SELECT ledger_upsert('h', '{"@id": "http://x", "@type": "A", "a": 2, "l": {"@list": ["q"]}}')->'t';
SELECT ledger_delete('h', 'http://x')->'t';
SELECT ledger_upsert('h', '{"@id": "http://x", "a": 3}')->'t';
SELECT t, ledger_get('h', 'http://x', t => t) - '@context' FROM generate_series(0, 4) t;
-- a t that is not yet, or never
SELECT ledger_get('h', 'http://x', t => 5);
SELECT ledger_get('h', 'http://x', t => -1);
SELECT * FROM ledger_flakes('h', 5);
SELECT * FROM ledger_flakes('h', to_t => -1);
SELECT * FROM ledger_flakes('h', 2, 2);
SELECT t, count(*) FROM ledger_flakes('h', to_t => 3) GROUP BY t ORDER BY t;
SELECT drop_ledger('h');

-- a random payload: a few nodes, predicates, sets, lists, references, nested nodes
CREATE FUNCTION pick(seed int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashint4extended(seed, 7)) % n)::int $$;
CREATE FUNCTION value_of(seed int, depth int) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	CASE pick(seed, 9)
		WHEN 0 THEN RETURN to_jsonb(pick(seed + 1, 4));
		WHEN 1 THEN RETURN to_jsonb('s' || pick(seed + 1, 3));
		WHEN 2 THEN RETURN jsonb_build_object('@id', 'http://n/' || pick(seed + 1, 5));
		WHEN 3 THEN RETURN jsonb_build_object('@value', 'x', '@language', (ARRAY['en', 'de'])[1 + pick(seed + 1, 2)]);
		WHEN 4 THEN RETURN jsonb_build_object('@value', 's1', '@type', 'http://t/' || pick(seed + 1, 2));
		WHEN 5 THEN RETURN jsonb_build_array(pick(seed + 1, 4), pick(seed + 2, 4), 's' || pick(seed + 3, 3));
		WHEN 6 THEN RETURN jsonb_build_object('@list', jsonb_build_array(pick(seed + 1, 2), pick(seed + 2, 2), 'z'));
		WHEN 7 THEN RETURN to_jsonb(pick(seed + 1, 2) = 0);
		ELSE
			IF depth > 1 THEN RETURN '"deep"'; END IF;
			RETURN jsonb_build_object('p' || pick(seed + 1, 3), value_of(seed + 11, depth + 1), 'q', value_of(seed + 13, depth + 1));
	END CASE;
END $$;
CREATE FUNCTION payload(seed int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('@context', '{"@vocab": "http://e/"}'::jsonb, '@graph', jsonb_agg(
		jsonb_build_object('@id', 'http://n/' || pick(seed * 31 + i, 5), '@type', (ARRAY['A', 'B'])[1 + pick(seed + i, 2)])
		|| (SELECT jsonb_object_agg('p' || pick(seed * 17 + i * 5 + k, 5), value_of(seed * 101 + i * 7 + k, 0)) FROM generate_series(1, 3) k)))
	FROM generate_series(1, 3) i
$$;
-- two lists under one predicate are an error: such a payload counts as refused
CREATE FUNCTION try(verb text, ledger text, txn jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE r jsonb;
BEGIN
	EXECUTE format('SELECT ledger_%s($1, $2)', verb) INTO r USING ledger, txn;
	RETURN r;
EXCEPTION WHEN SQLSTATE 'UP006' THEN
	RETURN NULL;
END $$;
SELECT create_ledger('law');
CREATE TABLE state (t bigint, iri text, doc jsonb);
DO $$
DECLARE
	r1 jsonb; r2 jsonb; verb text; refused int := 0; applied int := 0;
BEGIN
	FOR seed IN 1..150 LOOP
		verb := (ARRAY['upsert', 'replace', 'insert'])[1 + seed % 3];
		r1 := try(verb, 'law', payload(seed));
		COMMIT;
		IF r1 IS NULL THEN refused := refused + 1; CONTINUE; END IF;
		applied := applied + 1;
		INSERT INTO state SELECT (r1->>'t')::bigint, iri, ledger_get('law', iri, '{}') FROM "law:main";
		-- twice is once
		r2 := try(verb, 'law', payload(seed));
		IF (r2->>'asserted')::int + (r2->>'retracted')::int <> 0 THEN
			RAISE 'not idempotent: % % %', verb, seed, r2;
		END IF;
	END LOOP;
	RAISE NOTICE 'enough: %', applied > 100 AND refused < 50;
END $$;
-- the replay of flakes is what was there, set order aside
CREATE FUNCTION canon(j jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	CASE jsonb_typeof(j)
		WHEN 'object' THEN
			RETURN (SELECT jsonb_object_agg(key, CASE WHEN key = '@list' THEN (SELECT jsonb_agg(canon(e) ORDER BY o) FROM jsonb_array_elements(CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE jsonb_build_array(value) END) WITH ORDINALITY x(e, o)) ELSE canon(value) END) FROM jsonb_each(j));
		WHEN 'array' THEN
			RETURN (SELECT jsonb_agg(canon(e) ORDER BY canon(e)) FROM jsonb_array_elements(j) e);
		ELSE
			RETURN j;
	END CASE;
END $$;
SELECT count(*) > 100 AS some, count(*) FILTER (WHERE canon(ledger_get('law', iri, '{}', t)) IS DISTINCT FROM canon(doc)) AS wrong FROM state;
-- no node at a t but those that were there
SELECT count(*) AS ghosts FROM (SELECT DISTINCT t FROM state) x, (SELECT DISTINCT iri FROM state) y
WHERE ledger_get('law', iri, '{}', t) IS NOT NULL AND NOT EXISTS (SELECT FROM state s WHERE s.t = x.t AND s.iri = y.iri);
-- no statement is asserted twice or retracted before
SELECT count(*) AS odd FROM (SELECT sum(CASE WHEN op THEN 1 ELSE -1 END) OVER (PARTITION BY graph, s, p, o ORDER BY t) AS level FROM "law:main_flakes") x WHERE level NOT IN (0, 1);
-- every t once
SELECT count(DISTINCT t) = max(t) AND max(t) > 100 AS dense FROM "law:main_flakes";
-- nameless nodes have an owner
SELECT count(*) AS orphans FROM "law:main" n WHERE iri LIKE '\_:anon%' AND NOT EXISTS (SELECT FROM "law:main" o, jsonb_path_query(o.doc, '$.**."@id"') r WHERE o.iri <> n.iri AND r = to_jsonb(n.iri));
-- upserts of disjoint predicates commute
SELECT create_ledger('ab'), create_ledger('ba');
DO $$
BEGIN
	FOR seed IN 1..40 LOOP
		PERFORM ledger_upsert(l, jsonb_build_object('@id', 'http://n', 'http://e/' || p, value_of(seed + CASE p WHEN 'a' THEN 0 ELSE 1000 END, 2)))
		FROM (VALUES ('ab', 'a', 1), ('ab', 'b', 2), ('ba', 'b', 3), ('ba', 'a', 4)) v(l, p, o) ORDER BY o;
		IF (SELECT doc FROM "ab:main") IS DISTINCT FROM (SELECT doc FROM "ba:main") THEN
			RAISE 'order matters: %', seed;
		END IF;
	END LOOP;
END $$;
SELECT drop_ledger(l) FROM unnest('{law,ab,ba}'::text[]) l;
DROP TABLE state;
DROP FUNCTION pick, value_of, payload, try, canon;
