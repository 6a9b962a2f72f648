-- What patterns look by: predicates, types and references, not values.
CREATE FUNCTION keys(doc jsonb) RETURNS int LANGUAGE sql AS $$ SELECT cardinality(ledger_keys(doc)) $$;
SELECT keys('{"@id": "http://n", "http://p": [{"@value": 1}]}') AS literal, keys('{"http://p": [{"@value": 1}, {"@value": "http://q"}, {"@type": "http://t", "@value": "x"}]}') AS literals,
	keys('{"http://p": [{"@id": "http://r"}, {"@value": 1}]}') AS reference, keys('{"http://p": [{"@list": [{"@id": "http://r"}, {"@id": "http://r"}, {"@value": 1}]}]}') AS in_list, keys('{"@type": ["http://t", "http://u"]}') AS types, keys('{}') AS nothing, keys('[1]') AS no_node, keys('{"http://p": 1, "http://q": [1, null, [2], {}]}') AS malformed;
-- a change of values changes no key, nor does another order of a set
SELECT ledger_keys('{"@id": "http://n", "http://p": [{"@value": 1}], "http://q": [{"@id": "http://a"}, {"@id": "http://b"}]}') = ledger_keys('{"@id": "http://n", "http://p": [{"@value": "x"}, {"@value": "y"}], "http://q": [{"@id": "http://b"}, {"@id": "http://a"}]}') AS same;
SELECT ledger_keys('{"http://p": [{"@id": "http://r"}], "@type": ["http://t"]}') @> ARRAY[ledger_key('http://p', '{"@id": "http://r"}'), ledger_key('http://p', '{"@value": 1}'), ledger_key('@type', '"http://t"'), ledger_key('@type', '{}')] AS found,
	ledger_keys('{"http://p": [{"@id": "http://r"}]}') && ARRAY[ledger_key('http://p', '{"@id": "http://s"}'), ledger_key('http://q', '{}')] AS others;
-- the same answers whatever there is to look by
SELECT create_ledger('i0', '{"index": false}'), create_ledger('i1'), create_ledger('i2', '{"index": "references"}'), create_ledger('i3', '{"index": "values"}');
SELECT create_ledger('i4', '{"index": "all"}');
SELECT c.relname, a.amname FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.relname ~ '^i[0-3]:main_(keys|doc)_idx$' ORDER BY c.relname COLLATE "C";
SELECT l, ledger_insert(l, (SELECT jsonb_agg(jsonb_build_object('@id', 'http://n/' || i, '@type', 'http://t/' || i % 3, 'http://p/n', i, 'http://p/next', jsonb_build_object('@id', 'http://n/' || i + 1), 'http://p/list', jsonb_build_object('@list', jsonb_build_array(jsonb_build_object('@id', 'http://n/' || i % 5), i)))) FROM generate_series(1, 300) i))->'asserted' AS asserted
FROM unnest(ARRAY['i0', 'i1', 'i2', 'i3']) l;
ANALYZE "i0:main", "i1:main", "i2:main", "i3:main";
CREATE FUNCTION matches(ledger text, pattern jsonb) RETURNS int LANGUAGE plpgsql AS $$
DECLARE n int;
BEGIN
	n := ledger_update(ledger, jsonb_build_object('where', pattern, 'insert', '{"@id": "?s", "http://p/hit": 1}'::jsonb))->'asserted';
	RAISE SQLSTATE 'UPXXX';
EXCEPTION WHEN SQLSTATE 'UPXXX' THEN
	RETURN n;
END $$;
SELECT pattern, array_agg(matches(l, pattern) ORDER BY l) FROM unnest(ARRAY['i0', 'i1', 'i2', 'i3']) l, (VALUES
	(1, '{"@id": "?s", "http://p/n": 7}'::jsonb), (2, '{"@id": "?s", "@type": "http://t/1"}'), (3, '{"@id": "?s", "http://p/next": {"@id": "http://n/10"}}'), (4, '{"@id": "?s", "http://p/list": {"@list": [{"@id": "http://n/3"}]}}'),
	(5, '{"@id": "?s", "http://p/next": {"@id": "?o", "http://p/n": 10}}'), (6, '[{"@id": "http://n/4", "http://p/next": "?o"}, {"@id": "?s", "http://p/next": "?o"}]'), (7, '[{"@id": "http://n/4", "@type": "?t"}, {"@id": "?s", "@type": "?t"}]'),
	(8, '[{"@id": "http://n/4", "http://p/n": "?v"}, {"@id": "?s", "http://p/n": "?v"}]'), (9, '{"@id": "?s", "http://p/none": "?v"}'), (10, '{"@id": "?s", "?p": {"@id": "http://n/10"}}')) p(n, pattern) GROUP BY n, pattern ORDER BY n;
SELECT count(*) FILTER (WHERE keys IS DISTINCT FROM ledger_keys(doc)) AS stale FROM "i1:main";
SELECT drop_ledger(l) FROM unnest(ARRAY['i0', 'i1', 'i2', 'i3']) l;
