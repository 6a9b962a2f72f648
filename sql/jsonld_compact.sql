-- Compaction: the choice of terms, values, containers, structure.  Every case
-- carries the answer that the specification prescribes (without @context);
-- only answers that differ are shown.
CREATE TEMP TABLE cases (n serial, what text, doc jsonb, context jsonb, expected jsonb, options jsonb DEFAULT '{}');
INSERT INTO cases (what, doc, context, expected) VALUES
	('nothing', '[]', '{}', '{}'),
	('several nodes', '[{"@id": "http://a", "http://p": 1}, {"@id": "http://b", "http://p": 2}]', '{"p": "http://p"}', '{"@graph": [{"@id": "http://a", "p": 1}, {"@id": "http://b", "p": 2}]}'),
	('under an alias', '[{"@id": "http://a", "http://p": 1}, {"@id": "http://b", "http://p": 2}]', '{"p": "http://p", "id": "@id", "g": "@graph"}', '{"g": [{"id": "http://a", "p": 1}, {"id": "http://b", "p": 2}]}'),
	('term, compact IRI, IRI', '{"http://ex/a": 1, "http://ex/b": 2, "http://other/c": 3}', '{"ex": "http://ex/", "a": "http://ex/a"}', '{"a": 1, "ex:b": 2, "http://other/c": 3}'),
	('@vocab', '{"@type": "http://v/T", "http://v/p": 1}', '{"@vocab": "http://v/"}', '{"@type": "T", "p": 1}'),
	('@vocab, unless it is another term', '{"http://v/p": 1}', '{"@vocab": "http://v/", "p": "http://other/"}', '{"http://v/p": 1}'),
	('the shortest term, then the least', '{"http://p": 1}', '{"ccc": "http://p", "bb": "http://p", "aa": "http://p"}', '{"aa": 1}'),
	('the shortest compact IRI, then the least', '{"http://ex/long/x": 1}', '{"e": "http://ex/", "longer": "http://ex/long/", "f": "http://ex/lon"}', '{"e:long/x": 1}'),
	('a prefix only if it may be one', '{"http://ex/x": 1}', '{"e": {"@id": "http://ex/"}}', '{"http://ex/x": 1}'),
	('by type', '{"http://p": [{"@value": "2020-01-01", "@type": "http://date"}, "x"]}', '{"d": {"@id": "http://p", "@type": "http://date"}, "p": "http://p"}', '{"d": "2020-01-01", "p": "x"}'),
	('no term fits', '{"http://p": "x"}', '{"d": {"@id": "http://p", "@type": "http://date"}}', '{"http://p": "x"}'),
	('by language', '{"http://p": [{"@value": "a", "@language": "EN"}, {"@value": "b", "@language": "de"}, {"@value": "c"}]}',
		'{"en": {"@id": "http://p", "@language": "en"}, "de": {"@id": "http://p", "@language": "de"}, "p": "http://p"}', '{"en": "a", "de": "b", "p": "c"}'),
	('the default language', '{"http://p": [{"@value": "a", "@language": "en"}, {"@value": "c"}]}', '{"@language": "en", "p": "http://p", "q": {"@id": "http://p", "@language": null}}', '{"p": "a", "q": "c"}'),
	('by direction', '{"http://p": [{"@value": "a", "@language": "ar", "@direction": "rtl"}, {"@value": "b", "@direction": "rtl"}]}',
		'{"ar": {"@id": "http://p", "@language": "ar", "@direction": "rtl"}, "r": {"@id": "http://p", "@direction": "rtl"}}', '{"ar": "a", "r": "b"}'),
	('references', '{"@id": "http://b/x", "http://p": [{"@id": "http://b/y"}], "http://v": {"@id": "http://v/t"}}',
		'{"@base": "http://b/", "p": {"@id": "http://p", "@type": "@id"}, "v": {"@id": "http://v", "@type": "@vocab"}, "t": "http://v/t"}', '{"@id": "x", "p": "y", "v": "t"}'),
	('@vocab before @id where there is a term', '{"http://p": [{"@id": "http://v/t"}, {"@id": "http://v/u"}]}', '{"i": {"@id": "http://p", "@type": "@id"}, "v": {"@id": "http://p", "@type": "@vocab"}, "t": "http://v/t"}', '{"v": "t", "i": "http://v/u"}'),
	('type @none keeps objects', '{"http://p": [{"@value": "x", "@type": "http://t"}, 1]}', '{"p": {"@id": "http://p", "@type": "@none"}, "t": "http://t"}', '{"p": [{"@value": "x", "@type": "t"}, {"@value": 1}]}'),
	('JSON literal', '{"http://p": {"@type": "@json", "@value": [{"@id": 1}, null]}}', '{"p": {"@id": "http://p", "@type": "@json"}}', '{"p": [{"@id": 1}, null]}'),
	('a JSON literal under another term', '{"http://p": {"@type": "@json", "@value": [1]}}', '{"p": "http://p"}', '{"p": {"@type": "@json", "@value": [1]}}'),
	('set container', '{"http://p": 1}', '{"p": {"@id": "http://p", "@container": "@set"}}', '{"p": [1]}'),
	('list container', '{"http://p": {"@list": [1, 2]}}', '{"p": {"@id": "http://p", "@container": "@list"}}', '{"p": [1, 2]}'),
	('a list of one, and of none', '{"http://p": {"@list": [1]}, "http://q": {"@list": []}}', '{"p": {"@id": "http://p", "@container": "@list"}, "q": {"@id": "http://q", "@container": "@list"}}', '{"p": [1], "q": []}'),
	('a list without a container', '{"http://p": {"@list": [1]}}', '{"p": "http://p", "l": "@list"}', '{"p": {"l": [1]}}'),
	('lists in lists', '{"http://p": {"@list": [{"@list": [1]}, {"@list": []}]}}', '{"p": {"@id": "http://p", "@container": "@list"}}', '{"p": [[1], []]}'),
	('a list by the type of its items', '{"http://p": {"@list": [{"@id": "http://x"}, {"@id": "http://y"}]}}', '{"l": {"@id": "http://p", "@container": "@list"}, "i": {"@id": "http://p", "@container": "@list", "@type": "@id"}}', '{"i": ["http://x", "http://y"]}'),
	('language map', '{"http://p": [{"@value": "a", "@language": "en"}, {"@value": "b", "@language": "en"}, {"@value": "c"}]}', '{"p": {"@id": "http://p", "@container": "@language"}}', '{"p": {"en": ["a", "b"], "@none": "c"}}'),
	('index map', '{"http://p": [{"@value": 1, "@index": "a"}, {"@value": 2}]}', '{"p": {"@id": "http://p", "@container": "@index"}}', '{"p": {"a": 1, "@none": 2}}'),
	('an index without a container', '{"http://p": {"@value": 1, "@index": "a"}}', '{"p": "http://p"}', '{"p": {"@value": 1, "@index": "a"}}'),
	('an index by a property', '{"http://p": {"@id": "http://x", "http://q": ["a", "z"]}}', '{"p": {"@id": "http://p", "@container": "@index", "@index": "q"}, "q": "http://q"}', '{"p": {"a": {"@id": "http://x", "q": "z"}}}'),
	('id map', '{"http://p": [{"@id": "http://b/a", "http://q": 1}, {"http://q": 2}]}', '{"@base": "http://b/", "q": "http://q", "p": {"@id": "http://p", "@container": "@id"}}', '{"p": {"a": {"q": 1}, "@none": {"q": 2}}}'),
	('type map', '{"http://p": [{"@type": ["http://A", "http://B"], "http://q": 1}, {"@id": "http://i", "@type": "http://A"}]}', '{"A": "http://A", "q": "http://q", "p": {"@id": "http://p", "@container": "@type", "@type": "@id"}}', '{"p": {"A": [{"@type": "http://B", "q": 1}, "http://i"]}}'),
	('graph container', '{"http://p": {"@graph": [{"http://q": 1}]}}', '{"q": "http://q", "p": {"@id": "http://p", "@container": "@graph"}}', '{"p": {"q": 1}}'),
	('graph map by id', '{"http://p": {"@id": "http://g", "@graph": [{"http://q": 1}]}}', '{"q": "http://q", "p": {"@id": "http://p", "@container": ["@graph", "@id"]}}', '{"p": {"http://g": {"q": 1}}}'),
	('a graph with a name does not fit a graph container', '{"http://p": {"@id": "http://g", "@graph": [{"http://q": 1}]}}', '{"q": "http://q", "p": {"@id": "http://p", "@container": "@graph"}}', '{"p": {"@id": "http://g", "@graph": {"q": 1}}}'),
	('@reverse', '{"@id": "http://a", "@reverse": {"http://p": [{"@id": "http://b"}], "http://q": {"@id": "http://c"}}}', '{"of": {"@reverse": "http://p", "@type": "@id"}, "q": "http://q"}', '{"@id": "http://a", "of": "http://b", "@reverse": {"q": {"@id": "http://c"}}}'),
	('@nest', '{"http://p": 1, "http://q": 2}', '{"n": "@nest", "p": {"@id": "http://p", "@nest": "n"}, "q": {"@id": "http://q", "@nest": "n"}}', '{"n": {"p": 1, "q": 2}}'),
	('@included', '{"@id": "http://a", "@included": {"@id": "http://b", "http://p": 1}}', '{"p": "http://p", "with": "@included"}', '{"@id": "http://a", "with": {"@id": "http://b", "p": 1}}'),
	('property-scoped context', '{"http://p": {"http://q": 1}, "http://q": 2}', '{"p": {"@id": "http://p", "@context": {"x": "http://q"}}, "y": "http://q"}', '{"p": {"x": 1}, "y": 2}'),
	('type-scoped context ends at the next node', '{"@type": "http://T", "http://q": {"http://q": 1}}', '{"T": {"@id": "http://T", "@context": {"x": "http://q"}}, "yy": "http://q"}', '{"@type": "T", "x": {"yy": 1}}'),
	('@type as a set', '{"@type": "http://T"}', '{"@type": {"@container": "@set"}, "T": "http://T"}', '{"@type": ["T"]}'),
	('empty arrays stay', '{"@type": [], "http://p": []}', '{"p": "http://p"}', '{"@type": [], "p": []}');
INSERT INTO cases (what, doc, context, expected, options) VALUES
	('compactArrays false', '{"@type": "http://T", "http://p": 1}', '{"p": "http://p"}', '{"@graph": [{"@type": ["http://T"], "p": [1]}]}', '{"compactArrays": false}'),
	('a context as an API user gives it', '{"http://p": 1}', '{"@context": {"p": "http://p"}}', '{"p": 1}', '{}'),
	('expandContext is for expansion only', '{"name": 1}', '{"n": "http://n"}', '{"n": 1}', '{"expandContext": {"name": "http://n"}}'),
	('1.0 mode has no index fallback', '{"http://p": 1}', '{"p": {"@id": "http://p", "@container": "@index"}}', '{"http://p": 1}', '{"processingMode": "json-ld-1.0"}');

SELECT n, what, jsonld_compact(doc, context, options) - '@context' AS got, expected FROM cases
WHERE jsonld_compact(doc, context, options) - '@context' <> expected ORDER BY n;
SELECT count(*) AS cases FROM cases;

-- a compacted document means what it meant before, but for the one about
-- graphs with a name, which the algorithms of the specification wrap twice
CREATE FUNCTION pg_temp.unordered(v jsonb, is_list bool DEFAULT false) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE jsonb_typeof(v)
		WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(key, CASE key WHEN '@language' THEN lower(value::text)::jsonb
				ELSE pg_temp.unordered(value, key = '@list') END), '{}') FROM jsonb_each(v))
		WHEN 'array' THEN (SELECT coalesce(jsonb_agg(u ORDER BY CASE WHEN is_list THEN i END, u::text COLLATE "C"), '[]')
				FROM (SELECT pg_temp.unordered(e) AS u, i FROM jsonb_array_elements(v) WITH ORDINALITY AS a (e, i)) AS b)
		ELSE v END;
END $$;
SELECT what, got, expected FROM (
	SELECT n, what, pg_temp.unordered(jsonld_expand(jsonld_compact(doc, context, options), options - 'expandContext')) AS got,
		pg_temp.unordered(jsonld_expand(doc, options)) AS expected FROM cases) AS c
WHERE got <> expected ORDER BY n;

-- the context comes along, as it was given
SELECT jsonld_compact('{"http://p": 1}', '[{"p": "http://p"}, null, {"q": "http://p"}]') AS with_context;
SELECT jsonld_compact('{"http://p": 1}', c) AS without FROM unnest(ARRAY['{}', 'null', '[]', '{"@context": {}}']::jsonb[]) c;
