-- jsonld_quads: the statements as rows.
\pset null '(null)'
SELECT * FROM jsonld_quads('{}');
SELECT * FROM jsonld_quads('{
	"@context": {"name": "http://schema.org/name", "knows": {"@id": "http://schema.org/knows", "@type": "@id"}},
	"@id": "http://example/a", "name": ["Anna", {"@value": "Anne", "@language": "fr"}], "knows": "_:someone",
	"http://schema.org/age": 42}')
ORDER BY predicate COLLATE "C", object COLLATE "C";
SELECT subject, object, graph FROM jsonld_quads('{"@id": "a:g", "@graph": [{"@id": "a:s", "a:p": "x"}, {"@id": "a:t", "a:p": "\t"}]}')
ORDER BY subject COLLATE "C";
-- rows and text say the same
SELECT count(*) = length(regexp_replace(jsonld_to_rdf(d), '[^\n]', '', 'g'))
FROM (VALUES ('{"a:p": [1, {"@list": [1, 2, {"a:q": {"a:r": "x"}}]}]}'::jsonb)) AS v (d), jsonld_quads(d)
GROUP BY d;
-- joins like any relation
SELECT name.object, friend.object
FROM (VALUES ('[{"@id": "a:1", "a:name": "Anna", "a:knows": {"@id": "a:2", "a:name": "Bert"}}]'::jsonb)) AS v (d),
	jsonld_quads(d) AS knows, jsonld_quads(d) AS name, jsonld_quads(d) AS friend
WHERE knows.predicate = 'a:knows' AND name.predicate = 'a:name' AND friend.predicate = 'a:name'
	AND name.subject = knows.subject AND friend.subject = knows.object;
SELECT * FROM jsonld_quads(NULL);
\set VERBOSITY sqlstate
SELECT * FROM jsonld_quads('{"@id": 1}');
SELECT * FROM jsonld_quads('{}', '{"base": 1}');
