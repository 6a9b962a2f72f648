-- jsonld_to_rdf and jsonld_from_rdf.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY sqlstate

\echo -- nothing
SELECT jsonld_to_rdf('{}') = '', jsonld_to_rdf('{"@id": "a:x"}') = '', jsonld_to_rdf(NULL) IS NULL;

\echo -- resources and graphs, sorted by graph, subject and predicate
SELECT jsonld_to_rdf('{"@id": "a:s", "a:q": {"@id": "a:o"}, "@type": ["a:T", "_:t"], "a:p": {"a:q": "x"}}');
SELECT jsonld_to_rdf('[{"@id": "a:g", "a:p": "named", "@graph": {"@id": "a:s", "a:p": "in"}}, {"@graph": {"@id": "a:s", "a:p": "in blank"}}]');

\echo -- numbers: integers exact below 1e21, else canonical double
SELECT jsonld_to_rdf(jsonb_build_object('@id', 'a:s', 'a:p', n::jsonb)) FROM (VALUES
	(1, '0'), (2, '-0'), (3, '-0.0'), (4, '1.0'), (5, '-12e2'), (6, '9007199254740993'),
	(7, '999999999999999999999'), (8, '1000000000000000000000'), (9, '-1e21'), (10, '0.1'),
	(11, '-1.50'), (12, '100.5'), (13, '1e-7'), (14, '0.30000000000000004'),
	(15, '123456789.123456789123'), (16, '1.7976931348623157e308'), (17, '5e-324')
) AS t (i, n) ORDER BY i;
\echo -- typed numbers
SELECT jsonld_to_rdf('{"@id": "a:s", "a:p": [
	{"@value": 10, "@type": "http://www.w3.org/2001/XMLSchema#double"},
	{"@value": 0, "@type": "http://www.w3.org/2001/XMLSchema#double"},
	{"@value": 2.5, "@type": "http://www.w3.org/2001/XMLSchema#integer"},
	{"@value": 7, "@type": "a:d"}, {"@value": true, "@type": "a:d"}, true, false]}');
\echo -- no double comes near: 22003
SELECT jsonld_to_rdf('{"a:p": 1e400}');

\echo -- strings, languages, and what is not well-formed is left out
SELECT jsonld_to_rdf('{"@id": "a:s", "a:p": ["a\nb\"\\\u0001\u007f", {"@value": "x", "@language": "en-GB"},
	{"@value": "x", "@language": "en us"}, {"@value": "x", "@type": "a:%zz"}, {"@id": "relative"}, {"@id": "http://exa mple/"}]}');
SELECT jsonld_to_rdf('[{"@id": "relative", "a:p": 1}, {"@id": "a:s", "@type": "a:not good"}, {"@id": "a:g<", "@graph": {"@id": "a:s", "a:p": 1}}]');
SELECT jsonld_to_rdf('{"@id": "a:s", "a:not good": 1}');
\echo -- ... in safe mode refused: UP008
SELECT jsonld_to_rdf('{"@id": "a:s", "a:p": {"@value": "x", "@language": "en us"}}', '{"safe": true}');
SELECT jsonld_to_rdf('{"@id": "a:s", "a:p": {"@id": "http://exa mple/"}}', '{"safe": true}');

\echo -- blank nodes as predicates are an option
SELECT jsonld_to_rdf('{"@id": "a:s", "_:p": 1}');
SELECT jsonld_to_rdf('{"@id": "a:s", "_:p": 1}', '{"produceGeneralizedRdf": true}');

\echo -- lists
SELECT jsonld_to_rdf('{"@id": "a:s", "a:p": [{"@list": []}, {"@list": [1, {"@list": [2]}, {"@id": "relative"}]}]}');

\echo -- statements are a set: two spellings of one literal are one
SELECT jsonld_to_rdf('{"@id": "a:s", "a:p": [1, {"@value": "1", "@type": "http://www.w3.org/2001/XMLSchema#integer"}]}');

\echo -- base direction
SELECT jsonld_to_rdf('{"@id": "a:s", "a:p": {"@value": "x", "@language": "ar-EG", "@direction": "rtl"}}');
SELECT jsonld_to_rdf('{"@id": "a:s", "a:p": [{"@value": "x", "@language": "ar-EG", "@direction": "rtl"}, {"@value": "y", "@direction": "ltr"}]}', '{"rdfDirection": "i18n-datatype"}');
SELECT jsonld_to_rdf('{"@id": "a:s", "a:p": [{"@value": "x", "@language": "ar-EG", "@direction": "rtl"}, {"@value": "y", "@direction": "ltr"}]}', '{"rdfDirection": "compound-literal"}');
SELECT jsonld_to_rdf('{}', '{"rdfDirection": "sideways"}');

\echo -- JSON literals: RFC 8785, numbers of its appendix B and around the borders of the notation
SELECT jsonld_to_rdf(jsonb_build_object('@id', 'a:s', 'a:p', jsonb_build_object('@type', '@json', '@value', v::jsonb))) FROM (VALUES
	(1, 'null'), (2, '"text"'), (3, '[]'), (4, '{}'), (5, '[true, {"b": 1, "a": [2]}]'),
	(6, '{"\ud83d\ude00": 1, "\ue000": 2, "é": 3, "z": 4, "": 5, "a": 6, "aa": 7}'),
	(7, '"\u0001\b\t\n\f\r\u001f \"\\/\u007fé"'),
	(8, '[0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, 9007199254740992, -9007199254740992, 295147905179352830000]'),
	(9, '[9.999999999999997e22, 1e23, 1.0000000000000001e23, 999999999999999700000, 999999999999999900000, 1e21]'),
	(10, '[9.999999999999997e-7, 0.000001, 333333333.3333332, 333333333.33333325, 333333333.3333333, 333333333.3333334, 333333333.33333343]'),
	(11, '[-0.0000033333333333333333, 1424953923781206.2, 1e-7, 123e-20, 0.1, 100, 1e20, 4.35, 2e-3]')
) AS t (i, v) ORDER BY i;
SELECT jsonld_to_rdf('{"a:p": {"@type": "@json", "@value": [1e400]}}');

\echo -- from RDF: literals
SELECT jsonld_from_rdf('<a:s> <a:p> "x" .
<a:s> <a:p> "x"@en .
<a:s> <a:p> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
<a:s> <a:p> "x"^^<a:d> .
<a:s> <a:p> "{\"b\": [1.50]}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .');
SELECT jsonld_from_rdf('<a:s> <a:p> "{"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .');
\echo -- ... native types
SELECT jsonld_from_rdf('<a:s> <a:p> "' || v || '"^^<http://www.w3.org/2001/XMLSchema#' || t || '> .', '{"useNativeTypes": true}') #> '{0,a:p,0}'
FROM (VALUES
	(1, 'true', 'boolean'), (2, '0', 'boolean'), (3, 'True', 'boolean'),
	(4, '007', 'integer'), (5, '-5', 'integer'), (6, '+5', 'integer'), (7, '9007199254740993', 'integer'), (8, '1.0', 'integer'), (9, '', 'integer'), (10, '1e3', 'integer'),
	(11, '1.5E0', 'double'), (12, '1E1', 'double'), (13, '.5', 'double'), (14, '5.', 'double'), (15, '-0.0E0', 'double'), (16, 'INF', 'double'), (17, 'NaN', 'double'), (18, '1e400', 'double'), (19, '1e', 'double'), (20, '.', 'double'), (21, '0x1p3', 'double'), (22, ' 1', 'double'),
	(23, '1.5', 'decimal'), (24, 'x', 'string')
) AS x (i, v, t) ORDER BY i;

\echo -- from RDF: types
SELECT jsonld_from_rdf('<a:s> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <a:T> .
<a:s> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "literal" .');
SELECT jsonld_from_rdf('<a:s> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <a:T> .', '{"useRdfType": true}');

\echo -- from RDF: graphs
SELECT jsonld_from_rdf('<a:s> <a:p> "default" .
<a:s> <a:p> "named" <a:g> .
<a:t> <a:p> <a:s> _:g .
<a:g> <a:p> "of the graph" .');

\echo -- from RDF: lists (the bare words are RDF vocabulary)
CREATE FUNCTION pg_temp.from_short(n text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonld_from_rdf(regexp_replace(n, ' (first|rest|nil|List|type|value|language|direction)\M', ' <http://www.w3.org/1999/02/22-rdf-syntax-ns#\1>', 'g'),
		'{"rdfDirection": "compound-literal"}') $$;
SELECT pg_temp.from_short(n) FROM (VALUES
	(1, '<a:s> <a:p> nil .'),
	(2, E'<a:s> <a:p> _:1 .\n_:1 first "1" .\n_:1 rest _:2 .\n_:2 rest nil .\n_:2 first "2" .\n_:2 type List .'),
	-- a list in a list
	(3, E'<a:s> <a:p> _:1 .\n_:1 first _:2 .\n_:1 rest nil .\n_:2 first "x" .\n_:2 rest nil .'),
	-- no lists: used twice, used by nothing, with a further property, two tails, no first, an IRI, of another type
	(4, E'<a:s> <a:p> _:1 .\n<a:s> <a:q> _:1 .\n_:1 first "1" .\n_:1 rest nil .'),
	(5, E'_:1 first "1" .\n_:1 rest nil .'),
	(6, E'<a:s> <a:p> _:1 .\n_:1 first "1" .\n_:1 rest nil .\n_:1 <a:q> "more" .'),
	(7, E'<a:s> <a:p> _:1 .\n_:1 first "1" .\n_:1 rest nil .\n_:1 rest _:2 .'),
	(8, E'<a:s> <a:p> _:1 .\n_:1 rest nil .'),
	(9, E'<a:s> <a:p> <a:1> .\n<a:1> first "1" .\n<a:1> rest nil .'),
	(10, E'<a:s> <a:p> _:1 .\n_:1 first "1" .\n_:1 rest nil .\n_:1 type <a:T> .'),
	-- lists that contain themselves
	(11, E'_:1 first _:1 .\n_:1 rest nil .'),
	(12, E'_:1 first _:2 .\n_:1 rest nil .\n_:2 first _:1 .\n_:2 rest nil .'),
	(13, E'<a:s> <a:p> _:1 .\n_:1 first "1" .\n_:1 rest _:1 .'),
	-- the label is needed: by another graph, as a graph's name, as a type
	(14, E'<a:s> <a:p> _:1 <a:g> .\n_:1 first "1" .\n_:1 rest nil .'),
	(15, E'<a:s> <a:p> _:1 .\n_:1 first "1" .\n_:1 rest nil .\n<a:t> <a:p> "x" _:1 .'),
	(16, E'<a:s> <a:p> _:1 .\n_:1 first "1" .\n_:1 rest nil .\n<a:t> type _:1 .'),
	-- in a named graph
	(17, E'<a:s> <a:p> _:1 <a:g> .\n_:1 first "1" <a:g> .\n_:1 rest nil <a:g> .')
) AS t (i, n) ORDER BY i;

\echo -- from RDF: compound literals
SELECT pg_temp.from_short(n) FROM (VALUES
	(1, E'<a:s> <a:p> _:1 .\n_:1 value "x" .\n_:1 language "ar-EG" .\n_:1 direction "rtl" .'),
	(2, E'<a:s> <a:p> _:1 .\n_:1 value "x" .\n_:1 direction "ltr" .'),
	(3, E'<a:s> <a:p> _:1 .\n_:1 first _:2 .\n_:1 rest nil .\n_:2 value "x" .\n_:2 direction "ltr" .'),
	-- none: used twice, more said, no value, a value that is no string
	(4, E'<a:s> <a:p> _:1 .\n<a:t> <a:p> _:1 .\n_:1 value "x" .\n_:1 direction "ltr" .'),
	(5, E'<a:s> <a:p> _:1 .\n_:1 value "x" .\n_:1 direction "ltr" .\n_:1 <a:q> "more" .'),
	(6, E'<a:s> <a:p> _:1 .\n_:1 direction "ltr" .'),
	(7, E'<a:s> <a:p> _:1 .\n_:1 value <a:x> .\n_:1 direction "ltr" .')
) AS t (i, n) ORDER BY i;
SELECT pg_temp.from_short(E'<a:s> <a:p> _:1 .\n_:1 value "x" .\n_:1 direction "up" .');
SELECT pg_temp.from_short(E'<a:s> <a:p> _:1 .\n_:1 value "x" .\n_:1 language "a b" .\n_:1 direction "ltr" .');
\echo -- ... and i18n datatypes; what is none stays a datatype
SELECT jsonld_from_rdf('<a:s> <a:p> "x"^^<https://www.w3.org/ns/i18n#' || d || '> .', '{"rdfDirection": "i18n-datatype"}') #> '{0,a:p,0}'
FROM (VALUES (1, 'ar-eg_rtl'), (2, '_ltr'), (3, 'en'), (4, 'en_'), (5, 'en_up'), (6, '1_ltr'), (7, '')) AS t (i, d) ORDER BY i;
SELECT jsonld_from_rdf('<a:s> <a:p> "x"^^<https://www.w3.org/ns/i18n#ar_rtl> .');

\echo -- there and back
SELECT jsonld_to_rdf(jsonld_from_rdf(r)) = r FROM jsonld_to_rdf('{"@id": "a:s", "a:p": [1, 2.5, true, "x", {"@value": "y", "@language": "de"}, {"@value": {"a": [1]}, "@type": "@json"}]}') AS r;

\echo -- lists nested too deep end in an error, not in a crash
\set VERBOSITY terse
DO $$
BEGIN
	PERFORM jsonld_from_rdf((SELECT string_agg(format('_:%s <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> _:%s .', i, i + 1) ||
		format(E'\n_:%s <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .', i), E'\n')
		FROM generate_series(1, 200000) AS i) || E'\n<a:s> <a:p> _:1 .');
	RAISE NOTICE 'accepted';
EXCEPTION WHEN statement_too_complex OR SQLSTATE 'UP009' THEN RAISE NOTICE 'refused';
END $$;
\set VERBOSITY sqlstate

\echo -- a long list and many values stay linear
SELECT jsonb_array_length(jsonld_from_rdf(jsonld_to_rdf(jsonb_build_object('@id', 'a:s', 'a:p',
	jsonb_build_object('@list', (SELECT jsonb_agg(i) FROM generate_series(1, 20000) AS i))))) #> '{0,a:p,0,@list}');
SELECT jsonb_array_length(jsonld_from_rdf((SELECT string_agg(format('<a:s> <a:p> "%s" .', i), E'\n') FROM generate_series(1, 20000) AS i)) #> '{0,a:p}');
