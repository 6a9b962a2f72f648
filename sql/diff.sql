-- jsonb_diff: what makes one value of another, as a JSON Patch
\set SHOW_CONTEXT never

-- each with the proof that it does
SELECT d AS diff, record_image_eq(ROW(jsonb_patch(old, d)), ROW(new)) AS ok
FROM (VALUES
	-- objects: member by member, at any depth
	(1, jsonb '{"a": 1, "b": 2, "c": 3}', jsonb '{"a": 1, "b": 4, "d": 5}'),
	(2, '{"a": {"b": {"c": 1, "d": 2}}}', '{"a": {"b": {"c": 1, "d": 3}}}'),
	(3, '{"a": 1}', '{"a": 1}'),
	(4, '{}', '{"a": null}'),
	(5, '{"a": null}', '{}'),
	-- a nested object of which nothing is left
	(6, '{"a": {"x": 1, "y": 2}}', '{"a": {"z": 3}}'),
	(7, '{"a": {"x": 1, "y": 2}}', '{"a": {}}'),
	(8, '{"a": {"x": 1}}', '{"a": {}}'),
	-- types change
	(9, '{"a": {"x": 1}, "b": [1], "c": 1}', '{"a": [1], "b": {"x": 1}, "c": "1"}'),
	(10, '{"a": 1}', '[1]'),
	(11, '1', '1'),
	(12, '"a"', 'null'),
	-- numbers that are equal but are not written alike
	(13, '{"a": 1, "b": [1.50]}', '{"a": 1.0, "b": [1.5]}'),
	-- names that a pointer must escape
	(14, '{"": 1, "/": 1, "~": 1, "a/b~c": {"~1": 1}}', '{"": 2, "/": 2, "~": 2, "a/b~c": {"~1": 2}}'),
	-- arrays: insertions, removals, changes inside
	(20, '[1, 2, 3, 4, 5]', '[1, 3, 4, 6, 5]'),
	(21, '[1, 2, 3]', '[0, 1, 2, 3]'),
	(22, '[1, 2, 3]', '[1, 2, 3, 4, 5]'),
	(23, '[1, 2, 3, 4]', '[2, 3]'),
	(24, '[1, 2, 3]', '[]'),
	(25, '[1]', '[]'),
	(26, '[]', '[1, 2]'),
	(27, '[1, 2, 3]', '[4, 5, 6]'),
	(28, '[{"id": 1, "n": "a"}, {"id": 2, "n": "b"}]', '[{"id": 1, "n": "a"}, {"id": 2, "n": "c"}]'),
	(29, '[[1, 2], [3, 4]]', '[[1, 2, 5], [3, 4]]'),
	(30, '[1, 1, 1]', '[1, 1]'),
	(31, '["a", "b", "c", "a", "b", "b", "a"]', '["c", "b", "a", "b", "a", "c"]')
	) t(ord, old, new), LATERAL (SELECT jsonb_diff(old, new) AS d) x
ORDER BY ord;
SELECT jsonb_diff(NULL, '1') IS NULL, jsonb_diff('1', NULL) IS NULL;

-- two removals from a long array are two operations; if almost everything is
-- different, the patch is longer, but still right
SELECT jsonb_diff(a, a #- '{10}' #- '{4000}') FROM (SELECT jsonb_agg(i) AS a FROM generate_series(1, 5000) i) t;
SELECT jsonb_array_length(d), jsonb_patch(a, d) = b
FROM (SELECT jsonb_agg(i) AS a, jsonb_agg((i * 7919) % 2003) AS b FROM generate_series(1, 2000) i) t,
	LATERAL (SELECT jsonb_diff(a, b) AS d) x;

-- no deeper than the stack
CREATE TEMP TABLE deep AS
	SELECT (repeat('[', 3000) || '1' || repeat(']', 3000))::jsonb AS one,
		(repeat('[', 3000) || '2' || repeat(']', 3000))::jsonb AS two,
		('[{"op": "add", "path": "' || repeat('/0', 3000) || '", "value": 2}]')::jsonb AS add_patch,
		('[{"op": "test", "path": "", "value": ' || repeat('[', 3000) || '2' || repeat(']', 3000) || '}]')::jsonb AS test_patch;
SELECT jsonb_patch(one, jsonb_diff(one, two)) = two AS ok FROM deep;
\set VERBOSITY sqlstate
SET max_stack_depth = '100kB';
SELECT pg_column_size(jsonb_diff(one, two)) FROM deep;
SELECT pg_column_size(jsonb_patch(one, test_patch)) FROM deep;
SELECT pg_column_size(jsonb_patch(one, add_patch)) FROM deep;
RESET max_stack_depth;
