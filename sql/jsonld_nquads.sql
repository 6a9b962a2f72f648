-- N-Quads: what the reader takes and refuses, what the writer makes of it.
-- read(n) is from_rdf, again(n) is to_rdf(from_rdf): the writer's spelling.
CREATE FUNCTION pg_temp.error_of(statement text, argument text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	message text;
	detail text;
BEGIN
	EXECUTE statement INTO answer USING argument;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN sqlstate || ': ' || message || '. ' || detail;
END $$;
CREATE FUNCTION pg_temp.read(n text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.error_of('SELECT jsonld_from_rdf($1)', n) $$;
CREATE FUNCTION pg_temp.again(n text) RETURNS text LANGUAGE sql AS
$$ SELECT rtrim(pg_temp.error_of('SELECT jsonld_to_rdf(jsonld_from_rdf($1))', n), E'\n') $$;
\pset format unaligned
\pset tuples_only on

\echo -- documents
SELECT pg_temp.read(n) FROM (VALUES
	(1, ''),
	(2, E'\n\r\n \t\n# only a comment'),
	(3, E'<a:s> <a:p> <a:o> .'),
	(4, E'<a:s><a:p><a:o>.'),
	(5, E'\t<a:s>\t<a:p>  <a:o>\t.\t# comment <a:x>\r<a:s> <a:p> "2" <a:g> .'),
	(6, E'<a:s> <a:p> <a:o> .\n<a:s> <a:p> <a:o> .')
) AS t (i, n) ORDER BY i;

\echo -- terms, and how they are written
SELECT pg_temp.again(n) FROM (VALUES
	(1, E'_:b <a:p> _:c1.'),
	(2, E'<a:s> <a:p> "plain" .'),
	(3, E'<a:s> <a:p> "plain"^^<http://www.w3.org/2001/XMLSchema#string> .'),
	(4, E'<a:s> <a:p> "tagged"@en-Latn-GB .'),
	(5, E'<a:s> <a:p> "01"^^<http://www.w3.org/2001/XMLSchema#integer> .'),
	(6, E'<a:s> <a:p> "" .'),
	(7, E'<a:s> <a:p> "\\t\\b\\n\\r\\f\\"\\''\\\\" .'),
	(8, E'<a:s> <a:p> "tab\there \\u0001\\u007f\\u00E9\\U0001F600 é" .'),
	(9, E'<http://example/\\u00E9> <a:p> <http://example/caf\\U000000e9> <a:g> .'),
	(10, E'<a:s> <a:p> <mailto:x@example.org> _:g .'),
	(11, E'<a:s> <a:p> <http://u@[::1]:8080/a;b=c,d?x=/?#f!$&''()*+> .')
) AS t (i, n) ORDER BY i;

\echo -- labels: a dot inside belongs to one, a dot behind does not; the mark is read, others are not
SELECT pg_temp.read(n) FROM (VALUES
	(1, E'<a:s> <a:p> _:a.b .'),
	(2, E'<a:s> <a:p> _:a..b-·.'),
	(3, E'<a:s> <a:p> _:é:0_ .'),
	(4, E'<a:s> <a:p> _:-a .'),
	(5, E'<a:s> <a:p> _:.a .'),
	(6, E'<a:s> <a:p> _: .'),
	(7, E'<a:s> <a:p> _:a×b .'),
	(8, E'<a:s> <a:p> _a .')
) AS t (i, n) ORDER BY i;

\echo -- refused
SELECT pg_temp.read(n) FROM (VALUES
	(1, 'nonsense'),
	(2, '<a:s> <a:p> .'),
	(3, '<a:s> <a:p> <a:o>'),
	(4, '<a:s> <a:p> <a:o> <a:g> <a:h> .'),
	(5, '<a:s> <a:p> <a:o> . <a:s> <a:p> <a:o> .'),
	(6, '"literal" <a:p> <a:o> .'),
	(7, '<a:s> "literal" <a:o> .'),
	(8, '<a:s> <a:p> <a:o> "literal" .'),
	(9, '<a:s> _:p <a:o> .'),
	(10, '<s> <a:p> <a:o> .'),
	(11, '<> <a:p> <a:o> .'),
	(12, '<a:s> <a:p> <http://exa mple/> .'),
	(13, '<a:s> <a:p> <http://example/\u0020> .'),
	(14, '<a:s> <a:p> <http://example/\n> .'),
	(15, '<a:s> <a:p> <http://example/%zz> .'),
	(16, '<a:s> <a:p> <http://example/a{b}> .'),
	(17, '<a:s> <a:p> <http://example/ .'),
	(18, '<a:s> <a:p> "open .'),
	(19, E'<a:s> <a:p> "two\nlines" .'),
	(20, '<a:s> <a:p> "bad \x escape" .'),
	(21, '<a:s> <a:p> "bad \u12G4" .'),
	(22, '<a:s> <a:p> "half a pair \uD83D" .'),
	(23, '<a:s> <a:p> "beyond \U00110000" .'),
	(24, '<a:s> <a:p> "nul \u0000" .'),
	(25, '<a:s> <a:p> ''single'' .'),
	(26, '<a:s> <a:p> """long""" .'),
	(27, '<a:s> <a:p> "x"@ .'),
	(28, '<a:s> <a:p> "x"@1n .'),
	(29, '<a:s> <a:p> "x"@en- .'),
	(30, '<a:s> <a:p> "x"@abcdefghi .'),
	(31, '<a:s> <a:p> "x"@en--ltr .'),
	(32, '<a:s> <a:p> "x"^<a:d> .'),
	(33, '<a:s> <a:p> "x"^^ .'),
	(34, '<a:s> <a:p> "x"^^<d> .'),
	(35, '<a:s> <a:p> "x"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString> .'),
	(36, '<a:s> <a:p> 1 .'),
	(37, '@prefix a: <a:> .'),
	(38, E'<a:s> <a:p> <a:o> .\n# fine so far\r\n<a:s> <a:p> <é:o> .'),
	(39, repeat('<a:s> <a:p> <a:o> ', 100))
) AS t (i, n) ORDER BY i;

\echo -- generalized RDF is an option
SELECT jsonld_from_rdf('<a:s> _:p <a:o> .', '{"produceGeneralizedRdf": true}');
SELECT pg_temp.error_of('SELECT jsonld_from_rdf('''', $1::jsonb)', '{"unknown": true}');
SELECT jsonld_from_rdf(NULL) IS NULL;
