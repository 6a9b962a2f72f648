-- jsonb_merge and jsonb_merge_patch: documents in, documents out
\set SHOW_CONTEXT never

-- attributes of the patch win, the others stay, objects merge at any depth
SELECT jsonb_merge('{"a": 1, "b": {"x": 1, "y": {"p": 1}}, "c": [1, 2]}',
				   '{"b": {"y": {"q": 2}, "z": 3}, "c": [3], "d": "new"}');
SELECT jsonb_merge('{}', '{}');
SELECT jsonb_merge('{"a": 1}', '{}');
SELECT jsonb_merge('{}', '{"a": {"b": null}}');
-- type changes in every direction
SELECT jsonb_merge('{"a": 1, "b": {"x": 1}, "c": [1], "d": null, "e": "s", "f": true}',
				   '{"a": {"y": 2}, "b": 2, "c": {"z": 3}, "d": false, "e": [], "f": null}');
-- keys that are prefixes of each other, empty, or not ASCII
SELECT jsonb_merge('{"": 1, "a": 1, "aa": 1, "ab": 1, "é": 1}',
				   '{"": 2, "aa": 2, "b": 2, "éé": 2, "è": 2}');

-- keepNull: nulls of this call are removed, nulls stored earlier stay
SELECT jsonb_merge('{"a": 1, "b": {"x": 1, "y": 2}}', '{"a": null, "b": {"x": null}}');
SELECT jsonb_merge('{"a": 1, "b": {"x": 1, "y": 2}}', '{"a": null, "b": {"x": null}}', keep_null => false);
SELECT jsonb_merge('{"old": null, "o": {"old": null}}', '{"n": 1, "o": {"n": 1}}', keep_null => false);
SELECT jsonb_merge('{"a": 1}', '{"b": null, "c": {"d": null, "e": {"f": null, "g": 1}}}', keep_null => false);
SELECT jsonb_merge('{}', '{"l": [null, {"x": null}]}', keep_null => false);
SELECT jsonb_merge('{"a": {"x": 1}}', '{"a": {"x": null}}', keep_null => false);
-- an object that replaces another value is taken as it is
SELECT jsonb_merge('{"a": 1}', '{"a": {"x": null}}', keep_null => false);

-- mergeObjects: false replaces object attributes whole
SELECT jsonb_merge('{"a": {"x": 1}, "b": 1}', '{"a": {"y": 2}}', merge_objects => false);
SELECT jsonb_merge('{"a": {"x": 1}, "b": 1}', '{"a": {"y": null}, "b": null, "c": {"z": null}}', false, false);

-- null in, null out
SELECT jsonb_merge(NULL, '{}') IS NULL, jsonb_merge('{}', NULL) IS NULL,
	jsonb_merge_patch(NULL, '{}') IS NULL;

-- JSON Merge Patch: every example of RFC 7396, appendix A; the image of the
-- result is that of the same value read from text
SELECT original, patch, jsonb_merge_patch(original, patch) AS result,
	record_image_eq(ROW(jsonb_merge_patch(original, patch)), ROW(expected)) AS ok
FROM (VALUES
	(1, jsonb '{"a":"b"}', jsonb '{"a":"c"}', jsonb '{"a":"c"}'),
	(2, '{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
	(3, '{"a":"b"}', '{"a":null}', '{}'),
	(4, '{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
	(5, '{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
	(6, '{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
	(7, '{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
	(8, '{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
	(9, '["a","b"]', '["c","d"]', '["c","d"]'),
	(10, '{"a":"b"}', '["c"]', '["c"]'),
	(11, '{"a":"foo"}', 'null', 'null'),
	(12, '{"a":"foo"}', '"bar"', '"bar"'),
	(13, '{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
	(14, '[1,2]', '{"a":"b","c":null}', '{"a":"b"}'),
	(15, '{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}')
	) t(ord, original, patch, expected)
ORDER BY ord;

-- and the example of section 3
SELECT jsonb_merge_patch('{"title": "Goodbye!", "author": {"givenName": "John", "familyName": "Doe"},
		"tags": ["example", "sample"], "content": "This will be unchanged"}',
	'{"title": "Hello!", "phoneNumber": "+01-123-456-7890", "author": {"familyName": null}, "tags": ["example"]}');
-- an object that replaces another value loses its nulls here, but not in arrays
SELECT jsonb_merge_patch('{"a": 1}', '{"a": {"x": null, "y": [null, {"z": null}]}}');
SELECT jsonb_merge_patch('1', '{"a": null}'), jsonb_merge_patch('null', 'null'), jsonb_merge_patch('1', '1.0');

-- keys and values around the places where the format stores offsets, and
-- numbers and objects at every alignment
CREATE FUNCTION wide(n int, m int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(jsonb_object_agg(repeat('k', i % m + 1) || i,
		CASE i % 6 WHEN 0 THEN to_jsonb(i) WHEN 1 THEN to_jsonb(repeat('v', i % 7))
			WHEN 2 THEN jsonb_build_object('n', i) WHEN 3 THEN 'null'
			WHEN 4 THEN jsonb_build_array(i, 'x') ELSE to_jsonb(i / 7.0) END), '{}')
	FROM generate_series(1, n) i
$$;
SELECT count(*) AS merges,
	count(*) FILTER (WHERE record_image_eq(ROW(r), ROW(r::text::jsonb))) AS same_image,
	count(*) FILTER (WHERE r = a || b) AS same_value
FROM generate_series(0, 100, 3) n, generate_series(1, 5) m, generate_series(0, 100, 7) p,
	LATERAL (SELECT wide(n, m) AS a, wide(p, 3) AS b) d,
	LATERAL (SELECT jsonb_merge(a, b, merge_objects => false) AS r) x;

-- errors: only objects merge
SELECT jsonb_merge('[1]', '{}');
SELECT jsonb_merge('{}', '"a"');
\set VERBOSITY sqlstate
SELECT jsonb_merge('{}', '[]');
SELECT jsonb_merge('1', '{}');
SELECT jsonb_merge('{}', 'null');
SELECT jsonb_merge('true', '{}');

-- as deep as jsonb itself can be read, and no deeper than the stack
SET max_stack_depth = '100kB';
CREATE FUNCTION deep(n int, leaf text) RETURNS jsonb LANGUAGE sql
SET max_stack_depth = '2MB' AS $$
	SELECT (repeat('{"a":', n) || leaf || repeat('}', n))::jsonb
$$;
SELECT pg_column_size(jsonb_merge(deep(100, '1'), deep(100, '2')));
SELECT pg_column_size(jsonb_merge(deep(3000, '1'), deep(3000, '2')));
SELECT pg_column_size(jsonb_merge('{}', deep(3000, 'null'), keep_null => false));
SELECT pg_column_size(jsonb_merge_patch(deep(3000, '1'), deep(3000, '1')));
RESET max_stack_depth;
\set VERBOSITY default

DROP FUNCTION wide, deep;
