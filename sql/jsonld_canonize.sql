-- RDF Dataset Canonicalization: one text for all datasets that say the same.

-- blank nodes with hashes of their own are numbered by these
SELECT E'<http://example.com/#p> <http://example.com/#q> _:e0 .\n<http://example.com/#p> <http://example.com/#r> _:e1 .\n_:e0 <http://example.com/#s> <http://example.com/#u> .\n_:e1 <http://example.com/#t> <http://example.com/#u> .\n' AS one \gset
SELECT rdf_canonize(:'one');
SELECT rdf_canonical_labels(:'one');
SELECT rdf_canonical_labels(:'one', '{"hashAlgorithm": "SHA-384"}');
-- those that share one, by the paths between them
SELECT E'<http://example.com/#p> <http://example.com/#q> _:e0 .\n<http://example.com/#p> <http://example.com/#q> _:e1 .\n_:e0 <http://example.com/#p> _:e2 .\n_:e1 <http://example.com/#p> _:e3 .\n_:e2 <http://example.com/#r> _:e3 .\n' AS both \gset
SELECT rdf_canonize(:'both');
SELECT rdf_canonical_labels(:'both');
-- order, spelling, repetition and comments do not count
SELECT rdf_canonize(E'_:x <urn:p> "\\u0041\\t" . # said\r\n\n_:x <urn:p> "A\t"^^<http://www.w3.org/2001/XMLSchema#string> <urn:g>.\n<urn:s><urn:p>_:x.');
-- what literals may hold, in its one spelling; \u0000 passes through escapes
SELECT rdf_canonize('<urn:s> <urn:p> "\u0000\u0008\u000B\u007F\u00E9\uFFFE\uFFFF\"\\"@de-AT .');
SELECT rdf_canonize('');
SELECT rdf_canonical_labels('<urn:s> <urn:p> "x" .');
SELECT rdf_canonize(NULL) IS NULL AS n, rdf_canonical_labels(NULL) IS NULL AS l, jsonld_canonize(NULL) IS NULL AS j,
	jsonld_canonize_inline(NULL) IS NULL AS i, rdf_canonize('', NULL) = '' AS o, jsonld_canonize('[]', NULL) = '' AS p;

-- the canonical form is its own, whatever labels, order of statements, and
-- graph: random datasets with few properties, so that hashes are shared
CREATE FUNCTION pg_temp.dataset(nodes int, statements int) RETURNS text[] LANGUAGE sql VOLATILE AS $$
	SELECT array_agg(DISTINCT format('_:n%s <urn:p%s> %s%s .', (random() * nodes)::int, (random() * 1.4)::int,
		CASE WHEN random() < 0.9 THEN '_:n' || (random() * nodes)::int ELSE '"v"' END,
		CASE WHEN random() < 0.7 THEN '' WHEN random() < 0.5 THEN ' <urn:g>' ELSE ' _:n' || (random() * nodes)::int END))
	FROM generate_series(1, statements)
$$;
-- labels that sort in another order, statements in another order
CREATE FUNCTION pg_temp.disguise(lines text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT string_agg(regexp_replace(line, '_:n([0-9]+)', '_:\1.' || salt || 'x', 'g'), E'\n' ORDER BY md5(line || salt))
	FROM unnest(lines) AS line, (SELECT floor(random() * 1e6) AS salt OFFSET 0) AS s
$$;
SELECT setseed(0.5);
CREATE TEMP TABLE dataset AS SELECT pg_temp.dataset(1 + n % 6, 2 + n % 13) AS lines FROM generate_series(1, 600) AS n;
SELECT count(*) FILTER (WHERE a <> b) AS labels, count(*) FILTER (WHERE a <> rdf_canonize(a)) AS again,
	count(*) FILTER (WHERE (SELECT count(*) FROM regexp_matches(a, '\n', 'g')) <> cardinality(lines)) AS statements
FROM (SELECT lines, rdf_canonize(array_to_string(lines, E'\n')) AS a, rdf_canonize(pg_temp.disguise(lines)) AS b FROM dataset) AS d;
-- and another dataset has another one
SELECT count(*) FROM (SELECT rdf_canonize(array_to_string(lines, E'\n')) AS a,
	rdf_canonize(array_to_string(lines || '_:n0 <urn:new> "v" .'::text, E'\n')) AS b FROM dataset) AS d WHERE a = b;

-- documents that say the same
SELECT jsonld_canonize('{"@context": {"@vocab": "http://e/", "knows": {"@type": "@id"}}, "@id": "urn:a", "name": "A", "knows": ["_:x", "urn:c"],
	"@graph": [{"@id": "_:x", "name": "B"}]}');
SELECT jsonld_canonize('{"@context": {"n": "http://e/name", "k": "http://e/knows"}, "@id": "urn:a", "k": [{"@id": "urn:c"}, {"@id": "_:other"}], "n": "A",
	"@graph": {"n": "B", "@id": "_:other"}}') = jsonld_canonize('[{"@id": "urn:a", "http://e/name": {"@value": "A"}, "http://e/knows": [{"@id": "_:z"}, {"@id": "urn:c"}],
	"@graph": [{"@id": "_:z", "http://e/name": "B"}]}]') AS same;
SELECT jsonld_canonize('{"@id": "urn:a", "http://e/p": {"@value": "x", "@language": "ar", "@direction": "rtl"}}', '{"rdfDirection": "i18n-datatype"}');
SELECT encode(sha256(convert_to(jsonld_canonize('{"@id": "urn:a", "http://e/p": {"@value": {"b": 1, "a": 2e0}, "@type": "@json"}}'), 'UTF8')), 'hex');

-- what would fall out of a signature is an error, unless asked for
SELECT jsonld_canonize('{"@id": "urn:a", "name": "x"}');
SELECT jsonld_canonize('{"@id": "a", "http://e/p": "x"}');
SELECT jsonld_canonize('{"@id": "urn:a", "http://e/p": "x", "name": "x"}', '{"safe": false}');
SELECT jsonld_canonize('{"@context": {"t": "_:t"}, "@id": "urn:a", "t": "x"}');

-- options
SELECT rdf_canonize('', '{"hashAlgorithm": "MD5"}');
SELECT rdf_canonize('', '{"hashAlgorithm": 1}');
SELECT rdf_canonize('', '{"base": "http://e/"}');
SELECT rdf_canonize('', '[]');
SELECT jsonld_canonize('{}', '{"produceGeneralizedRdf": true}');
SELECT jsonld_canonize('{}', '{"algorithm": "URDNA2015"}');
SELECT jsonld_expand('{}', '{"hashAlgorithm": "SHA-256"}');
SELECT rdf_canonize('_:s _:p _:o .');
SELECT rdf_canonize('_:s <p> _:o .');

-- contexts by IRI: stored ones, but never inline
SELECT jsonld_set_context('https://canon.example/c', '{"@context": {"name": "http://e/name"}}');
SELECT jsonld_canonize('{"@context": "https://canon.example/c", "@id": "urn:a", "name": "x"}');
SELECT jsonld_canonize_inline('{"@context": "https://canon.example/c", "@id": "urn:a", "name": "x"}');
SELECT jsonld_canonize_inline('{"@context": {"p": {"@id": "http://e/p", "@context": "https://canon.example/c"}}, "@id": "urn:a", "p": {"name": "x"}}');
SELECT jsonld_canonize_inline('{"@context": {"@import": "https://canon.example/c"}, "@id": "urn:a", "name": "x"}');
SELECT jsonld_canonize_inline('{"@id": "urn:a"}', '{"expandContext": "https://canon.example/c"}');
SELECT jsonld_drop_context('https://canon.example/c');
CREATE TABLE signed (doc jsonb, hash text GENERATED ALWAYS AS (md5(jsonld_canonize_inline(doc))) STORED);
CREATE UNIQUE INDEX ON signed (md5(jsonld_canonize_inline(doc, '{"safe": false}')));
INSERT INTO signed VALUES ('{"@id": "urn:a", "http://e/p": [1, 2]}');
INSERT INTO signed VALUES ('[{"http://e/p": [{"@value": 2}, {"@value": 1}], "@id": "urn:a"}]');
SELECT hash = md5(jsonld_canonize(doc)) AS same FROM signed;
CREATE TABLE registry_signed (doc jsonb, hash text GENERATED ALWAYS AS (jsonld_canonize(doc)) STORED);
DROP TABLE signed;

-- a clique of ten, and a ring: made to cost more than there is time
SELECT string_agg(format('_:n%s <urn:p> _:n%s .', i, j), E'\n') AS clique FROM generate_series(1, 10) AS i, generate_series(1, 10) AS j WHERE i <> j \gset
SELECT string_agg(format('_:n%s <urn:p> _:n%s .', i, i % 3000 + 1), E'\n') AS ring FROM generate_series(1, 3000) AS i \gset
SELECT rdf_canonize(:'clique');
SELECT rdf_canonize(:'ring');
SET upsert.jsonld_max_work = 0;
SELECT rdf_canonize(:'clique');
-- what is told apart at first sight costs nothing
SELECT length(rdf_canonize(string_agg(format('_:n%s <urn:p> "%s" .', i, i), E'\n'))) FROM generate_series(1, 5000) AS i;
RESET upsert.jsonld_max_work;
SET statement_timeout = '50ms';
SET upsert.jsonld_max_work = 2000000000;
SELECT rdf_canonize(:'clique');
RESET statement_timeout;
RESET upsert.jsonld_max_work;
SET upsert.jsonld_max_output = '1kB';
SELECT rdf_canonize(string_agg(format('_:n%s <urn:p> "%s" .', i, i), E'\n')) FROM generate_series(1, 50) AS i;
RESET upsert.jsonld_max_output;
