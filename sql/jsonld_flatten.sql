-- jsonld_flatten: one array of nodes, every blank node labelled.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY sqlstate

\echo -- nothing, and nodes that say nothing
SELECT jsonld_flatten('{}');
SELECT jsonld_flatten('[]');
SELECT jsonld_flatten('{"@id": "a:x"}');
SELECT jsonld_flatten('{"a:p": {"@id": "a:x"}}');
SELECT jsonld_flatten(NULL) IS NULL;

\echo -- nested nodes come up, ordered by @id; the same node is one
SELECT jsonld_flatten('{"@id": "a:2", "a:p": {"@id": "a:1", "a:q": [1, {"@id": "a:2", "a:q": 3}]}}');
SELECT jsonld_flatten('[{"@id": "a:1", "@type": "a:T", "a:p": [1, 2, 1]}, {"@id": "a:1", "@type": ["a:U", "a:T"], "a:p": [2, 3, {"@value": 1}]}]');

\echo -- equal values are one, but lists are not compared, nor what is in them
SELECT jsonld_flatten('{"@id": "a:1", "a:p": [{"@list": [1, 1]}, {"@list": [1, 1]}, {"@id": "a:2"}, {"@id": "a:2"}, "x", {"@value": "x", "@language": "en"}]}');
SELECT jsonb_array_length(jsonld_flatten(jsonb_build_object('@id', 'a:1', 'a:p',
	(SELECT jsonb_agg(i % 50) FROM generate_series(1, 1000) AS i))) #> '{0,a:p}');

\echo -- labels: own ones are replaced, the same one stays the same everywhere
SELECT jsonld_flatten('{"@id": "_:mine", "@type": "_:type", "a:p": [{"a:q": 1}, {"@id": "_:mine"}], "_:prop": 2}');

\echo -- named graphs stand below their names, also nested and without a name
SELECT jsonld_flatten('{"@id": "a:g", "a:p": 1, "@graph": [{"@id": "a:s", "a:p": {"a:q": 2}}, {"@id": "a:empty"}]}');
SELECT jsonld_flatten('[{"@id": "a:g", "@graph": {"@id": "a:h", "@graph": {"@id": "a:s", "a:p": 1}}}, {"a:p": {"@graph": {"@id": "a:t", "a:p": 2}}}]');

\echo -- reverse properties, @included, @index
SELECT jsonld_flatten('{"@id": "a:1", "@reverse": {"a:p": [{"@id": "a:2", "a:q": 1}, {"@id": "a:3"}]}}');
SELECT jsonld_flatten('{"@id": "a:1", "@included": {"@id": "a:2", "a:p": 1}}');
SELECT jsonld_flatten('[{"@id": "a:1", "@index": "i", "a:p": 1}, {"@id": "a:1", "@index": "i"}]');
SELECT jsonld_flatten('[{"@id": "a:1", "@index": "i", "a:p": 1}, {"@id": "a:1", "@index": "j"}]');

\echo -- lists of lists, with nodes in them
SELECT jsonld_flatten('{"@id": "a:1", "a:p": {"@list": [{"@list": []}, {"@list": [{"@id": "a:2", "a:q": 1}, {"a:q": 2}]}]}}');

\echo -- flattening again changes nothing
SELECT f = jsonld_flatten(f) FROM jsonld_flatten('{"a:p": [{"a:q": 1}, {"@list": [{"a:q": 2}]}], "@graph": {"a:r": {}}}') AS f;

\echo -- with a context: compacted, nodes under @graph even if it is one; null is no context
SELECT jsonld_flatten('{"@context": {"p": "a:p"}, "@id": "a:1", "p": {"@id": "a:2", "p": "x"}}', '{"p": "a:p"}');
SELECT jsonld_flatten('{"@id": "a:1", "a:p": "x"}', '{"@context": {"p": "a:p"}}');
SELECT jsonld_flatten('{"@id": "a:1", "a:p": "x"}', 'null');

\echo -- options
SELECT jsonld_flatten('{"@id": "x", "a:p": {"@id": "../y"}}', NULL, '{"base": "http://example/a/b"}');
SELECT jsonld_flatten('{"@id": "x"}', NULL, '{"bas": "http://example/"}');

\echo -- deep nesting runs into the limit, not into the stack
SELECT jsonld_flatten((repeat('{"a:p":', 5000) || '1' || repeat('}', 5000))::jsonb);

\echo -- a stray @language stays with its node, an @id that looks like a keyword goes with its node
SELECT jsonld_flatten('{"@id": "a:1", "a:p": 1, "@language": "en"}');
SELECT jsonld_flatten('{"@id": "a:1", "a:p": [{"@id": "@odd", "a:q": 1}, {"@list": [{"@id": "@odd"}]}]}');
SELECT jsonld_flatten('{"@id": "a:1", "a:p": {"@id": "@odd"}}', NULL, '{"safe": true}');
