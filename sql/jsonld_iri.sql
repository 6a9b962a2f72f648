-- IRI resolution and relativization, through @base and @id.
\set VERBOSITY terse
CREATE FUNCTION pg_temp.resolve(base text, ref text) RETURNS text LANGUAGE sql AS $$
	SELECT jsonld_expand(jsonb_build_object('@id', ref, 'http://p', 1), jsonb_build_object('base', base)) -> 0 ->> '@id'
$$;
CREATE FUNCTION pg_temp.relativize(base text, iri text) RETURNS text LANGUAGE sql AS $$
	SELECT jsonld_compact(jsonb_build_object('@id', iri, 'http://p', 1), '{}', jsonb_build_object('base', base)) ->> '@id'
$$;

-- RFC 3986 5.4.1 (normal) and 5.4.2 (abnormal examples), all of them; the
-- base is the one of the RFC
CREATE TEMP TABLE rfc3986 (n serial, ref text, target text);
INSERT INTO rfc3986 (ref, target) VALUES
	('g:h', 'g:h'),
	('g', 'http://a/b/c/g'),
	('./g', 'http://a/b/c/g'),
	('g/', 'http://a/b/c/g/'),
	('/g', 'http://a/g'),
	('//g', 'http://g'),
	('?y', 'http://a/b/c/d;p?y'),
	('g?y', 'http://a/b/c/g?y'),
	('#s', 'http://a/b/c/d;p?q#s'),
	('g#s', 'http://a/b/c/g#s'),
	('g?y#s', 'http://a/b/c/g?y#s'),
	(';x', 'http://a/b/c/;x'),
	('g;x', 'http://a/b/c/g;x'),
	('g;x?y#s', 'http://a/b/c/g;x?y#s'),
	('', 'http://a/b/c/d;p?q'),
	('.', 'http://a/b/c/'),
	('./', 'http://a/b/c/'),
	('..', 'http://a/b/'),
	('../', 'http://a/b/'),
	('../g', 'http://a/b/g'),
	('../..', 'http://a/'),
	('../../', 'http://a/'),
	('../../g', 'http://a/g'),
	('../../../g', 'http://a/g'),
	('../../../../g', 'http://a/g'),
	('/./g', 'http://a/g'),
	('/../g', 'http://a/g'),
	('g.', 'http://a/b/c/g.'),
	('.g', 'http://a/b/c/.g'),
	('g..', 'http://a/b/c/g..'),
	('..g', 'http://a/b/c/..g'),
	('./../g', 'http://a/b/g'),
	('./g/.', 'http://a/b/c/g/'),
	('g/./h', 'http://a/b/c/g/h'),
	('g/../h', 'http://a/b/c/h'),
	('g;x=1/./y', 'http://a/b/c/g;x=1/y'),
	('g;x=1/../y', 'http://a/b/c/y'),
	('g?y/./x', 'http://a/b/c/g?y/./x'),
	('g?y/../x', 'http://a/b/c/g?y/../x'),
	('g#s/./x', 'http://a/b/c/g#s/./x'),
	('g#s/../x', 'http://a/b/c/g#s/../x'),
	('http:g', 'http:g');
SELECT ref, target, pg_temp.resolve('http://a/b/c/d;p?q', ref) AS resolved
FROM rfc3986 WHERE pg_temp.resolve('http://a/b/c/d;p?q', ref) IS DISTINCT FROM target ORDER BY n;
SELECT count(*) AS examples FROM rfc3986;

-- bases without a path, with a fragment, with a query that has slashes
SELECT pg_temp.resolve('http://a', 'g') AS no_path, pg_temp.resolve('http://a?x/y', 'g') AS query,
	pg_temp.resolve('http://a/b#f/g', 'c') AS fragment, pg_temp.resolve('http://a/b?q', '') AS same;
-- characters above ASCII are ordinary (RFC 3987 6.5); nothing is encoded
SELECT pg_temp.resolve('http://ex.org/straße/', '../café?ключ=値#é') AS iri;
-- dots that are no dot segments, and many that are
SELECT pg_temp.resolve('http://a/b/', 'x/.../y/..z/w..') AS dots,
	pg_temp.resolve('http://a/', repeat('x/../', 10000) || 'end') AS many;
-- without a base a relative reference stays as it is
SELECT jsonld_expand('{"@id": "a/b", "http://p": 1}') -> 0 ->> '@id' AS relative;

-- the way back: every relative form resolves to the IRI that it came from
CREATE TEMP TABLE back (n serial, base text, iri text, relative text);
INSERT INTO back (base, iri, relative) VALUES
	('http://a/b/c', 'http://a/b/d', 'd'),
	('http://a/b/c', 'http://a/b/c', 'c'),
	('http://a/b/c', 'http://a/b/', './'),
	('http://a/b/c', 'http://a/x', '../x'),
	('http://a/b/c/d/e', 'http://a/b/x/y', '../../x/y'),
	('http://a/b/c', 'http://a/', '../'),
	('http://a/b/', 'http://a/b/c/d', 'c/d'),
	('http://a/b/c', 'http://a/b/c#f', '#f'),
	('http://a/b/c', 'http://a/b/c?q', '?q'),
	('http://a/b/c?q', 'http://a/b/c?q#f', '?q#f'),
	('http://a/b/c?q', 'http://a/b/c#f', 'c#f'),
	('http://a/b/c', 'http://a/b/x:y', './x:y'),
	('http://a/b/c', 'http://a/b//y', './/y'),
	('http://a/b/c', 'https://a/b/d', 'https://a/b/d'),
	('http://a/b/c', 'http://z/b/d', 'http://z/b/d'),
	('http://a/b/c', 'http://a/b/../d', 'http://a/b/../d'),
	('http://a/b/c', 'urn:x:y', 'urn:x:y'),
	('http://a/b/c', 'http://a', 'http://a'),
	('http://a/b/c', '_:b0', '_:b0');
SELECT base, iri, relative, pg_temp.relativize(base, iri) AS got FROM back
WHERE pg_temp.relativize(base, iri) IS DISTINCT FROM relative ORDER BY n;
SELECT base, iri FROM back WHERE pg_temp.resolve(base, pg_temp.relativize(base, iri)) <> iri ORDER BY n;
SELECT count(*) AS pairs FROM back;
-- every pair of RFC targets goes back and forth
SELECT a.target, b.target FROM rfc3986 a, rfc3986 b
WHERE pg_temp.resolve(a.target, pg_temp.relativize(a.target, b.target)) <> b.target ORDER BY a.n, b.n;
-- option compactToRelative leaves IRIs whole
SELECT jsonld_compact('{"@id": "http://a/b/d", "http://p": 1}', '{}', '{"base": "http://a/b/c", "compactToRelative": false}') ->> '@id' AS whole;
-- a relative form that looks like a keyword is protected
SELECT pg_temp.relativize('http://a/b/', 'http://a/b/@type') AS keyword_like;
