-- jsonb_patch: JSON Patch, RFC 6902
\set SHOW_CONTEXT never

-- appendix A of RFC 6902, A.1 to A.16 but for those that are errors; the image
-- of the result is that of the same value read from text
SELECT example, r AS result, record_image_eq(ROW(r), ROW(expected)) AS ok
FROM (VALUES
	(1, jsonb '{"foo": "bar"}',
		jsonb '[{"op": "add", "path": "/baz", "value": "qux"}]',
		jsonb '{"baz": "qux", "foo": "bar"}'),
	(2, '{"foo": ["bar", "baz"]}',
		'[{"op": "add", "path": "/foo/1", "value": "qux"}]',
		'{"foo": ["bar", "qux", "baz"]}'),
	(3, '{"baz": "qux", "foo": "bar"}',
		'[{"op": "remove", "path": "/baz"}]',
		'{"foo": "bar"}'),
	(4, '{"foo": ["bar", "qux", "baz"]}',
		'[{"op": "remove", "path": "/foo/1"}]',
		'{"foo": ["bar", "baz"]}'),
	(5, '{"baz": "qux", "foo": "bar"}',
		'[{"op": "replace", "path": "/baz", "value": "boo"}]',
		'{"baz": "boo", "foo": "bar"}'),
	(6, '{"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}',
		'[{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}]',
		'{"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}'),
	(7, '{"foo": ["all", "grass", "cows", "eat"]}',
		'[{"op": "move", "from": "/foo/1", "path": "/foo/3"}]',
		'{"foo": ["all", "cows", "eat", "grass"]}'),
	(8, '{"baz": "qux", "foo": ["a", 2, "c"]}',
		'[{"op": "test", "path": "/baz", "value": "qux"},
		  {"op": "test", "path": "/foo/1", "value": 2}]',
		'{"baz": "qux", "foo": ["a", 2, "c"]}'),
	(10, '{"foo": "bar"}',
		'[{"op": "add", "path": "/child", "value": {"grandchild": {}}}]',
		'{"foo": "bar", "child": {"grandchild": {}}}'),
	(11, '{"foo": "bar"}',
		'[{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}]',
		'{"foo": "bar", "baz": "qux"}'),
	(14, '{"/": 9, "~1": 10}',
		'[{"op": "test", "path": "/~01", "value": 10}]',
		'{"/": 9, "~1": 10}'),
	(16, '{"foo": ["bar"]}',
		'[{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}]',
		'{"foo": ["bar", ["abc", "def"]]}')
	) t(example, doc, patch, expected),
	LATERAL (SELECT jsonb_patch(doc, patch) AS r) x
ORDER BY example;
-- A.9, A.12, A.13 (jsonb keeps the last of two "op" members) and A.15
SELECT jsonb_patch('{"baz": "qux"}', '[{"op": "test", "path": "/baz", "value": "bar"}]');
SELECT jsonb_patch('{"foo": "bar"}', '[{"op": "add", "path": "/baz/bat", "value": "qux"}]');
SELECT jsonb_patch('{"foo": "bar"}', '[{"op": "add", "path": "/baz", "value": "qux", "op": "remove"}]');
SELECT jsonb_patch('{"/": 9, "~1": 10}', '[{"op": "test", "path": "/~01", "value": "10"}]');

-- the pointers of RFC 6901, section 5: a test each
SELECT jsonb_patch(d, jsonb_build_array(jsonb_build_object('op', 'test', 'path', p, 'value', v))) = d AS found, p, v
FROM (VALUES (jsonb '{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}')) t(d),
	LATERAL (VALUES ('', d), ('/foo', '["bar", "baz"]'), ('/foo/0', '"bar"'), ('/', '0'), ('/a~1b', '1'),
		('/c%d', '2'), ('/e^f', '3'), ('/g|h', '4'), ('/i\j', '5'), ('/k"l', '6'), ('/ ', '7'), ('/m~0n', '8')) u(p, v);

-- operations build on each other; values of any type can be patched
SELECT jsonb_patch('{}', '[{"op": "add", "path": "/l", "value": []},
	{"op": "add", "path": "/l/0", "value": 1}, {"op": "add", "path": "/l/-", "value": 3},
	{"op": "add", "path": "/l/1", "value": 2}, {"op": "copy", "from": "/l", "path": "/m"},
	{"op": "replace", "path": "/m/0", "value": {"deep": null}}, {"op": "add", "path": "/m/0/er", "value": true},
	{"op": "move", "from": "/m/0", "path": "/n"}, {"op": "remove", "path": "/l/2"},
	{"op": "test", "path": "/n", "value": {"er": true, "deep": null}}]');
SELECT jsonb_patch('1', '[{"op": "test", "path": "", "value": 1.00}, {"op": "replace", "path": "", "value": "s"}]'),
	jsonb_patch('"s"', '[{"op": "add", "path": "", "value": [1]}, {"op": "add", "path": "/1", "value": 2}]'),
	jsonb_patch('{"a": {"b": 1}}', '[{"op": "move", "from": "/a", "path": ""}]'),
	jsonb_patch('{"a": 1}', '[{"op": "copy", "from": "", "path": "/a"}]'),
	jsonb_patch('{"a": 1}', '[{"op": "move", "from": "/a", "path": "/a"}]'),
	jsonb_patch('{"a": 1}', '[{"op": "move", "from": "", "path": ""}]'),
	jsonb_patch('{"a": 1}', '[]');
-- add replaces a member that is there; a number is a name in an object
SELECT jsonb_patch('{"0": "a", "01": "b", "-": "c"}', '[{"op": "add", "path": "/0", "value": 1},
	{"op": "replace", "path": "/01", "value": 2}, {"op": "remove", "path": "/-"}]');
-- a copy and its original change apart from each other
SELECT jsonb_patch('{"a": {"x": {"y": [1]}}}', '[{"op": "copy", "from": "/a", "path": "/b"},
	{"op": "add", "path": "/b/x/y/-", "value": 2}, {"op": "add", "path": "/a/x/y/-", "value": 3},
	{"op": "copy", "from": "/b/x", "path": "/a/x/z"}, {"op": "remove", "path": "/b/x/y/0"}]');
-- a test compares values: numbers as numbers, members in any order
SELECT jsonb_patch('{"a": [1.0, {"x": 1, "y": 20}]}',
	'[{"op": "test", "path": "/a", "value": [1, {"y": 2e1, "x": 1.00}]},
	  {"op": "test", "path": "", "value": {"a": [1, {"y": 20, "x": 1}]}}]');
SELECT jsonb_patch(NULL, '[]') IS NULL, jsonb_patch('{}', NULL) IS NULL;

-- what does not fit the document
SELECT jsonb_patch('{"a": [1, 2]}', '[{"op": "remove", "path": "/a/2"}]');
SELECT jsonb_patch('{"a": [1, 2]}', '[{"op": "replace", "path": "/a/b", "value": 0}]');
CREATE FUNCTION sqlstate_of(doc jsonb, patch jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN jsonb_patch(doc, patch)::text;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
SELECT sqlstate_of('{"a": [1, 2], "b": null, "s": "x"}', ('[' || op || ']')::jsonb), op
FROM (VALUES
	('{"op": "add", "path": "/a/3", "value": 0}'),
	('{"op": "add", "path": "/a/01", "value": 0}'),
	('{"op": "add", "path": "/a/+1", "value": 0}'),
	('{"op": "add", "path": "/a/1e0", "value": 0}'),
	('{"op": "add", "path": "/a/", "value": 0}'),
	('{"op": "add", "path": "/a/-1", "value": 0}'),
	('{"op": "add", "path": "/a/4294967296", "value": 0}'),
	('{"op": "add", "path": "/a/18446744073709551616", "value": 0}'),
	('{"op": "add", "path": "/a/184467440737095516160000000000000", "value": 0}'),
	('{"op": "add", "path": "/x/y", "value": 0}'),
	('{"op": "add", "path": "/b/y", "value": 0}'),
	('{"op": "add", "path": "/s/0", "value": 0}'),
	('{"op": "add", "path": "/a/0/0", "value": 0}'),
	('{"op": "remove", "path": "/x"}'),
	('{"op": "remove", "path": "/A"}'),
	('{"op": "remove", "path": "/a/-"}'),
	('{"op": "remove", "path": "/"}'),
	('{"op": "replace", "path": "/x", "value": 0}'),
	('{"op": "replace", "path": "/a/-", "value": 0}'),
	('{"op": "move", "from": "/x", "path": "/y"}'),
	('{"op": "move", "from": "/a/0", "path": "/a/2"}'),
	('{"op": "copy", "from": "/a/2", "path": "/y"}'),
	('{"op": "copy", "from": "/a", "path": "/x/y"}'),
	('{"op": "test", "path": "/x", "value": null}'),
	('{"op": "test", "path": "/b", "value": false}'),
	('{"op": "test", "path": "/a", "value": [1, 2, 3]}'),
	('{"op": "test", "path": "/a", "value": {"0": 1, "1": 2}}')
	) t(op);

-- what is wrong whatever the document is
SELECT jsonb_patch('{}', '[{"op": "add", "path": "/a"}]');
SELECT jsonb_patch('{}', '[{"op": "test", "path": "", "value": {}}, {"op": "Add", "path": "/a", "value": 1}]');
SELECT jsonb_patch('{}', '[{"op": "add", "path": "a", "value": 1}]');
SELECT jsonb_patch('{"a": {"b": 1}}', '[{"op": "move", "from": "/a", "path": "/a/b"}]');
SELECT jsonb_patch('{}', '{"a": 1}');
SELECT jsonb_patch('{}', '[{"op": "remove", "path": ""}]');
SELECT sqlstate_of('{"a": [1, 2]}', patch::jsonb), patch
FROM (VALUES
	('1'), ('null'), ('"[]"'), ('{"op": "remove", "path": "/a"}'),
	('[1]'), ('[[]]'), ('[null]'), ('[{}]'),
	('[{"path": "/a"}]'),
	('[{"op": 1, "path": "/a"}]'),
	('[{"op": null, "path": "/a"}]'),
	('[{"op": "", "path": "/a"}]'),
	('[{"op": "removed", "path": "/a"}]'),
	('[{"op": "remove"}]'),
	('[{"op": "remove", "path": null}]'),
	('[{"op": "remove", "path": ["a"]}]'),
	('[{"op": "remove", "path": "a"}]'),
	('[{"op": "remove", "path": "#/a"}]'),
	('[{"op": "remove", "path": "/a~"}]'),
	('[{"op": "remove", "path": "/a~2"}]'),
	('[{"op": "remove", "path": "/~/a"}]'),
	('[{"op": "replace", "path": "/a"}]'),
	('[{"op": "test", "path": "/a"}]'),
	('[{"op": "move", "path": "/b"}]'),
	('[{"op": "copy", "path": "/b"}]'),
	('[{"op": "copy", "path": "/b", "from": 1}]'),
	('[{"op": "copy", "path": "/b", "from": "a"}]'),
	('[{"op": "move", "from": "", "path": "/a"}]')
	) t(patch);

-- all or nothing, and nothing too large: thirty doublings are refused
SELECT sqlstate_of('{"a": 1}', '[{"op": "remove", "path": "/a"}, {"op": "remove", "path": "/a"}]');
SELECT sqlstate_of(jsonb_build_object('a', repeat('x', 10000)), (SELECT jsonb_agg(jsonb_build_object('op', 'copy', 'from', '', 'path', '/' || i))
	FROM generate_series(1, 30) i));
-- nor too deep
SELECT sqlstate_of('{"a": 1}', (SELECT jsonb_agg('{"op": "copy", "from": "", "path": "/a"}'::jsonb)
	FROM generate_series(1, 100000) i));

DROP FUNCTION sqlstate_of;
