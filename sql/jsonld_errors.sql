-- Every error of the processor: its code, first in DETAIL, under SQLSTATE UP008.
CREATE FUNCTION pg_temp.raises(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; detail text; message text;
BEGIN
	EXECUTE call;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, message = MESSAGE_TEXT;
	RETURN state || ' ' || CASE detail WHEN '' THEN message ELSE detail END;
END $$;
CREATE FUNCTION pg_temp.expands(doc text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.raises(format('SELECT jsonld_expand(%L, %L)', doc, options))
$$;

CREATE TEMP TABLE wrong (n serial, code text, doc text);
INSERT INTO wrong (code, doc) VALUES
	('colliding keywords', '{"@context": {"id": "@id"}, "@id": "http://a", "id": "http://b"}'),
	('colliding keywords', '{"@context": {"r": "@reverse"}, "@reverse": {}, "r": {}}'),
	('cyclic IRI mapping', '{"@context": {"a": "b:x", "b": "a:y"}, "a": 1}'),
	('cyclic IRI mapping', '{"@context": {"a": {"@id": "a:b"}}, "a": 1}'),
	('invalid @id value', '{"@id": 42, "http://p": 1}'),
	('invalid @id value', '{"@id": ["http://a"], "http://p": 1}'),
	('invalid @import value', '{"@context": {"@import": 42}}'),
	('invalid @included value', '{"@included": "x"}'),
	('invalid @included value', '{"@included": {"@value": 1}}'),
	('invalid @index value', '{"http://p": {"@value": 1, "@index": 2}}'),
	('invalid @nest value', '{"@context": {"n": "@nest"}, "n": "x"}'),
	('invalid @nest value', '{"@context": {"n": "@nest"}, "n": {"@value": "x"}}'),
	('invalid @nest value', '{"@context": {"a": {"@id": "http://a", "@nest": "@id"}}}'),
	('invalid @prefix value', '{"@context": {"a": {"@id": "http://a/", "@prefix": 1}}}'),
	('invalid @propagate value', '{"@context": {"@propagate": "no"}}'),
	('invalid @protected value', '{"@context": {"a": {"@id": "http://a/", "@protected": 1}}}'),
	('invalid @protected value', '{"@context": {"@protected": "yes"}}'),
	('invalid @reverse value', '{"@reverse": "x"}'),
	('invalid @version value', '{"@context": {"@version": 1.0}}'),
	('invalid @version value', '{"@context": {"@version": "1.1"}}'),
	('invalid base direction', '{"@context": {"@direction": "up"}}'),
	('invalid base direction', '{"http://p": {"@value": "x", "@direction": "up"}}'),
	('invalid base direction', '{"@context": {"a": {"@id": "http://a", "@direction": 1}}}'),
	('invalid base IRI', '{"@context": {"@base": 1}}'),
	('invalid base IRI', '{"@context": [{"@base": null}, {"@base": "x"}]}'),
	('invalid container mapping', '{"@context": {"a": {"@id": "http://a", "@container": "@context"}}}'),
	('invalid container mapping', '{"@context": {"a": {"@id": "http://a", "@container": []}}}'),
	('invalid container mapping', '{"@context": {"a": {"@id": "http://a", "@container": ["@list", "@set"]}}}'),
	('invalid container mapping', '{"@context": {"a": {"@id": "http://a", "@container": ["@graph", "@id", "@index"]}}}'),
	('invalid container mapping', '{"@context": {"a": {"@id": "http://a", "@container": ["@set", "@id", "@type"]}}}'),
	('invalid container mapping', '{"@context": {"a": {"@id": "http://a", "@container": ["@set", "@set"]}}}'),
	('invalid context nullification', '{"@context": [{"@protected": true, "a": "http://a"}, null]}'),
	('invalid default language', '{"@context": {"@language": true}}'),
	('invalid IRI mapping', '{"@context": {"a": "not an iri"}}'),
	('invalid IRI mapping', '{"@context": {"a": {"@id": true}}}'),
	('invalid IRI mapping', '{"@context": {"a": {}}}'),
	('invalid IRI mapping', '{"@context": {"a": {"@reverse": 1}}}'),
	('invalid IRI mapping', '{"@context": {"http://x/y": "http://z"}}'),
	('invalid keyword alias', '{"@context": {"a": "@context"}}'),
	('invalid language map value', '{"@context": {"a": {"@id": "http://a", "@container": "@language"}}, "a": {"en": 1}}'),
	('invalid language mapping', '{"@context": {"a": {"@id": "http://a", "@language": 1}}}'),
	('invalid language-tagged string', '{"http://p": {"@value": "x", "@language": 1}}'),
	('invalid language-tagged value', '{"http://p": {"@value": 1, "@language": "en"}}'),
	('invalid local context', '{"@context": 42}'),
	('invalid local context', '{"@context": [["http://x"]]}'),
	('invalid reverse property', '{"@context": {"a": {"@reverse": "http://a", "@id": "http://b"}}}'),
	('invalid reverse property', '{"@context": {"a": {"@reverse": "http://a", "@container": "@list"}}}'),
	('invalid reverse property map', '{"@reverse": {"@id": "http://a"}}'),
	('invalid reverse property value', '{"@reverse": {"http://p": "x"}}'),
	('invalid reverse property value', '{"@context": {"a": {"@reverse": "http://a"}}, "a": {"@list": []}}'),
	('invalid scoped context', '{"@context": {"a": {"@id": "http://a", "@context": {"b": 42}}}}'),
	('invalid set or list object', '{"http://p": {"@list": [], "@id": "http://a"}}'),
	('invalid set or list object', '{"http://p": {"@set": [], "http://q": 1}}'),
	('invalid term definition', '{"@context": {"a": 42}}'),
	('invalid term definition', '{"@context": {"": "http://a"}}'),
	('invalid term definition', '{"@context": {"a": {"@id": "http://a", "x": 1}}}'),
	('invalid term definition', '{"@context": {"a:b": {"@id": "http://b", "@prefix": true}, "a": "http://"}}'),
	('invalid term definition', '{"@context": {"a": {"@id": "http://a", "@index": "http://b"}}}'),
	('invalid type mapping', '{"@context": {"a": {"@id": "http://a", "@type": 1}}}'),
	('invalid type mapping', '{"@context": {"a": {"@id": "http://a", "@type": "x"}}}'),
	('invalid type mapping', '{"@context": {"a": {"@id": "http://a", "@type": "_:b"}}}'),
	('invalid type mapping', '{"@context": {"a": {"@id": "http://a", "@type": "@none", "@container": "@type"}}}'),
	('invalid type value', '{"@type": 1}'),
	('invalid type value', '{"@type": ["http://a", null]}'),
	('invalid typed value', '{"http://p": {"@value": "x", "@type": "@id"}}'),
	('invalid typed value', '{"http://p": {"@value": "x", "@type": "_:b"}}'),
	('invalid value object', '{"http://p": {"@value": "x", "http://q": 1}}'),
	('invalid value object', '{"http://p": {"@value": "x", "@type": "http://t", "@language": "en"}}'),
	('invalid value object value', '{"http://p": {"@value": ["x"]}}'),
	('invalid vocab mapping', '{"@context": {"@vocab": 1}}'),
	('keyword redefinition', '{"@context": {"@id": "http://a"}}'),
	('keyword redefinition', '{"@context": {"@type": "http://a"}}'),
	('keyword redefinition', '{"@context": {"@type": {}}}'),
	('loading remote context failed', '{"@context": "http://nowhere.example/"}'),
	('loading remote context failed', '{"@context": "relative"}'),
	('protected term redefinition', '{"@context": [{"@protected": true, "a": "http://a"}, {"a": "http://b"}]}'),
	('protected term redefinition', '{"@context": [{"@protected": true, "a": "http://a"}, {"a": null}]}'),
	('protected term redefinition', '{"@context": [{"@protected": true, "a": "http://a"}, {"a": "@foo"}]}');
-- nothing may stand here: the code that was expected and what came
SELECT code, doc, pg_temp.expands(doc) FROM wrong
WHERE pg_temp.expands(doc) NOT LIKE 'UP008 ' || code || '%' ORDER BY n;
SELECT count(*) AS documents, count(DISTINCT code) AS codes FROM wrong;

-- DETAIL in full: code, datum at fault, path
SELECT pg_temp.expands(doc) FROM wrong WHERE code ~ '^(colliding|cyclic|invalid (@id|term|scoped|language-tagged v|@nest|type v))' ORDER BY n;
SELECT pg_temp.expands('{"@graph": [{"http://p": 1}, {"http://p": [{"http://q r": 1, "http://q": {"@value": {}}}]}]}');

-- JSON-LD 1.0 has fewer features, and codes of its own
SELECT doc, pg_temp.expands(doc, '{"processingMode": "json-ld-1.0"}') FROM (VALUES
	(1, '{"@context": {"@version": 1.1}}'),
	(2, '{"@context": {"@propagate": true}}'),
	(3, '{"@context": {"@import": "http://x"}}'),
	(4, '{"@context": {"@direction": "ltr"}}'),
	(5, '{"@context": {"@type": {"@container": "@set"}}}'),
	(6, '{"@context": {"a": {"@id": "http://a", "@container": "@graph"}}}'),
	(7, '{"@context": {"a": {"@id": "http://a", "@type": "@json"}}}'),
	(8, '{"@context": {"a": {"@id": "http://a", "@context": {}}}}'),
	(9, '{"@context": {"@vocab": "relative"}}'),
	(10, '{"http://p": {"@list": [{"@list": [1]}]}}')) AS v (n, doc) ORDER BY n;
-- and none of these in 1.1
SELECT pg_temp.expands('{"http://p": {"@list": [{"@list": [1]}]}}');

-- an IRI whose scheme is a prefix cannot be written
SELECT pg_temp.raises($q$SELECT jsonld_compact('{"@id": "tag:champin.net,2019:x", "http://p": 1}', '{"tag": "http://example.org/ns/tag/"}')$q$);
SELECT pg_temp.raises($q$SELECT jsonld_compact('{"http://p": 1}', '{"a": {"@id": "http://p", "@nest": "foo"}}')$q$);

-- safe mode: what would be dropped is an error
SELECT doc, pg_temp.expands(doc, '{"safe": true}') FROM (VALUES
	(1, '{"@id": "http://a", "name": "x"}'),
	(2, '["free"]'),
	(3, '{"@id": "http://a"}'),
	(4, '{"@id": "relative", "http://p": 1}'),
	(5, '{"@type": "Relative", "http://p": 1}'),
	(6, '{"@id": "@reserved", "http://p": 1}'),
	(7, '{"@list": ["x"]}'),
	(8, '{"http://p": {"@language": "en"}}'),
	(9, '{"@context": {"k": {"@id": "http://k", "@type": "@id"}}, "k": "rel"}'),
	(10, '{"@none": 1, "http://p": 1}'),
	(11, '{"@id": "http://a", "http://p": [1, null], "http://q": []}')) AS v (n, doc) ORDER BY n;

-- undefined prefixes
SELECT doc, pg_temp.expands(doc, '{"strictCompactIri": true}') FROM (VALUES
	(1, '{"@id": "ex:alice", "http://p": 1}'),
	(2, '{"@id": "http://a", "ex:p": 1}'),
	(3, '{"@type": "ex:T"}'),
	(4, '{"@context": {"name": "ex:name"}}'),
	(5, '{"@context": {"k": {"@id": "http://k", "@type": "@id"}}, "k": "ex:bob"}'),
	(6, '{"@context": {"ex": "http://ex/"}, "@id": "ex:alice", "ex:p": 1}'),
	(7, '{"@id": "urn:uuid:1", "https://p": {"@id": "DID:example:1"}, "x://y": {"@id": "_:b"}}')) AS v (n, doc) ORDER BY n;

-- options: an unknown one, or one of the wrong type, is named
CREATE FUNCTION pg_temp.refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	EXECUTE call;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || ' | ' || detail;
END $$;
SELECT o, pg_temp.refusal(format('SELECT jsonld_expand(%L, %L)', '{}', o)) FROM (VALUES
	(1, '{"bases": "http://a/"}'), (2, '{"documentLoader": null}'), (3, '{"base": 1}'), (4, '{"base": "relative"}'),
	(5, '{"ordered": "yes"}'), (6, '{"expandContext": 1}'), (7, '{"processingMode": "json-ld-2.0"}'),
	(8, '{"processingMode": 1.1}'), (9, '{"rdfDirection": "up"}'), (10, '{"safe": null}'), (11, '[]'), (12, '"x"'),
	(13, '{"base": null, "expandContext": null, "rdfDirection": null}')) AS v (n, o) ORDER BY n;
