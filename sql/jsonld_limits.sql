-- Documents made to hurt: each ends in UP009 or takes time linear in its size
-- (a quadratic one would not come back here).
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
-- half a minute here; more where a fixed amount of work takes longer than usual
DO $$
DECLARE
	start timestamptz := clock_timestamp();
BEGIN
	PERFORM count(jsonld_expand(jsonb_build_object('@context', jsonb_build_object('@vocab', 'http://ref/'), 'k' || i, i))) FROM generate_series(1, 500) i;
	PERFORM set_config('statement_timeout', greatest(30000, 3000000 * extract(epoch FROM clock_timestamp() - start))::int::text, false);
END $$;

-- nested scoped contexts, two a level: 2^11 of them, and each is checked once
CREATE FUNCTION pg_temp.nested(depth int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	c jsonb := '{"z": "http://z/"}';
BEGIN
	FOR i IN 1..depth LOOP
		c := jsonb_build_object('a' || i, jsonb_build_object('@id', 'http://a/' || i, '@context', c),
			'b' || i, jsonb_build_object('@id', 'http://b/' || i, '@context', c));
	END LOOP;
	RETURN c;
END $$;
SELECT jsonld_expand(jsonb_build_object('@context', pg_temp.nested(11), 'a11', '{"b10": {"a9": 1}}'::jsonb));
SELECT jsonld_expand(jsonb_build_object('@context', pg_temp.nested(9), 'a9', 1));
SET upsert.jsonld_max_steps = 1000;
SELECT jsonld_expand(jsonb_build_object('@context', pg_temp.nested(10), 'a10', 2));
-- what the backend has processed already costs no steps
SELECT jsonld_expand(jsonb_build_object('@context', pg_temp.nested(9), 'a9', 1));
RESET upsert.jsonld_max_steps;

-- a chain of scoped contexts, applied level by level
CREATE FUNCTION pg_temp.chain(depth int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	c jsonb := '{"z": "http://z/"}';
	d jsonb := '1';
BEGIN
	FOR i IN 1..depth LOOP
		c := jsonb_build_object('t' || i, jsonb_build_object('@id', 'http://t/' || i, '@context', c));
		d := jsonb_build_object('t' || i, d);
	END LOOP;
	RETURN d || jsonb_build_object('@context', c);
END $$;
-- in steps in proportion to their number, though each holds all that are inside it
SET upsert.jsonld_max_steps = 2000;
SELECT length(jsonld_expand(pg_temp.chain(200))::text);
RESET upsert.jsonld_max_steps;
SELECT jsonld_expand(pg_temp.chain(300));

-- an array of 4,000 contexts is one context of 4,000 terms
CREATE FUNCTION pg_temp.contexts(n int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('t' || i, 'http://t/' || i)) FROM generate_series(1, n) i
$$;
SELECT jsonld_expand(jsonb_build_object('@context', pg_temp.contexts(4000), 't1', 1, 't4000', 2, 't4001', 3));
SELECT jsonld_expand(jsonb_build_object('@context', pg_temp.contexts(10001)));
SET upsert.jsonld_max_terms = 11000;
SELECT jsonld_expand(jsonb_build_object('@context', pg_temp.contexts(10001), 't10001', 1));
RESET upsert.jsonld_max_terms;

-- one short key, many long IRIs
CREATE FUNCTION pg_temp.inflate(vocab int, nodes int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('@context', jsonb_build_object('@vocab', 'http://v/' || repeat('v', vocab)),
		'@graph', (SELECT jsonb_agg('{"k": 1}'::jsonb) FROM generate_series(1, nodes)))
$$;
SELECT jsonb_array_length(jsonld_expand(pg_temp.inflate(2000, 2000))) AS nodes;
SELECT jsonld_expand(pg_temp.inflate(40000, 2000));
SET upsert.jsonld_max_output = '1MB';
SELECT jsonld_expand(pg_temp.inflate(2000, 2000));
RESET upsert.jsonld_max_output;

-- the same context on 1,000 nodes is processed once, 1,000 contexts are not
CREATE FUNCTION pg_temp.repeated(nodes int, same bool) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('@context', c || CASE WHEN same THEN '{}' ELSE jsonb_build_object('n', 'http://n/' || n) END, 't1', n))
	FROM generate_series(1, nodes) n, (SELECT jsonb_object_agg('t' || i, 'http://t/' || i) AS c FROM generate_series(1, 500) i) AS x
$$;
SELECT jsonb_array_length(jsonld_expand(pg_temp.repeated(1000, true))) AS nodes;
SELECT jsonld_expand(pg_temp.repeated(1000, false));

-- depth, of documents, arrays, lists, contexts, JSON literals; on the way back, too
SELECT jsonld_expand((repeat('{"http://p": ', 1000) || '1' || repeat('}', 1000))::jsonb);
SELECT jsonld_expand((repeat('[', 1000) || '1' || repeat(']', 1000))::jsonb);
SELECT jsonld_expand((repeat('{"@graph": [', 400) || repeat(']}', 400))::jsonb);
SELECT jsonld_expand(jsonb_build_object('@context', (repeat('{"a": {"@id": "http://a", "@context": ', 400) || '{}' || repeat('}}', 400))::jsonb));
SELECT length(jsonld_expand((repeat('{"http://p": ', 200) || '1' || repeat('}', 200))::jsonb)::text);
SELECT length(jsonld_compact((repeat('{"http://p": ', 200) || '1' || repeat('}', 200))::jsonb, '{"p": "http://p"}')::text);
SELECT length(jsonld_expand(jsonb_build_object('http://p', jsonb_build_object('@type', '@json', '@value', (repeat('[', 2000) || repeat(']', 2000))::jsonb)))::text);
SET upsert.jsonld_max_depth = 3;
SELECT jsonld_expand('{"http://p": {"http://p": {"http://p": 1}}}');
SELECT jsonld_expand('{"http://p": {"http://p": {"http://p": {"http://p": 1}}}}');
RESET upsert.jsonld_max_depth;

-- 9,000 terms, each with a scoped context: no copies of 9,000 terms each
SELECT jsonld_expand(jsonb_build_object('@context', (SELECT jsonb_object_agg('t' || i, jsonb_build_object('@id', 'http://t/' || i, '@context', jsonb_build_object('u', 'http://u/' || i)))
	FROM generate_series(1, 9000) i), 't9', '{"u": 1}'::jsonb));
-- many prefixes, many IRIs: compaction looks up, it does not search
SELECT length(jsonld_compact((SELECT jsonb_agg(jsonb_build_object('@id', 'http://p/' || i || '/x', 'http://p/' || i || '/q', i)) FROM generate_series(1, 5000) i),
	(SELECT jsonb_object_agg('p' || i, 'http://p/' || i || '/') FROM generate_series(1, 5000) i)) ->> '@graph') AS length;

-- what the message says, and the settings' own limits
\set VERBOSITY default
SET upsert.jsonld_max_terms = 1;
SELECT jsonld_expand('{"@context": {"a": "http://a1", "b": "http://b1"}}');
SET upsert.jsonld_max_depth = 0;
RESET ALL;
