-- The JSON-LD processor: documents and contexts made of keywords, terms and
-- nonsense; N-Quads with bytes changed.  What is accepted must obey the laws
-- that tie the algorithms together; what is refused, by an error of the contract.
\pset tuples_only on
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION upsert;
SELECT setseed(:seed) \g /dev/null

CREATE FUNCTION one_of(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT choices[1 + floor(random() * cardinality(choices))::int] $$;
CREATE FUNCTION chance(p float8) RETURNS bool LANGUAGE sql VOLATILE AS 'SELECT random() < p';

CREATE FUNCTION any_term() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT one_of('p', 'q', 'r', 'list', 'set', 'lang', 'idx', 'map', 'types', 'graph', 'nested', 'rev', 'json', 'typed', 'vocab', 'pre:x', 'pre') $$;
CREATE FUNCTION any_iri() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT one_of('http://example/a', 'http://example/b', 'http://example/a#f', 'urn:x', 'a:b', 'pre:x', '_:b1', '_:x', 'relative', '../up', '#frag', '?q', '//host/p', '', 'http://exa mple/', 'a:%zz', '@odd', 'p', 'http://example/é') $$;
CREATE FUNCTION any_keyword() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT one_of('@id', '@type', '@value', '@language', '@direction', '@list', '@set', '@graph', '@index', '@reverse', '@included', '@nest', '@context', '@none', '@json', '@odd') $$;
CREATE FUNCTION any_scalar() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT CASE floor(random() * 9)::int
		WHEN 0 THEN 'null' WHEN 1 THEN to_jsonb(chance(0.5)) WHEN 2 THEN to_jsonb(floor(random() * 5)::int)
		WHEN 3 THEN one_of('0.1', '1e21', '-0.0', '1E400', '123456789012345678901234567890', '5e-324', '1e-400')::jsonb
		WHEN 4 THEN to_jsonb(any_iri()) WHEN 5 THEN to_jsonb(any_term()) WHEN 6 THEN to_jsonb(one_of('en', 'EN-us', 'rtl', 'ltr', 'a b', ''))
		ELSE to_jsonb(one_of('x', 'y', E'line\n"\\\t', '😀', '@', ':')) END $$;

CREATE FUNCTION any_value(depth int) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	answer jsonb := '{}';
BEGIN
	IF depth <= 0 OR chance(0.25) THEN
		RETURN any_scalar();
	END IF;
	CASE floor(random() * 8)::int
	WHEN 0 THEN
		RETURN COALESCE((SELECT jsonb_agg(any_value(depth - 1)) FROM generate_series(1, floor(random() * 4)::int)), '[]');
	WHEN 1 THEN		-- a value object
		answer := jsonb_build_object('@value', any_scalar());
		IF chance(0.3) THEN answer := answer || jsonb_build_object('@language', one_of('en', 'de-AT', 'a b')); END IF;
		IF chance(0.3) THEN answer := answer || jsonb_build_object('@type', one_of('http://example/t', 'pre:t', '@json', 'http://www.w3.org/2001/XMLSchema#double')); END IF;
		IF chance(0.2) THEN answer := answer || jsonb_build_object('@direction', one_of('ltr', 'rtl')); END IF;
		RETURN answer;
	WHEN 2 THEN
		RETURN jsonb_build_object(one_of('@list', '@list', '@set'), any_value(depth - 1));
	ELSE
		FOR i IN 0 .. floor(random() * 4)::int LOOP
			CASE floor(random() * 10)::int
			WHEN 0 THEN answer := answer || jsonb_build_object('@id', any_iri());
			WHEN 1 THEN answer := answer || jsonb_build_object('@type', any_iri());
			WHEN 2 THEN answer := answer || jsonb_build_object(any_keyword(), any_value(depth - 1));
			WHEN 3 THEN answer := answer || jsonb_build_object('@graph', any_value(depth - 1));
			WHEN 4 THEN answer := answer || jsonb_build_object('@reverse', jsonb_build_object(any_iri(), any_value(depth - 1)));
			WHEN 5 THEN answer := answer || jsonb_build_object(any_iri(), any_value(depth - 1));
			ELSE answer := answer || jsonb_build_object(any_term(), any_value(depth - 1));
			END CASE;
		END LOOP;
		IF chance(0.05) THEN answer := answer || jsonb_build_object('@context', any_context(1)); END IF;
		RETURN answer;
	END CASE;
END $$;

CREATE FUNCTION any_context(depth int) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	answer jsonb := '{"pre": "http://example/pre#"}';
	definition jsonb;
BEGIN
	IF chance(0.1) THEN
		RETURN CASE floor(random() * 4)::int WHEN 0 THEN 'null' WHEN 1 THEN any_scalar()
			ELSE jsonb_build_array(any_context(depth - 1), any_context(depth - 1)) END;
	END IF;
	IF chance(0.3) THEN answer := answer || jsonb_build_object('@vocab', one_of('http://example/v#', 'pre:', '', 'rel')); END IF;
	IF chance(0.2) THEN answer := answer || jsonb_build_object('@base', one_of('http://base.example/a/b', 'x/', '', '//h')); END IF;
	IF chance(0.2) THEN answer := answer || jsonb_build_object('@language', one_of('en', 'DE')); END IF;
	IF chance(0.1) THEN answer := answer || jsonb_build_object('@direction', one_of('ltr', 'rtl')); END IF;
	IF chance(0.1) THEN answer := answer || jsonb_build_object(one_of('@version', '@propagate', '@protected', '@import', '@odd'), one_of('1.1', 'true', 'false', '"x"')::jsonb); END IF;
	FOR i IN 0 .. floor(random() * 6)::int LOOP
		IF chance(0.3) THEN
			answer := answer || jsonb_build_object(any_term(), one_of('http://example/a', 'http://example/b', 'pre:x', '@id', '@type', '@graph', '_:t', 'p', '@nest'));
			CONTINUE;
		END IF;
		definition := jsonb_build_object('@id', one_of('http://example/a', 'http://example/b', 'pre:x', 'pre:y', 'a:b', '@type'));
		IF chance(0.4) THEN definition := definition || jsonb_build_object('@type', one_of('@id', '@vocab', '@json', '@none', 'http://example/t', '_:t')); END IF;
		IF chance(0.5) THEN definition := definition || jsonb_build_object('@container', one_of('"@list"', '"@set"', '"@language"', '"@index"', '"@id"', '"@type"', '"@graph"', '["@graph", "@id"]', '["@graph", "@index", "@set"]', '["@set", "@index"]', '["@list", "@set"]', 'null')::jsonb); END IF;
		IF chance(0.1) THEN definition := definition || jsonb_build_object('@language', one_of('en', 'fr')); END IF;
		IF chance(0.1) THEN definition := definition || jsonb_build_object(one_of('@index', '@nest', '@prefix', '@protected', '@direction', '@odd'), one_of('"p"', 'true', '"ltr"', 'null', '"@nest"')::jsonb); END IF;
		IF chance(0.1) THEN definition := definition - '@id' || jsonb_build_object('@reverse', any_iri()); END IF;
		IF depth > 0 AND chance(0.15) THEN definition := definition || jsonb_build_object('@context', any_context(depth - 1)); END IF;
		answer := answer || jsonb_build_object(any_term(), definition);
	END LOOP;
	RETURN answer;
END $$;

-- Most of what the dice give is refused: most of the time, throw them again.
CREATE FUNCTION good_context() RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	context jsonb;
BEGIN
	FOR i IN 1 .. 30 LOOP
		context := any_context(2);
		BEGIN
			PERFORM jsonld_expand(jsonb_build_object('@context', context), '{"base": "http://base.example/"}');
			EXIT;
		EXCEPTION WHEN SQLSTATE 'UP008' THEN
			EXIT WHEN chance(0.05);
		END;
	END LOOP;
	RETURN context;
END $$;
CREATE FUNCTION good_document(context jsonb, options jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	doc jsonb;
BEGIN
	FOR i IN 1 .. 30 LOOP
		doc := any_value(4);
		IF jsonb_typeof(doc) = 'object' THEN
			doc := doc || jsonb_build_object('@context', context);
		END IF;
		BEGIN
			EXIT WHEN chance(0.05) OR jsonb_array_length(jsonld_expand(doc, options)) > 0;
		EXCEPTION WHEN SQLSTATE 'UP008' THEN
			EXIT WHEN chance(0.05);
		END;
	END LOOP;
	RETURN doc;
END $$;

-- a document, with what only frames may say here and there
CREATE FUNCTION any_frame(context jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	frame jsonb := CASE WHEN chance(0.5) THEN '{}' ELSE any_value(3) END;
	flags jsonb := '{}';
BEGIN
	IF jsonb_typeof(frame) <> 'object' THEN frame := '{}'; END IF;
	FOR i IN 0 .. floor(random() * 3)::int LOOP
		flags := flags || CASE floor(random() * 9)::int
			WHEN 0 THEN jsonb_build_object('@embed', one_of('@once', '@always', '@never', '@last', 'x'))
			WHEN 1 THEN jsonb_build_object('@explicit', chance(0.5)) WHEN 2 THEN jsonb_build_object('@requireAll', chance(0.5))
			WHEN 3 THEN jsonb_build_object('@omitDefault', chance(0.5)) WHEN 4 THEN jsonb_build_object('@type', one_of('{}', '[]', '{"@default": "a:b"}', '["a:b", "http://example/a"]')::jsonb)
			WHEN 5 THEN jsonb_build_object('@id', one_of('{}', '[]', '["urn:x", "http://example/a"]')::jsonb)
			WHEN 6 THEN jsonb_build_object(any_iri(), jsonb_build_object('@default', any_scalar()))
			WHEN 7 THEN jsonb_build_object(any_iri(), one_of('{}', '[]', '{"@value": {}, "@language": ["en", {}]}', '{"@list": [{}]}')::jsonb)
			ELSE jsonb_build_object('@reverse', jsonb_build_object(any_iri(), '{}'::jsonb)) END;
		IF chance(0.3) THEN flags := jsonb_build_object(any_term(), flags); END IF;
	END LOOP;
	RETURN frame || flags || jsonb_build_object('@context', context);
END $$;

-- the statements of a dataset without the labels of its blank nodes: what
-- isomorphic datasets have in common
CREATE FUNCTION outline(nquads text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C")
	FROM (SELECT regexp_replace(s, '(^| )_:\S+', '\1_:', 'g') FROM string_to_table(nquads, E'\n') AS s) AS t (line) $$;

-- NULL, or what is wrong
CREATE FUNCTION try(doc jsonb, context jsonb, frame jsonb, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	canonical text;
	expanded jsonb;
	flat jsonb;
	rdf text;
	step text := 'expand';
BEGIN
	expanded := jsonld_expand(doc, options);
	-- an IRI that looks like a keyword leaves {"@id": null}, which is no valid input
	IF jsonb_path_exists(expanded, 'strict $.**."@id" ? (@ == null)', silent => true) THEN
		RETURN NULL;
	END IF;
	step := 'expand again';
	-- below a graph container the first pass keeps what a graph's top level drops
	expanded := jsonld_expand(expanded, options);
	IF jsonld_expand(expanded, options) <> expanded THEN
		RETURN format('expand(e) <> e: %s, %s', expanded, jsonld_expand(expanded, options));
	END IF;
	step := 'to_rdf';
	rdf := jsonld_to_rdf(expanded, options);
	-- the canonical form is that of what it says itself, and of the flat document
	IF NOT options ? 'produceGeneralizedRdf' THEN
		step := 'canonize';
		canonical := jsonld_canonize(expanded, options || '{"safe": false}');
		IF canonical <> rdf_canonize(canonical) THEN RETURN 'canonize(c) <> c: ' || canonical; END IF;
		IF canonical <> rdf_canonize(rdf) THEN RETURN 'rdf_canonize(to_rdf(d)) <> canonize(d)'; END IF;
		IF canonical <> jsonld_canonize(jsonld_flatten(expanded, NULL, options), options || '{"safe": false}') THEN RETURN 'canonize(flatten(d)) <> canonize(d)'; END IF;
	END IF;
	step := 'from_rdf';
	IF outline(jsonld_to_rdf(jsonld_from_rdf(rdf, options), options)) <> outline(rdf) THEN
		RETURN 'to_rdf(from_rdf(r)) <> r: ' || rdf;
	END IF;
	step := 'flatten';
	flat := jsonld_flatten(expanded, NULL, options);
	IF outline(jsonld_to_rdf(flat, options)) <> outline(rdf) THEN RETURN 'to_rdf(flatten(d)) <> to_rdf(d)'; END IF;
	-- compaction by the letter of the specification loses what a context cannot
	-- say, so only its errors count here
	step := 'compact';
	PERFORM jsonld_compact(expanded, context, options);
	-- a frame of anything
	step := 'frame';
	PERFORM jsonld_frame(expanded, frame, options - 'produceGeneralizedRdf');
	RETURN NULL;
EXCEPTION
	WHEN SQLSTATE 'UP008' OR SQLSTATE 'UP009' OR numeric_value_out_of_range OR statement_too_complex THEN
		RETURN CASE WHEN step IN ('from_rdf', 'flatten') AND sqlerrm !~ 'index' THEN format('%s: %s %s', step, sqlstate, sqlerrm) END;
	WHEN OTHERS THEN
		RETURN format('%s: %s %s', step, sqlstate, sqlerrm);
END $$;

CREATE FUNCTION try_nquads(n text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	doc jsonb;
	rdf text;
BEGIN
	doc := jsonld_from_rdf(n, options);
	rdf := jsonld_to_rdf(doc, options);
	IF outline(jsonld_to_rdf(jsonld_from_rdf(rdf, options), options)) <> outline(rdf) THEN
		RETURN 'no fixed point: ' || rdf;
	END IF;
	RETURN NULL;
EXCEPTION
	WHEN SQLSTATE 'UP008' OR invalid_text_representation OR untranslatable_character OR numeric_value_out_of_range THEN
		RETURN NULL;
	WHEN OTHERS THEN
		RETURN format('%s %s', sqlstate, sqlerrm);
END $$;

-- bytes of a valid text changed, taken out, put in
CREATE FUNCTION spoil(n text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at int;
BEGIN
	FOR i IN 0 .. floor(random() * 3)::int LOOP
		at := 1 + floor(random() * length(n))::int;
		n := overlay(n PLACING one_of('', ' ', '"', '<', '>', '\', '\u', '_:', '.', '@', '^', '#', E'\n', 'é', '%') FROM at FOR floor(random() * 2)::int);
	END LOOP;
	RETURN n;
END $$;
CREATE FUNCTION any_nquads() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT string_agg(format('%s %s %s%s .', s, CASE WHEN s LIKE '\_:%' AND chance(0.7) THEN one_of('<http://www.w3.org/1999/02/22-rdf-syntax-ns#first>', '<http://www.w3.org/1999/02/22-rdf-syntax-ns#rest>') ELSE p END, o, g), E'\n')
	FROM (SELECT one_of('<a:s>', '_:1', '_:2', '_:3') AS s,
			one_of('<a:p>', '<a:q>', '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>', '<http://www.w3.org/1999/02/22-rdf-syntax-ns#value>', '<http://www.w3.org/1999/02/22-rdf-syntax-ns#direction>') AS p,
			one_of('<a:o>', '_:1', '_:2', '_:3', '<http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>', '<http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>', '"x"', '"x"@en', '"ltr"', '"1"^^<http://www.w3.org/2001/XMLSchema#integer>', '"[1]"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>', '"x"^^<https://www.w3.org/ns/i18n#en_rtl>') AS o,
			one_of('', '', '', ' <a:g>', ' _:1') AS g
		FROM generate_series(1, 1 + floor(random() * 8)::int)) AS t $$;

CREATE FUNCTION any_options() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT '{"base": "http://base.example/dir/doc"}'::jsonb
		|| (CASE WHEN chance(0.3) THEN jsonb_build_object('rdfDirection', one_of('i18n-datatype', 'compound-literal')) ELSE '{}' END)
		|| (CASE WHEN chance(0.3) THEN '{"produceGeneralizedRdf": true}'::jsonb ELSE '{}' END)
		|| (CASE WHEN chance(0.2) THEN '{"useRdfType": true}'::jsonb ELSE '{}' END) $$;

SELECT format('%s' || E'\n  document %s\n  context %s\n  options %s', wrong, doc, context, options)
FROM (SELECT try(doc, context, any_frame(context), options) AS wrong, doc, context, options
	FROM (SELECT good_document(context, options) AS doc, context, options
		FROM (SELECT good_context() AS context, any_options() AS options FROM generate_series(1, :rounds) OFFSET 0) AS a OFFSET 0) AS b OFFSET 0) AS c
WHERE wrong IS NOT NULL LIMIT 5;

SELECT format('%s' || E'\n%s\n%s', wrong, n, options)
FROM (SELECT try_nquads(n, options) AS wrong, n, options
	FROM (SELECT CASE WHEN chance(0.5) THEN spoil(n) ELSE n END AS n, options
		FROM (SELECT any_nquads() AS n, any_options() AS options FROM generate_series(1, :rounds) OFFSET 0) AS a OFFSET 0) AS b OFFSET 0) AS c
WHERE wrong IS NOT NULL LIMIT 5;
