-- Large documents go node by node: the same answers as of small ones.
-- 400 items, some of which are dropped, nested, or bring contexts of their own
CREATE TEMP TABLE d AS SELECT n, (SELECT jsonb_agg(CASE WHEN i % 7 = 3 THEN to_jsonb(i) WHEN i % 11 = 5 THEN '[{"@id": "urn:x", "p": [1, 2]}]'::jsonb
		WHEN i % 13 = 1 THEN jsonb_build_object('@context', jsonb_build_object('q', 'http://z/' || i % 5), 'q', i)
		ELSE jsonb_build_object('@id', 'urn:' || i, '@type', 'T', 'p', repeat('x', n), 'l', jsonb_build_object('@list', jsonb_build_array(i, jsonb_build_object('p', i)))) END ORDER BY i)
	FROM generate_series(1, 400) AS i) AS a FROM (VALUES (10), (800)) AS v (n);
\set c '{"@vocab": "http://v/", "T": {"@id": "http://v/T", "@context": {"p": {"@id": "http://tp/p", "@language": "en"}}}, "g": "@graph"}'
CREATE FUNCTION pg_temp.norm(j jsonb, n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT replace(j::text, repeat('x', n), 'X')::jsonb $$;
SELECT count(DISTINCT pg_temp.norm(jsonld_expand(jsonb_build_object('@context', :'c'::jsonb, '@graph', a)), n)) AS expand_graph,
	count(DISTINCT pg_temp.norm(jsonld_compact(jsonb_build_object('@context', :'c'::jsonb, '@graph', a), :'c'), n)) AS compact_graph,
	count(DISTINCT pg_temp.norm(jsonld_expand(a, jsonb_build_object('expandContext', :'c'::jsonb)), n)) AS expand_array,
	count(DISTINCT pg_temp.norm(jsonld_compact(a, :'c', jsonb_build_object('expandContext', :'c'::jsonb)), n)) AS compact_array,
	count(DISTINCT pg_temp.norm(jsonld_compact(a, '{}', jsonb_build_object('expandContext', :'c'::jsonb)), n)) AS compact_without,
	max(length(a::text)) > 200000 AS large FROM d;
-- an image as others write it: the same bytes
SELECT bool_and(jsonld_expand(a, o) = jsonld_expand(a, o)::text::jsonb AND hash_record(ROW(jsonld_compact(a, :'c', o))) = hash_record(ROW(jsonld_compact(a, :'c', o)::text::jsonb)))
FROM d, jsonb_build_object('expandContext', :'c'::jsonb) AS o;
-- errors know where they are
SELECT jsonld_expand(a || '{"@id": 5}'::jsonb) FROM d WHERE n = 800;
SELECT jsonld_expand(jsonb_build_object('@graph', a || '{"@id": 5}'::jsonb)) FROM d WHERE n = 800;
SELECT jsonld_expand(a, '{"safe": true}') FROM d WHERE n = 800;
-- one node, and none
SELECT jsonld_compact(jsonb_agg(CASE WHEN i = 5 THEN '{"@id": "urn:a", "http://p": 1}'::jsonb ELSE to_jsonb(repeat('y', 9000)) END), '{"@context": {"p": "http://p"}}') FROM generate_series(1, 30) AS i;
SELECT jsonld_compact(jsonb_agg(to_jsonb(repeat('y', 9000))), '{"p": "http://p"}') AS compact, jsonld_expand(jsonb_agg(to_jsonb(repeat('y', 9000)))) AS expand FROM generate_series(1, 30) AS i;
SET upsert.jsonld_max_output = '64kB';
SELECT jsonld_compact(a, :'c', jsonb_build_object('expandContext', :'c'::jsonb)) FROM d WHERE n = 800;
