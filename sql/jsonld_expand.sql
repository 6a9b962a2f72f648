-- Expansion of values, containers and structure.  Every case carries the
-- answer that the specification prescribes; only answers that differ are shown.
CREATE TEMP TABLE cases (n serial, what text, doc jsonb, expected jsonb, options jsonb DEFAULT '{}');
INSERT INTO cases (what, doc, expected) VALUES
	('nothing', '{}', '[]'), ('null', 'null', '[]'), ('a scalar', '"x"', '[]'), ('an empty array', '[]', '[]'),
	('a reference says nothing', '{"@id": "http://a"}', '[]'),
	('scalars', '{"http://p": [true, 1, 1.50, "s", null]}', '[{"http://p": [{"@value": true}, {"@value": 1}, {"@value": 1.5}, {"@value": "s"}]}]'),
	('an empty value stays', '{"http://p": []}', '[{"http://p": []}]'),
	('a null value goes', '{"http://p": null, "http://q": {"@value": null}}', '[]'),
	('an array loses nulls only', '{"http://p": [null, {"@value": null}]}', '[{"http://p": []}]'),
	('arrays are flattened', '{"http://p": [[1], [2, [3]]]}', '[{"http://p": [{"@value": 1}, {"@value": 2}, {"@value": 3}]}]'),
	('@set', '{"http://p": {"@set": [1, {"@set": [2]}]}}', '[{"http://p": [{"@value": 1}, {"@value": 2}]}]'),
	('@list', '{"http://p": {"@list": [1, {"@list": [2]}, []]}}', '[{"http://p": [{"@list": [{"@value": 1}, {"@list": [{"@value": 2}]}]}]}]'),
	('an empty list', '{"http://p": {"@list": []}}', '[{"http://p": [{"@list": []}]}]'),
	('list container', '{"@context": {"p": {"@id": "http://p", "@container": "@list"}}, "p": [1, [2, 3], []]}',
		'[{"http://p": [{"@list": [{"@value": 1}, {"@list": [{"@value": 2}, {"@value": 3}]}, {"@list": []}]}]}]'),
	('list container, one value', '{"@context": {"p": {"@id": "http://p", "@container": "@list"}}, "p": 1}', '[{"http://p": [{"@list": [{"@value": 1}]}]}]'),
	('set container', '{"@context": {"p": {"@id": "http://p", "@container": "@set"}}, "p": 1}', '[{"http://p": [{"@value": 1}]}]'),
	('language map', '{"@context": {"p": {"@id": "http://p", "@container": "@language"}}, "p": {"en": "queen", "de": ["Königin", null, "Herrscherin"], "@none": "regina"}}',
		'[{"http://p": [{"@value": "Königin", "@language": "de"}, {"@value": "Herrscherin", "@language": "de"}, {"@value": "queen", "@language": "en"}, {"@value": "regina"}]}]'),
	('index map', '{"@context": {"p": {"@id": "http://p", "@container": "@index"}}, "p": {"a": 1, "b": [{"@id": "http://x"}, 2], "@none": 3}}',
		'[{"http://p": [{"@value": 1, "@index": "a"}, {"@id": "http://x", "@index": "b"}, {"@value": 2, "@index": "b"}, {"@value": 3}]}]'),
	('an index by a property', '{"@context": {"@vocab": "http://v/", "p": {"@container": "@index", "@index": "q"}}, "p": {"a": {"@id": "http://x", "q": "z"}}}',
		'[{"http://v/p": [{"@id": "http://x", "http://v/q": [{"@value": "a"}, {"@value": "z"}]}]}]'),
	('id map', '{"@context": {"@base": "http://b/", "p": {"@id": "http://p", "@container": "@id"}}, "p": {"a": {"http://q": 1}, "b": {"@id": "http://c"}, "@none": {"http://q": 2}}}',
		'[{"http://p": [{"@id": "http://b/a", "http://q": [{"@value": 1}]}, {"@id": "http://c"}, {"http://q": [{"@value": 2}]}]}]'),
	('type map', '{"@context": {"@vocab": "http://v/", "p": {"@container": "@type"}}, "p": {"A": {"@type": "B", "q": 1}, "C": "http://i"}}',
		'[{"http://v/p": [{"@type": ["http://v/A", "http://v/B"], "http://v/q": [{"@value": 1}]}, {"@id": "http://i", "@type": ["http://v/C"]}]}]'),
	('graph container', '{"@context": {"p": {"@id": "http://p", "@container": "@graph"}}, "p": {"http://q": 1}}', '[{"http://p": [{"@graph": [{"http://q": [{"@value": 1}]}]}]}]'),
	('graph map by id', '{"@context": {"p": {"@id": "http://p", "@container": ["@graph", "@id"]}}, "p": {"http://g": {"http://q": 1}}}', '[{"http://p": [{"@id": "http://g", "@graph": [{"http://q": [{"@value": 1}]}]}]}]'),
	('graph map by index', '{"@context": {"p": {"@id": "http://p", "@container": ["@graph", "@index"]}}, "p": {"i": {"http://q": 1}}}', '[{"http://p": [{"@index": "i", "@graph": [{"http://q": [{"@value": 1}]}]}]}]'),
	('JSON literal', '{"@context": {"p": {"@id": "http://p", "@type": "@json"}}, "p": {"@id": [null, {"x": 1}]}}', '[{"http://p": [{"@type": "@json", "@value": {"@id": [null, {"x": 1}]}}]}]'),
	('a JSON literal may be null or an array', '{"@context": {"p": {"@id": "http://p", "@type": "@json"}}, "p": null, "http://q": {"@type": "@json", "@value": []}}',
		'[{"http://p": [{"@type": "@json", "@value": null}], "http://q": [{"@type": "@json", "@value": []}]}]'),
	('@reverse', '{"@id": "http://a", "@reverse": {"http://p": [{"@id": "http://b"}, {"@id": "http://c", "http://q": 1}]}}',
		'[{"@id": "http://a", "@reverse": {"http://p": [{"@id": "http://b"}, {"@id": "http://c", "http://q": [{"@value": 1}]}]}}]'),
	('a reverse property', '{"@context": {"of": {"@reverse": "http://p", "@type": "@id"}}, "@id": "http://a", "of": "http://b"}', '[{"@id": "http://a", "@reverse": {"http://p": [{"@id": "http://b"}]}}]'),
	('reversed twice', '{"@context": {"of": {"@reverse": "http://p"}}, "@id": "http://a", "@reverse": {"of": {"@id": "http://b"}}}', '[{"@id": "http://a", "http://p": [{"@id": "http://b"}]}]'),
	('@nest', '{"@context": {"n": "@nest"}, "http://p": 1, "n": [{"http://q": 2}, {"n": {"http://p": 3}}]}', '[{"http://p": [{"@value": 1}, {"@value": 3}], "http://q": [{"@value": 2}]}]'),
	('@included', '{"@id": "http://a", "@included": [{"@id": "http://b", "http://p": 1}]}', '[{"@id": "http://a", "@included": [{"@id": "http://b", "http://p": [{"@value": 1}]}]}]'),
	('a graph with a name', '{"@id": "http://g", "@graph": [{"@id": "http://a", "http://p": 1}, "free", {"@value": 1}]}', '[{"@id": "http://g", "@graph": [{"@id": "http://a", "http://p": [{"@value": 1}]}]}]'),
	('a graph without', '{"@context": {"@vocab": "http://v/"}, "@graph": [{"p": 1}, {"@id": "http://a"}]}', '[{"http://v/p": [{"@value": 1}]}]'),
	('values with all that they may have', '{"http://p": [{"@value": "x", "@language": "en-GB", "@direction": "ltr", "@index": "i"}, {"@value": "1", "@type": "http://t"}]}',
		'[{"http://p": [{"@value": "x", "@language": "en-GB", "@direction": "ltr", "@index": "i"}, {"@value": "1", "@type": "http://t"}]}]'),
	('several types, and their aliases', '{"@context": {"a": "@type"}, "@type": "http://T", "a": ["http://U", "http://V"]}', '[{"@type": ["http://U", "http://V", "http://T"]}]'),
	('a type relative to the base', '{"@context": {"@base": "http://b/"}, "@type": "T"}', '[{"@type": ["http://b/T"]}]'),
	('two terms for one property', '{"@context": {"a": "http://p", "b": "http://p"}, "a": 1, "b": [2, 3], "http://p": 4}', '[{"http://p": [{"@value": 1}, {"@value": 2}, {"@value": 3}, {"@value": 4}]}]'),
	('keys without an IRI go', '{"p": 1, "a/b": 2, "http://q": 3}', '[{"http://q": [{"@value": 3}]}]'),
	('blank nodes', '{"@id": "_:a", "_:p": {"@id": "_:b"}}', '[{"@id": "_:a", "_:p": [{"@id": "_:b"}]}]'),
	('a document of several nodes', '[{"http://p": 1}, [{"http://q": 2}]]', '[{"http://p": [{"@value": 1}]}, {"http://q": [{"@value": 2}]}]');
INSERT INTO cases (what, doc, expected, options) VALUES
	('ordered by code point, not as jsonb', '{"@context": {"bb": "http://p", "a": "http://p", "ccc": "http://p"}, "ccc": 3, "bb": 2, "a": 1}', '[{"http://p": [{"@value": 1}, {"@value": 2}, {"@value": 3}]}]', '{"ordered": true}'),
	('ordered maps', '{"@context": {"p": {"@id": "http://p", "@container": "@index"}}, "p": {"z": 1, "aa": 2}}', '[{"http://p": [{"@value": 2, "@index": "aa"}, {"@value": 1, "@index": "z"}]}]', '{"ordered": true}');

SELECT n, what, jsonld_expand(doc, options) AS got, expected FROM cases
WHERE jsonld_expand(doc, options) <> expected ORDER BY n;
-- expanding what is expanded changes nothing
SELECT n, what, jsonld_expand(expected) AS got, expected FROM cases
WHERE jsonld_expand(expected) <> expected ORDER BY n;
SELECT count(*) AS cases FROM cases;
-- numbers keep their digits
SELECT jsonld_expand('{"http://p": [1.0, 100000000000000000000000000000.000000000000000000001, 1E-20]}');
