-- Contexts upon contexts: a term is what the last definition of it says,
-- however many layers lie between, and protected terms may be said again.
\set VERBOSITY terse

-- what credentials and their proofs do: the scoped context of a type repeats
-- the protected terms that are there
\set c '{"@protected":true,"a":"http://e/a","T":{"@id":"http://e/T","@context":{"@protected":true,"a":"http://e/a","z":"http://e/z"}}}'
SELECT jsonld_compact(jsonb_build_object('@context', :'c'::jsonb, '@type', 'T', 'a', 'y', 'z', 'x'), :'c') - '@context';
SELECT jsonld_expand(jsonb_build_object('@context', jsonb_build_array(:'c'::jsonb, :'c'::jsonb), '@type', 'T', 'a', 'y', 'z', 'x'));

-- A random context: terms a to j, some protected, and types T0, T1, ... whose
-- scoped contexts define terms anew, remove them, or repeat them.  The node of
-- all these types must be compacted with exactly the terms of a naive map.
CREATE FUNCTION pg_temp.term() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT chr(97 + floor(random() * 10)::int) $$;

CREATE FUNCTION pg_temp.layers(ntypes int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	context jsonb := '{}';
	naive jsonb := '{}';	-- term -> IRI or null
	safe jsonb := '{}';		-- protected terms
	scoped jsonb;
	node jsonb := '{}';
	got jsonb;
	want jsonb := '{}';
	t text;
	iri jsonb;
	shield boolean;
BEGIN
	FOR k IN -1 .. ntypes - 1 LOOP
		scoped := '{}';
		shield := random() < 0.5;
		FOR i IN 0 .. floor(random() * 8)::int LOOP
			t := pg_temp.term();
			CONTINUE WHEN scoped ? t;
			IF random() < 0.5 AND naive ? t THEN iri := naive -> t;
			ELSIF safe ? t THEN CONTINUE;
			ELSIF random() < 0.2 THEN iri := 'null';
			ELSE iri := to_jsonb(format('http://e/%s/%s', t, floor(random() * 1e6)));
			END IF;
			scoped := scoped || jsonb_build_object(t, iri);
			IF shield THEN safe := safe || jsonb_build_object(t, true); END IF;
		END LOOP;
		naive := naive || scoped;
		IF shield THEN scoped := scoped || '{"@protected": true}'; END IF;
		IF k < 0 THEN context := scoped;
		ELSE
			context := context || jsonb_build_object('T' || k,
				jsonb_build_object('@id', 'http://e/T' || k, '@context', scoped));
		END IF;
	END LOOP;
	FOR t, iri IN SELECT * FROM jsonb_each(jsonb_strip_nulls(naive)) LOOP
		node := node || jsonb_build_object(iri #>> '{}', 1);
		want := want || jsonb_build_object(t, 1);
	END LOOP;
	node := node || jsonb_build_object('@type', (SELECT jsonb_agg('http://e/T' || i ORDER BY i) FROM generate_series(0, ntypes - 1) AS i));
	got := jsonld_compact(node, context) - '@context' - '@type';
	RETURN CASE WHEN got IS DISTINCT FROM want THEN format('%s with %s', got, context) END;
END $$;
SELECT setseed(0.25);
SELECT count(*) AS wrong FROM (SELECT pg_temp.layers(1 + n % 9) AS w FROM generate_series(1, 1500) AS n OFFSET 0) AS r WHERE w IS NOT NULL;

-- definitions are the same wherever their scoped contexts come from
SELECT jsonld_set_context('https://one.example/c1', '{"@context": {"@protected": true, "P": {"@id": "http://e/P", "@context": {"@protected": true, "x": "http://e/x"}}}}');
SELECT jsonld_set_context('https://two.example/c2', '{"@context": {"@protected": true, "P": {"@id": "http://e/P", "@context": {"@protected": true, "x": "http://e/x"}}}}');
SELECT jsonld_expand('{"@context": ["https://one.example/c1", "https://two.example/c2"], "@type": "P", "x": 1}');
-- unless these refer to others relative to where they come from
SELECT jsonld_set_context('https://one.example/s', '{"@context": {"x": "http://e/x1"}}'),
	jsonld_set_context('https://two.example/s', '{"@context": {"x": "http://e/x2"}}'),
	jsonld_set_context('https://one.example/c3', '{"@context": {"@protected": true, "P": {"@id": "http://e/P", "@context": "s"}}}'),
	jsonld_set_context('https://two.example/c3', '{"@context": {"@protected": true, "P": {"@id": "http://e/P", "@context": "s"}}}');
SELECT jsonld_expand('{"@context": ["https://one.example/c3", "https://one.example/c3"], "@type": "P", "x": 1}');
SELECT jsonld_expand('{"@context": ["https://one.example/c3", "https://two.example/c3"], "@type": "P", "x": 1}');

-- reverse terms may have all that others have (json-ld-api, 2023-06-28)
SELECT jsonld_expand('{"@context": {"kids": {"@reverse": "http://e/parent", "@context": {"name": "http://e/scoped"}}},
	"@id": "http://e/p", "kids": {"@id": "http://e/k", "name": "n"}}');
\set c '{"kids": {"@reverse": "http://e/parent", "@container": "@index", "@index": "http://e/nick"}}'
SELECT jsonld_expand(jsonb_build_object('@context', :'c'::jsonb, '@id', 'http://e/p', 'kids', '{"joe": {"@id": "http://e/k"}}'::jsonb)) AS expanded \gset
SELECT :'expanded'::jsonb AS by_nick, jsonld_compact(:'expanded', :'c') - '@context' AS back;
SELECT jsonld_expand('{"@context": {"kids": {"@reverse": "http://e/parent", "@language": 1}}}');
SELECT jsonld_expand('{"@context": {"kids": {"@reverse": "http://e/parent", "@direction": "up"}}}');
SELECT jsonld_expand('{"@context": {"kids": {"@reverse": "http://e/parent", "@prefix": 1}}}');
SELECT jsonld_expand('{"@context": {"kids": {"@reverse": "http://e/parent", "@index": "http://e/nick"}}}');
SELECT jsonld_expand('{"@context": {"kids": {"@reverse": "http://e/parent", "@container": null}}, "@id": "http://e/p", "kids": {"@id": "http://e/k"}}');

-- a reverse property without values says nothing
SELECT jsonld_expand('{"@id":"http://a","http://q":1,"@reverse":{"http://p":[]}}');
SELECT jsonld_expand('{"@context":{"r":{"@reverse":"http://p"}},"@id":"http://a","http://q":1,"r":[], "@reverse":{"http://p":[], "http://s": [{"@id":"http://b"}]}}');
SELECT jsonld_expand('{"@context":{"r":{"@reverse":"http://p"}},"@id":"http://a","r":[]}');

-- errors speak the language of the document
\set VERBOSITY default
SELECT jsonld_flatten('[{"@id": "_:mine", "@index": "x", "http://e/p": 1}, {"@id": "_:mine", "@index": "y", "http://e/p": 2}]');
SELECT jsonld_expand('{"p": 1}', '{"expandContext": {"@version": 1}}');
SELECT create_ledger('layers') IS NOT NULL;
SELECT ledger_update('layers', '{"@context": {"@version": 1}, "insert": {"@id": "http://e/a", "http://e/p": 1}}');
SELECT drop_ledger('layers') IS NOT NULL;
SELECT jsonld_drop_context(iri) FROM jsonld_contexts WHERE iri COLLATE "C" ~ '^https://(one|two).example/';
