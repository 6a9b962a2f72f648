-- Framing: the nodes of a document, laid out as a frame says.
\set library '{"@context": {"@vocab": "http://e/", "contains": {"@type": "@id"}}, "@graph": [{"@id": "urn:lib", "@type": "Library", "contains": "urn:rep"}, {"@id": "urn:rep", "@type": "Book", "creator": "Plato", "title": "The Republic", "contains": "urn:intro"}, {"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction"}]}'
CREATE FUNCTION pg_temp.frame(doc jsonb, frame jsonb, options jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonld_frame(doc, '{"@context": {"@vocab": "http://e/", "contains": {"@type": "@id"}}}' || frame, options) - '@context'
$$;
CREATE TEMP TABLE cases (n serial, what text, doc jsonb, frame jsonb, expected jsonb, options jsonb DEFAULT '{}');
INSERT INTO cases (what, doc, frame, expected) VALUES
	('by type, nested', :'library', '{"@type": "Library", "contains": {"@type": "Book", "contains": {"@type": "Chapter"}}}',
		'{"@id": "urn:lib", "@type": "Library", "contains": {"@id": "urn:rep", "@type": "Book", "creator": "Plato", "title": "The Republic", "contains": {"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction"}}}'),
	('the same without saying more', :'library', '{"@type": "Library"}',
		'{"@id": "urn:lib", "@type": "Library", "contains": {"@id": "urn:rep", "@type": "Book", "creator": "Plato", "title": "The Republic", "contains": {"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction"}}}'),
	('by @id', :'library', '{"@id": "urn:intro"}', '{"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction"}'),
	('by one of several @id', :'library', '{"@id": ["urn:intro", "urn:none"]}', '{"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction"}'),
	('@id [] matches nothing', :'library', '{"@id": []}', '{}'),
	('@id and @type must both match', :'library', '{"@id": "urn:intro", "@type": "Book"}', '{}'),
	('any @id, by {}', :'library', '{"@id": {}, "@type": "Chapter"}', '{"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction"}'),
	('any type, by {}', '[{"@id": "urn:a", "@type": "http://e/T"}, {"@id": "urn:b", "http://e/p": 1}]', '{"@type": {}}', '{"@id": "urn:a", "@type": "T"}'),
	('no type, by []', '[{"@id": "urn:a", "@type": "http://e/T"}, {"@id": "urn:b", "http://e/p": 1}]', '{"@type": []}', '{"@id": "urn:b", "p": 1}'),
	('by a property that is there', '[{"@id": "urn:a", "http://e/q": 1}, {"@id": "urn:b", "http://e/p": 1}]', '{"p": {}}', '{"@id": "urn:b", "p": 1}'),
	('by a property that is not there', '[{"@id": "urn:a", "http://e/q": 1}, {"@id": "urn:b", "http://e/p": 1, "http://e/q": 2}]', '{"p": []}', '{"@id": "urn:a", "q": 1, "p": null}'),
	('by any of the properties', '[{"@id": "urn:a", "http://e/q": 1}, {"@id": "urn:b", "http://e/p": 1}, {"@id": "urn:c", "http://e/r": 1}]', '{"p": {"@omitDefault": true}, "q": {"@omitDefault": true}}',
		'{"@graph": [{"@id": "urn:a", "q": 1}, {"@id": "urn:b", "p": 1}]}'),
	('by all of them', '[{"@id": "urn:a", "http://e/q": 1}, {"@id": "urn:b", "http://e/p": 1, "http://e/q": 2}]', '{"@requireAll": true, "p": {}, "q": {}}', '{"@id": "urn:b", "p": 1, "q": 2}'),
	('a default is as good as a value', '[{"@id": "urn:a", "http://e/q": 1}, {"@id": "urn:b", "http://e/p": 1}]', '{"@requireAll": true, "p": {"@default": 7}, "q": {}}', '{"@id": "urn:a", "q": 1, "p": 7}'),
	('but not alone', '[{"@id": "urn:a", "http://e/q": 1}]', '{"p": {"@default": 7}, "r": {}}', '{}'),
	('by a node further down', :'library', '{"contains": {"contains": {"title": "The Introduction"}}, "@explicit": true}',
		'{"@id": "urn:lib", "@type": "Library", "contains": {"@id": "urn:rep", "@type": "Book", "creator": "Plato", "title": "The Republic", "contains": {"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction"}}}'),
	('only what is named, by @explicit', :'library', '{"@type": "Book", "@explicit": true, "title": {}}', '{"@id": "urn:rep", "@type": "Book", "title": "The Republic"}'),
	('@explicit goes down with what the frame does not say', :'library', '{"@type": "Library", "@explicit": true, "contains": {"@explicit": true, "contains": {}}}',
		'{"@id": "urn:lib", "@type": "Library", "contains": {"@id": "urn:rep", "@type": "Book", "contains": {"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction"}}}'),
	('null where there is nothing', :'library', '{"@type": "Chapter", "creator": {}}', '{"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction", "creator": null}'),
	('or a default', :'library', '{"@type": "Chapter", "creator": {"@default": "unknown"}}', '{"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction", "creator": "unknown"}'),
	('a default as the property has values', :'library', '{"@type": "Chapter", "contains": {"@default": "urn:nothing"}}', '{"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction", "contains": "urn:nothing"}'),
	('@null', :'library', '{"@type": "Chapter", "creator": {"@default": "@null"}}', '{"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction", "creator": null}'),
	('the text "@null" is text', '{"@id": "urn:a", "http://e/p": "@null"}', '{"p": {}}', '{"@id": "urn:a", "p": "@null"}'),
	('or nothing, by @omitDefault', :'library', '{"@type": "Chapter", "creator": {"@omitDefault": true}}', '{"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction"}'),
	('a default type', '{"@id": "urn:a", "http://e/p": 1}', '{"@type": {"@default": "T"}, "p": {}}', '{"@id": "urn:a", "@type": "T", "p": 1}'),
	('@embed false', :'library', '{"@type": "Library", "contains": {"@embed": false}}', '{"@id": "urn:lib", "@type": "Library", "contains": "urn:rep"}'),
	('@once: in one place', '[{"@id": "urn:a", "@type": "http://e/T", "http://e/p": {"@id": "urn:b", "http://e/v": 1}, "http://e/q": {"@id": "urn:b"}}]', '{"@type": "T"}',
		'{"@id": "urn:a", "@type": "T", "p": {"@id": "urn:b", "v": 1}, "q": {"@id": "urn:b"}}'),
	('@always: wherever', '[{"@id": "urn:a", "@type": "http://e/T", "http://e/p": {"@id": "urn:b", "http://e/v": 1}, "http://e/q": {"@id": "urn:b"}}]', '{"@type": "T", "@embed": "@always"}',
		'{"@id": "urn:a", "@type": "T", "p": {"@id": "urn:b", "v": 1}, "q": {"@id": "urn:b", "v": 1}}'),
	('but in itself', '[{"@id": "urn:a", "@type": "http://e/T", "http://e/p": {"@id": "urn:b", "http://e/q": {"@id": "urn:a"}}}]', '{"@type": "T", "@embed": "@always"}',
		'{"@id": "urn:a", "@type": "T", "p": {"@id": "urn:b", "q": {"@id": "urn:a"}}}'),
	('each node at the top stands for itself', '[{"@id": "urn:a", "@type": "http://e/T", "http://e/p": {"@id": "urn:c", "http://e/v": 1}}, {"@id": "urn:b", "@type": "http://e/T", "http://e/p": {"@id": "urn:c"}}]', '{"@type": "T"}',
		'{"@graph": [{"@id": "urn:a", "@type": "T", "p": {"@id": "urn:c", "v": 1}}, {"@id": "urn:b", "@type": "T", "p": {"@id": "urn:c", "v": 1}}]}'),
	('values by pattern', '{"@id": "urn:a", "http://e/p": [{"@value": "x", "@language": "en"}, {"@value": "y", "@language": "de"}, "z"]}', '{"p": {"@value": {}, "@language": ["EN", "fr"]}}',
		'{"@id": "urn:a", "p": {"@value": "x", "@language": "en"}}'),
	('values of any type', '{"@id": "urn:a", "http://e/p": [{"@value": "1", "@type": "http://e/t"}, "2"]}', '{"p": {"@value": {}, "@type": {}}}', '{"@id": "urn:a", "p": {"@value": "1", "@type": "t"}}'),
	('values without type', '{"@id": "urn:a", "http://e/p": [{"@value": "1", "@type": "http://e/t"}, "2", false, 0]}', '{"p": {"@value": ["2", false, 0], "@type": []}}', '{"@id": "urn:a", "p": ["2", false, 0]}'),
	('one value, as it is written', '[{"@id": "urn:a", "http://e/p": "x"}, {"@id": "urn:b", "http://e/p": "y"}]', '{"p": "x"}', '{"@id": "urn:a", "p": "x"}'),
	('lists', '{"@id": "urn:a", "http://e/p": {"@list": [{"@id": "urn:b", "http://e/v": 1}, 2, {"@id": "urn:b"}]}}', '{"@id": "urn:a"}', '{"@id": "urn:a", "p": {"@list": [{"@id": "urn:b", "v": 1}, 2, {"@id": "urn:b"}]}}'),
	('frames of items', '{"@id": "urn:a", "http://e/p": {"@list": [{"@id": "urn:b", "http://e/v": 1, "http://e/w": 2}]}}', '{"@id": "urn:a", "p": {"@list": [{"@explicit": true, "w": {}}]}}', '{"@id": "urn:a", "p": {"@list": [{"@id": "urn:b", "w": 2}]}}'),
	('by an item of a list', '[{"@id": "urn:a", "http://e/p": {"@list": [1, 2]}}, {"@id": "urn:b", "http://e/p": {"@list": [3]}}]', '{"p": {"@list": [2]}}', '{"@id": "urn:a", "p": {"@list": [1, 2]}}'),
	('@reverse', :'library', '{"@type": "Chapter", "@reverse": {"contains": {"@explicit": true, "title": {}}}}',
		'{"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction", "@reverse": {"contains": {"@id": "urn:rep", "@type": "Book", "title": "The Republic"}}}'),
	('@included', '{"@id": "urn:a", "@type": "http://e/T", "@included": [{"@id": "urn:b", "@type": "http://e/U", "http://e/p": 1}]}', '{"@type": "T", "@included": [{"@type": "U"}]}',
		'{"@id": "urn:a", "@type": "T", "@included": {"@id": "urn:b", "@type": "U", "p": 1}}'),
	('what several graphs say is one', '[{"@id": "urn:g", "@graph": {"@id": "urn:a", "http://e/p": 1}}, {"@id": "urn:h", "@graph": {"@id": "urn:a", "http://e/p": [1, 2]}}]', '{"@id": "urn:a"}', '{"@id": "urn:a", "p": [1, 2]}'),
	('graphs, where the frame has one', '[{"@id": "urn:g", "http://e/of": "x", "@graph": [{"@id": "urn:a", "http://e/p": 1}, {"@id": "urn:b", "http://e/q": 1}]}, {"@id": "urn:a", "http://e/q": 3}]', '{"@graph": {"of": {}, "@graph": {"p": {}}}}',
		'{"@id": "urn:g", "of": "x", "@graph": [{"@id": "urn:a", "p": 1}]}'),
	('a node stands in each of its graphs', '[{"@id": "urn:t", "@type": "http://e/T", "http://e/q": {"@id": "urn:a"}, "http://e/p": {"@id": "urn:g"}}, {"@id": "urn:g", "@graph": [{"@id": "urn:a", "http://e/v": 1}, {"@id": "urn:b", "http://e/p": {"@id": "urn:a"}}]}]',
		'{"@type": "T", "p": {"@graph": {}}, "q": {}}', '{"@id": "urn:t", "@type": "T", "q": {"@id": "urn:a", "v": 1}, "p": {"@id": "urn:g", "@graph": [{"@id": "urn:a", "v": 1}, {"@id": "urn:b", "p": {"@id": "urn:a"}}]}}'),
	('labels that only tell a node from others go', '{"@id": "urn:a", "http://e/p": [{"http://e/q": {"@id": "_:x"}}, {"http://e/q": {"@id": "_:x"}}]}', '{"@id": "urn:a"}',
		'{"@id": "urn:a", "p": [{"q": {"@id": "_:b1"}}, {"q": {"@id": "_:b1"}}]}'),
	('the root by alias', :'library', '{"@context": {"@vocab": "http://e/", "only": "@explicit", "else": "@default", "type": "@type"}, "type": "Chapter", "only": true, "creator": {"else": "unknown"}}',
		'{"@id": "urn:intro", "type": "Chapter", "creator": "unknown"}'),
	('a document knows no such alias', '{"@context": {"@vocab": "http://e/", "else": "@default"}, "@id": "urn:a", "else": 1}', '{"@id": "urn:a"}', '{"@id": "urn:a", "else": 1}'),
	('nothing to frame', '[]', '{"@type": "T"}', '{}'),
	('an array of one frame', '{"@id": "urn:a", "http://e/p": 1}', '{"@graph": [{"@id": "urn:a"}]}', '{"@id": "urn:a", "p": 1}');
INSERT INTO cases (what, doc, frame, options, expected) VALUES
	('option explicit', :'library', '{"@type": "Book", "title": {}}', '{"explicit": true}', '{"@id": "urn:rep", "@type": "Book", "title": "The Republic"}'),
	('option embed', :'library', '{"@type": "Library"}', '{"embed": "@never"}', '{"@id": "urn:lib", "@type": "Library", "contains": "urn:rep"}'),
	('option embed, a boolean', :'library', '{"@type": "Library"}', '{"embed": false}', '{"@id": "urn:lib", "@type": "Library", "contains": "urn:rep"}'),
	('option omitDefault', :'library', '{"@type": "Chapter", "creator": {}}', '{"omitDefault": true}', '{"@id": "urn:intro", "@type": "Chapter", "title": "The Introduction"}'),
	('option requireAll', '[{"@id": "urn:a", "http://e/q": 1}, {"@id": "urn:b", "http://e/p": 1, "http://e/q": 2}]', '{"p": {}, "q": {}}', '{"requireAll": true}', '{"@id": "urn:b", "p": 1, "q": 2}'),
	('option omitGraph', '{"@id": "urn:a", "http://e/p": 1}', '{"p": {}}', '{"omitGraph": false}', '{"@graph": [{"@id": "urn:a", "p": 1}]}'),
	('option frameDefault', '[{"@id": "urn:g", "@graph": {"@id": "urn:a", "http://e/p": 1}}, {"@id": "urn:a", "http://e/q": 1}]', '{"@id": "urn:a"}', '{"frameDefault": true}', '{"@id": "urn:a", "q": 1}'),
	('option base', '{"@id": "a", "http://e/p": 1}', '{"@id": "a"}', '{"base": "http://b/"}', '{"@id": "a", "p": 1}'),
	('option compactArrays', '{"@id": "urn:a", "http://e/p": 1}', '{"@id": "urn:a"}', '{"compactArrays": false}', '{"@graph": [{"@id": "urn:a", "p": [1]}]}'),
	('option expandContext', '{"@id": "urn:a", "name": 1}', '{"@id": "urn:a"}', '{"expandContext": {"name": "http://e/p"}}', '{"@id": "urn:a", "p": 1}'),
	('json-ld-1.0', '{"@id": "urn:a", "http://e/p": {"http://e/q": 1}}', '{"@id": "urn:a"}', '{"processingMode": "json-ld-1.0"}', '{"@graph": [{"@id": "urn:a", "p": {"@id": "_:b0", "q": 1}}]}'),
	('@last, of 1.0', '{"@id": "urn:a", "http://e/p": {"@id": "urn:b", "http://e/v": 1}, "http://e/q": {"@id": "urn:b"}}', '{"@id": "urn:a", "p": {"@embed": "@last"}, "q": {"@embed": "@last"}}', '{"processingMode": "json-ld-1.0", "omitGraph": true}',
		'{"@id": "urn:a", "p": {"@id": "urn:b"}, "q": {"@id": "urn:b", "v": 1}}');
-- a default in a map has no key
INSERT INTO cases (what, doc, frame, expected) VALUES
	('null in a map', '{"@id": "urn:a", "http://e/p": 1}', '{"@context": {"@vocab": "http://e/", "i": {"@container": "@index"}, "l": {"@container": "@language"}, "d": {"@container": "@id"}, "t": {"@container": "@type"}, "g": {"@container": ["@graph", "@id"]}}, "p": {}, "i": [{}], "l": [{}], "d": [{}], "t": [{}], "g": [{}]}',
		'{"@id": "urn:a", "p": 1, "d": {"@none": null}, "i": {"@none": null}, "t": {"@none": null}, "http://e/g": null, "http://e/l": null}');
SELECT n, what, got, expected FROM (SELECT *, pg_temp.frame(doc, frame, options) AS got FROM cases) AS c
WHERE got IS DISTINCT FROM expected ORDER BY n;
SELECT count(*) FROM cases;

-- the context of the frame is that of the answer
SELECT jsonld_frame(:'library', '{"@context": {"ex": "http://e/"}, "@type": "ex:Chapter"}');
SELECT jsonld_frame(:'library', '{}') -> '@graph' -> 0 ->> '@id';
SELECT jsonld_frame(NULL, '{}') IS NULL AS d, jsonld_frame('{}', NULL) IS NULL AS f, jsonld_frame('{}', '{}', NULL) AS o;

-- a tree that was flattened is framed back
CREATE FUNCTION pg_temp.tree(depth int, path text) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	node jsonb := jsonb_build_object('http://e/name', path);
BEGIN
	IF random() < 0.7 OR depth = 4 THEN node := node || jsonb_build_object('@id', 'urn:' || path); END IF;
	IF random() < 0.5 OR depth = 4 THEN node := node || jsonb_build_object('@type', 'http://e/' || CASE depth WHEN 4 THEN 'Root' ELSE 'Inner' END); END IF;
	FOR i IN 1 .. floor(random() * 4)::int LOOP
		EXIT WHEN depth = 0;
		node := node || jsonb_build_object('http://e/p' || i, pg_temp.tree(depth - 1, path || i));
	END LOOP;
	RETURN node;
END $$;
SELECT setseed(0.125);
SELECT count(*) AS trees, count(*) FILTER (WHERE tree <> jsonld_frame(jsonld_flatten(tree), '{"@type": "http://e/Root"}')) AS wrong
FROM (SELECT pg_temp.tree(4, 'r' || n) AS tree FROM generate_series(1, 300) AS n OFFSET 0) AS t;

-- errors
SELECT jsonld_frame('{}', '[]');
SELECT jsonld_frame('{}', '"http://e/frame"');
SELECT jsonld_frame('{}', '[{}, {}]');
SELECT jsonld_frame('{}', '{"@id": "_:b"}');
SELECT jsonld_frame('{}', '{"@type": "relative"}');
SELECT jsonld_frame('{}', '{"@type": "_:b"}');
SELECT jsonld_frame('{}', '{"@id": 1}');
SELECT jsonld_frame('{}', '{"@type": {"@id": "x"}}');
SELECT jsonld_frame('{}', '{"@type": {"@default": 1}}');
SELECT jsonld_frame('{}', '{"@explicit": "perhaps"}');
SELECT jsonld_frame('{}', '{"@embed": "@last"}');
SELECT jsonld_frame('{}', '{"@embed": 1}');
SELECT jsonld_frame('{}', '{"http://e/p": {"@value": {"a": 1}}}');
SELECT jsonld_frame('{}', '{"http://e/p": {"@value": "x", "@language": 1}}');
SELECT jsonld_frame('{"@id": "urn:a", "http://e/p": {"@id": "urn:b"}}', '{"@id": "urn:a", "http://e/p": [{"@id": "urn:b"}, {"@id": "urn:c"}]}');
SELECT jsonld_frame('{}', '{"@context": {"@version": 1}}');
SELECT jsonld_frame('{}', '{}', '{"embed": "always"}');
SELECT jsonld_frame('{}', '{}', '{"embed": "@first"}');
SELECT jsonld_frame('{}', '{}', '{"omitGraph": null}');
SELECT jsonld_frame('{}', '{}', '{"explicit": "true"}');
SELECT jsonld_expand('{}', '{"embed": "@once"}');
-- a ladder that @always would copy 2^40 times
SELECT jsonld_frame((SELECT jsonb_agg(jsonb_build_object('@id', 'urn:' || i, 'http://e/l', jsonb_build_object('@id', 'urn:' || i + 1),
	'http://e/r', jsonb_build_object('@id', 'urn:' || i + 1))) FROM generate_series(1, 40) AS i), '{"@id": "urn:1", "@embed": "@always"}');
SELECT length(jsonld_frame((SELECT jsonb_agg(jsonb_build_object('@id', 'urn:' || i, 'http://e/l', jsonb_build_object('@id', 'urn:' || i + 1),
	'http://e/r', jsonb_build_object('@id', 'urn:' || i + 1))) FROM generate_series(1, 40) AS i), '{"@id": "urn:1"}')::text) AS once;
-- a chain deeper than the limit
SELECT jsonld_frame((SELECT jsonb_agg(jsonb_build_object('@id', 'urn:' || i, 'http://e/l', jsonb_build_object('@id', 'urn:' || i + 1)))
	FROM generate_series(1, 1000) AS i), '{"@id": "urn:1"}');
