-- Patterns of ledger_update beyond single nodes: graphs, lists, @reverse, subqueries.
SELECT create_ledger('w', '{"context": {"@vocab": "http://e/", "ex": "http://e/", "knows": {"@type": "@id"}, "knownBy": {"@reverse": "knows", "@type": "@id"}, "steps": {"@container": "@list"}}}');
-- the net change of an update, as flakes; undone afterwards
CREATE FUNCTION short(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT regexp_replace(replace(replace(t, 'http://www.w3.org/1999/02/22-rdf-syntax-ns#', 'rdf:'), 'http://e/', ''), '_:anon\w+', '_:anon', 'g')
$$;
CREATE FUNCTION try(txn jsonb, options jsonb DEFAULT '{}') RETURNS TABLE(change text) LANGUAGE plpgsql AS $$
DECLARE r jsonb; lines text[];
BEGIN
	BEGIN
		r := ledger_update('w', txn, options);
		SELECT array_agg(l ORDER BY l COLLATE "C") INTO lines FROM (SELECT short(format('%s%s %s %s%s', CASE WHEN op THEN '+' ELSE '-' END, s, p,
			coalesce(o->>'@id', (o->'@value')::text), coalesce(' in ' || nullif(graph, ''), ''))) FROM "w:main_flakes" WHERE t = (r->>'t')::bigint AND (r->>'asserted')::int + (r->>'retracted')::int > 0) f(l);
		RAISE SQLSTATE 'UPXXX';
	EXCEPTION WHEN SQLSTATE 'UPXXX' THEN END;
	RETURN QUERY SELECT unnest(coalesce(lines, '{nothing}'));
END $$;
SELECT ledger_insert('w', '[
	{"@id": "ex:a", "@type": "P", "name": "A", "age": 30, "knows": ["ex:b", "ex:c"], "steps": ["x", {"@id": "ex:b"}, 3, "x"], "tag": "z"},
	{"@id": "ex:b", "@type": "P", "name": "B", "age": 20, "knows": "ex:c"},
	{"@id": "ex:c", "@type": "Q", "name": "C", "age": 40, "steps": ["y"], "addr": {"city": "X"}},
	{"@id": "ex:d", "name": "D", "items": {"@list": [{"city": "Y", "zip": 1}, {"city": "Z"}]}},
	{"@id": "ex:g1", "@graph": [{"@id": "ex:a", "name": "A1", "age": 31, "knows": "ex:b"}, {"@id": "ex:b", "name": "B1"}]},
	{"@id": "ex:g2", "@graph": [{"@id": "ex:a", "name": "A2", "age": 32}, {"@id": "ex:b", "name": "B1"}]}]')->'t';

-- named graphs: by name, by variable, joined with the default graph and each other
SELECT * FROM try('{"where": ["graph", "ex:g1", {"@id": "?s", "name": "?n"}], "insert": {"@id": "?s", "r": "?n"}}');
SELECT * FROM try('{"where": ["graph", "?g", {"@id": "?s", "name": "?n"}], "insert": {"@id": "?s", "r": "?g"}}');
SELECT * FROM try('{"where": ["graph", "?g", {"@id": "ex:a", "age": "?x"}, {"@id": "ex:b", "name": "B1"}, ["filter", "(> ?x 31)"]], "insert": {"@id": "?g", "r": "?x"}}');
SELECT * FROM try('{"where": [{"@id": "?s", "@type": "P"}, ["graph", "ex:g1", {"@id": "?s", "name": "?n"}], ["graph", "ex:g2", {"@id": "?s", "name": "?n"}]], "insert": {"@id": "?s", "r": "?n"}}');
SELECT * FROM try('{"where": [["graph", "?g", {"@id": "?s", "name": "?n"}], ["graph", "?h", {"@id": "?s", "name": "?n"}], ["filter", "(< (str ?g) (str ?h))"]], "insert": {"@id": "?s", "r": ["?g", "?h"]}}');
SELECT * FROM try('{"where": [["values", ["?g", [{"@id": "ex:g2"}, {"@id": "ex:nosuch"}]]], ["graph", "?g", {"@id": "ex:a", "name": "?n"}]], "insert": {"@id": "?g", "r": "?n"}}');
SELECT * FROM try('{"where": ["graph", "ex:nosuch", {"@id": "?s", "name": "?n"}], "insert": {"@id": "?s", "r": "?n"}}');
-- an operator in a graph, and a graph in an operator
SELECT * FROM try('{"where": [{"@id": "?s", "name": "?n"}, ["not-exists", ["graph", "?g", {"@id": "?s", "name": "?m"}]]], "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": ["graph", "ex:g1", {"@id": "?s", "name": "?n"}, ["optional", {"@id": "?s", "age": "?x"}]], "insert": {"@id": "?s", "r": ["?n", "?x"]}}');
SELECT * FROM try('{"where": ["union", ["graph", "ex:g1", {"@id": "?s", "name": "?n"}], {"@id": "?s", "tag": "?n"}], "insert": {"@id": "?s", "r": "?n"}}');
SELECT * FROM try('{"where": ["graph", "ex:g1", ["graph", "default", {"@id": "?s", "tag": "?n"}]], "insert": {"@id": "?s", "r": "?n"}}');
-- a node's own @graph, as a name and as JSON-LD has it
SELECT * FROM try('{"where": {"@id": "ex:a", "@graph": "ex:g1", "name": "?n"}, "insert": {"@id": "ex:a", "r": "?n"}}');
SELECT * FROM try('{"where": [{"@id": "?g", "@graph": [{"@id": "?s", "age": "?x"}, {"@id": "?s", "knows": "?o"}]}, {"@id": "?s", "age": "?y"}], "insert": {"@id": "?s", "r": ["?x", "?y"]}}');
-- templates write to graphs too
SELECT * FROM try('{"where": {"@id": "?s", "tag": "?n"}, "insert": ["graph", "ex:g3", {"@id": "?s", "r": "?n"}, {"@id": "?s", "q": 1}]}');
SELECT * FROM try('{"where": {"@id": "?s", "tag": "?n"}, "delete": [{"@id": "?s", "tag": "?n"}], "insert": [{"@id": "?s", "@graph": "ex:g1", "r": "?n"}, ["graph", "ex:g2", {"@id": "?s", "r": "?n"}], {"@id": "?s", "r": 0}]}');
SELECT * FROM try('{"where": ["graph", "?g", {"@id": "?s", "name": "B1"}], "delete": ["graph", "?g", {"@id": "?s", "name": "B1"}], "insert": {"@id": "?s", "@graph": "?g", "name": "B2"}}');
SELECT * FROM try('{"insert": {"@context": {"f": "http://f/"}, "@id": "f:x", "@graph": "f:g", "f:p": {"@id": "f:y", "f:q": 1}}}');
-- "graph" is where templates write and patterns look; "from" only where patterns look
SELECT * FROM try('{"graph": "ex:g1", "where": {"@id": "ex:a", "age": "?x"}, "delete": {"@id": "ex:a", "age": "?x"}, "insert": {"@id": "ex:a", "age": 33}}');
SELECT * FROM try('{"graph": "ex:g2", "from": "ex:g1", "where": {"@id": "ex:a", "age": "?x"}, "insert": {"@id": "ex:a", "copy": "?x"}}');
SELECT * FROM try('{"from": {"graph": ["ex:g1"]}, "where": {"@id": "ex:a", "age": "?x"}, "insert": {"@id": "ex:a", "copy": "?x"}}');
SELECT * FROM try('{"graph": "ex:g1", "from": "default", "where": {"@id": "ex:a", "age": "?x"}, "insert": [{"@id": "ex:a", "copy": "?x"}, ["graph", "default", {"@id": "ex:a", "copy": "?x"}]]}');
SELECT * FROM try('{"graph": "ex:g1", "where": {"@id": "?s", "@graph": "default", "tag": "?o"}, "delete": {"@id": "?s", "@graph": "default", "tag": "?o"}, "insert": {"@id": "?s", "tag": "?o"}}');
SELECT * FROM try('{"graph": "w", "from": "w:main", "ledger": "w", "where": {"@id": "ex:a", "age": "?x"}, "insert": {"@id": "ex:a", "copy": "?x"}}');
SELECT * FROM try('{"from": "ex:nosuch", "where": {"@id": "ex:a", "age": "?x"}, "insert": {"@id": "ex:a", "copy": "?x"}}');
-- fromNamed: aliases, and the graphs that variables may range over
SELECT * FROM try('{"fromNamed": [{"alias": "one", "graph": "ex:g1"}], "where": ["graph", "one", {"@id": "ex:a", "age": "?x"}], "insert": ["graph", "one", {"@id": "ex:a", "copy": "?x"}]}');
SELECT * FROM try('{"fromNamed": ["ex:g2"], "where": ["graph", "?g", {"@id": "ex:a", "age": "?x"}], "insert": {"@id": "?g", "copy": "?x"}}');
SELECT * FROM try('{"fromNamed": {"two": {"@id": "w:main", "@graph": "ex:g2"}}, "where": ["union", ["graph", "two", {"@id": "ex:a", "age": "?x"}], ["graph", "ex:g1", {"@id": "ex:a", "age": "?x"}]], "insert": {"@id": "ex:a", "copy": "?x"}}');
SELECT * FROM try('{"from-named": [], "where": ["graph", "?g", {"@id": "ex:a", "age": "?x"}], "insert": {"@id": "?g", "copy": "?x"}}');
-- opts
SELECT * FROM try('{"opts": {"strictCompactIri": false}, "insert": {"@id": "no:prefix", "copy": 1}}');
SELECT * FROM try('{"opts": {"base": "http://e/x/"}, "insert": {"@id": "a", "copy": 1}}', '{"base": "http://e/x/", "strictCompactIri": true}');
SELECT * FROM try('{"opts": {"base": "http://e/"}, "insert": {"@id": "a", "copy": 1}}', '{"base": "http://e/x/"}');

-- lists: what they have in them; beside sets, without @list, they are one value
SELECT * FROM try('{"where": {"@id": "?s", "steps": "x"}, "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": {"@id": "?s", "steps": "?i"}, "insert": {"@id": "?s", "r": "?i"}}');
SELECT * FROM try('{"where": {"@id": "?s", "steps": [3, "x"]}, "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": {"@id": "?s", "steps": [3, "y"]}, "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": [{"@id": "?s", "steps": {"@id": "?o"}}, {"@id": "?o", "name": "?n"}], "insert": {"@id": "?s", "r": "?n"}}');
SELECT * FROM try('{"where": [{"@id": "?o", "name": "B"}, {"@id": "?s", "steps": {"@id": "?o"}}], "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": {"@id": "?s", "items": {"@list": [{"city": "Y", "zip": "?z"}]}}, "insert": {"@id": "?s", "r": "?z"}}');
SELECT * FROM try('{"where": {"@id": "?s", "items": {"@list": [{"@id": "?i", "city": "Q"}]}}, "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": {"@id": "?s", "http://e/steps": "?l", "@type": "Q"}, "delete": {"@id": "?s", "http://e/steps": "?l"}}');
SELECT * FROM try('{"where": {"@id": "?s", "tag": {"@list": ["z"]}}, "insert": {"@id": "?s", "r": 1}}');

-- @reverse is the triple from its other end
SELECT * FROM try('{"where": {"@id": "ex:b", "@reverse": {"knows": {"@id": "?s"}}}, "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": {"@id": "ex:c", "knownBy": "?s"}, "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": {"@id": "ex:c", "@reverse": {"knows": "?s"}}, "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": {"@id": "?o", "name": "C", "knownBy": {"@id": "?s", "age": "?x"}}, "insert": {"@id": "?s", "r": "?x"}}');
SELECT * FROM try('{"where": {"name": "C", "@reverse": {"knows": [{"@id": "?s", "name": "A"}, {"@id": "?z", "name": "B"}]}}, "insert": {"@id": "?s", "r": {"@id": "?z"}}}');
SELECT * FROM try('{"where": {"@id": "?s", "knows": {"@id": "?o", "@reverse": {"knows": {"name": "B"}}}}, "insert": {"@id": "?s", "r": {"@id": "?o"}}}');
SELECT * FROM try('{"where": {"@id": "ex:g1", "@graph": [{"@id": "ex:b", "knownBy": "?s"}]}, "insert": {"@id": "?s", "r": 1}}');
-- also in templates
SELECT * FROM try('{"where": {"@id": "ex:c", "knownBy": "?s"}, "delete": {"@id": "ex:c", "knownBy": "?s"}, "insert": {"@id": "ex:d", "@reverse": {"knows": {"@id": "?s"}, "likes": [{"@id": "ex:b"}, {"@id": "?nobody"}]}}}');

-- subqueries: projected, grouped, ordered, cut; joined with what is around them
SELECT * FROM try('{"where": [["query", {"select": "(max ?x)", "where": {"@id": "?s", "age": "?x"}}], {"@id": "?who", "age": "?max"}], "insert": {"@id": "?who", "oldest": true}}');
SELECT * FROM try('{"where": [["query", {"select": ["?t", "(as (count ?s) ?n)", "(as (avg ?x) ?mean)"], "where": {"@id": "?s", "@type": "?t", "age": "?x"}, "groupBy": "?t"}], {"@id": "?s", "@type": "?t"}], "insert": {"@id": "?s", "r": ["?n", "?mean"]}}');
SELECT * FROM try('{"where": [["query", {"select": ["?s"], "where": {"@id": "?s", "age": "?x"}, "orderBy": ["desc", "?x"], "limit": 2}]], "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": [["query", {"select": ["?s"], "where": {"@id": "?s", "age": "?x"}, "orderBy": "?x", "limit": 1, "offset": 1}]], "insert": {"@id": "?s", "r": 1}}');
SELECT * FROM try('{"where": [["query", {"select": ["?t"], "where": {"@id": "?s", "@type": "?t"}, "groupBy": ["?t"], "having": "(> (count ?s) 1)"}]], "insert": {"@id": "?t", "r": 1}}');
SELECT * FROM try('{"where": [["query", {"select": ["?t", "(count *)"], "where": {"@id": "?s", "@type": "?t"}, "groupBy": ["?t"], "having": [["filter", "(< (count ?s) 2)", "(>= (strLen (str (count *))) 1)"]]}]], "insert": {"@id": "?t", "r": "?count"}}');
SELECT * FROM try('{"where": [["query", {"select": ["(count ?z)", "(as (sum ?z) ?sum)", "(max ?z)", "(as (avg ?z) ?avg)"], "where": {"@id": "ex:nobody", "age": "?z"}}]], "insert": {"@id": "ex:r", "n": "?count", "s": "?sum", "m": "?max", "a": "?avg"}}');
SELECT * FROM try('{"where": [["query", {"select": ["(min ?n)", "(as (max ?n) ?max)", "(count-distinct ?t)", "(as (groupconcat ?n \", \") ?all)", "(as (groupconcat ?n) ?spaced)", "(sample ?n)", "(as (stddev ?x) ?sd)", "(as (variance ?x) ?var)", "(as (+ (sum ?x) (* 2 (count ?x))) ?mix)"], "where": [{"@id": "?s", "name": "?n"}, ["optional", {"@id": "?s", "age": "?x"}], ["optional", {"@id": "?s", "@type": "?t"}]]}]], "insert": {"@id": "ex:r", "min": "?min", "max": "?max", "n": "?count-distinct", "all": "?all", "spaced": "?spaced", "sample": "?sample", "sd": "?sd", "var": "?var", "mix": "?mix"}}');
SELECT * FROM try('{"where": [["query", {"selectDistinct": ["?t"], "where": {"@id": "?s", "@type": "?t"}, "orderBy": ["?t"], "limit": 1}]], "insert": {"@id": "?t", "r": 1}}');
SELECT * FROM try('{"where": [["query", {"select": ["?s", "(as (* ?x 2) ?y)"], "where": [{"@id": "?s", "age": "?x"}, ["query", {"select": "*", "where": {"@id": "?s", "@type": "Q"}}]]}], ["bind", "?x", "(+ ?y 1)"]], "insert": {"@id": "?s", "r": ["?x", "?y"]}}');
SELECT * FROM try('{"where": [["query", {"select": ["?s", "?v"], "values": ["?v", [20, 40]], "where": {"@id": "?s", "age": "?v"}}], {"@id": "?s", "name": "?n"}], "insert": {"@id": "?s", "r": "?n"}}');
SELECT * FROM try('{"where": ["graph", "ex:g2", ["query", {"select": "(max ?x)", "where": {"@id": "?s", "age": "?x"}}]], "insert": {"@id": "ex:r", "r": "?max"}}');
SELECT * FROM try('{"where": [{"@id": "?s", "name": "?n"}, ["optional", ["query", {"select": ["?s", "?x"], "where": {"@id": "?s", "age": "?x"}, "limit": 10}]]], "insert": {"@id": "?s", "r": ["?n", "?x"]}}');
-- values and marks
SELECT * FROM try('{"values": [["?s", "?v"], [[{"@id": "ex:a"}, {"@value": "?v"}], ["ex:a", 1]]], "insert": {"@id": "?s", "r": "?v"}}');
SELECT * FROM try('{"where": [["values", [["?s"], []]], {"@id": "?s", "name": "?n"}], "insert": {"@id": "?s", "r": 1}}');
-- minus takes away what shares a binding and agrees: where the variable is unbound, nothing is shared
SELECT * FROM try('{"where": [{"@id": "?s", "name": "?n"}, ["optional", {"@id": "?s", "age": "?x"}], ["minus", {"@id": "ex:a", "age": "?x"}]], "insert": {"@id": "?s", "r": 1}}');
-- values computed of computed values cost no more for being used twice
SET statement_timeout = '60s';
SELECT * FROM try((SELECT jsonb_build_object('where', jsonb_build_array('["bind", "?b0", 1]'::jsonb) || jsonb_agg(jsonb_build_array('bind', '?b' || g, format('(+ ?b%s ?b%s)', g - 1, g - 1)) ORDER BY g), 'insert', '{"@id": "ex:r", "r": "?b40"}'::jsonb) FROM generate_series(1, 40) g));
RESET statement_timeout;

-- Fluree's page of conditional updates: transfer, insert if there is none, a cap
SELECT * FROM try('{"where": [{"@id": "ex:a", "age": "?a"}, {"@id": "ex:b", "age": "?b"}, ["filter", "(>= ?a 15)"], ["bind", "?x", "(- ?a 15)", "?y", "(+ ?b 15)"]], "delete": [{"@id": "ex:a", "age": "?a"}, {"@id": "ex:b", "age": "?b"}], "insert": [{"@id": "ex:a", "age": "?x"}, {"@id": "ex:b", "age": "?y"}]}');
SELECT * FROM try('{"where": [["optional", {"@id": "ex:new", "name": "?existing"}], ["filter", "(not (bound ?existing))"]], "insert": {"@id": "ex:new", "name": "New"}}');
SELECT * FROM try('{"where": [["optional", {"@id": "ex:a", "name": "?existing"}], ["filter", "(not (bound ?existing))"]], "insert": {"@id": "ex:a", "name": "New"}}');
SELECT * FROM try('{"where": [{"@id": "ex:a", "age": "?p"}, ["filter", "(< ?p 1000)"], ["bind", "?n", "(if (> (+ ?p 990) 1000) 1000 (+ ?p 990))"]], "delete": {"@id": "ex:a", "age": "?p"}, "insert": {"@id": "ex:a", "age": "?n"}}');

-- what is no pattern
\set VERBOSITY terse
SELECT try('{"where": ["graph", "ex:g1"], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["graph", 1, {"@id": "?s", "name": "?n"}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["graph", "relative", {"@id": "?s", "name": "?n"}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["graph", "no:prefix", {"@id": "?s", "name": "?n"}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": {"@graph": [{"@id": "?s", "name": "?n"}, {"@id": "ex:g", "@graph": [{"@id": "?s", "name": "?n"}]}], "@id": "ex:h"}, "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": {"@graph": [{"@id": "?s", "name": "?n"}], "@id": "ex:h", "name": "x"}, "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": {"@id": "?s", "knows": {"@id": "ex:b", "@graph": "ex:g1", "name": "?n"}}, "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"insert": ["nosuch", "ex:g1", {"@id": "ex:x", "r": 1}]}');
SELECT try('{"insert": ["graph", "ex:g1"]}');
SELECT try('{"insert": ["graph", "?g", {"@id": "ex:x", "r": 1}]}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "graph": 1}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "graph": "x y"}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "graph": "ex:g"}', '{"graph": "http://e/g"}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "from": [["ex:g1", "ex:g2"]]}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "fromNamed": [{"alias": "x"}]}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "fromNamed": [1]}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "opts": 1}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "opts": {"nosuch": 1}}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "opts": {"strictCompactIri": 1}}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "ledger": "other"}');
SELECT try('{"insert": {"@id": "ex:x", "r": 1}, "txn-meta": {"ex:message": null}}');
SELECT try('{"where": {"@id": "?s", "items": {"@list": []}}, "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": {"@id": "?s", "items": {"@list": [{"@list": [1]}]}}, "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": {"@id": "?s", "?p": {"@list": [1]}}, "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": {"@id": "?s", "?p": {"city": "X"}}, "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": {"@id": "?s", "@reverse": {"likes": "?o"}}, "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": {"@id": "ex:c", "knownBy": "?s"}, "delete": {"@id": "ex:c", "knownBy": {"age": 1}}}');
SELECT try('{"where": ["query"], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"where": {"@id": "?s", "name": "?n"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": [], "where": {"@id": "?s", "name": "?n"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": "?n"}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": "x", "where": {"@id": "?s", "name": "?n"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": "?n", "having": "(nosuch ?n)", "where": {"@id": "?s", "name": "?n"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["?n", "(count ?s)"], "where": {"@id": "?s", "name": "?n"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["(as (+ ?x (count ?s)) ?y)"], "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["(sum (count ?x))"], "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["(+ ?x 1)"], "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["(as (+ ?x 1) ?x)"], "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["?x"], "groupBy": ["?nosuch"], "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"selectDistinct": ["?s"], "orderBy": "?x", "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["?s"], "orderBy": [["up", "?x"]], "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["?s"], "limit": -1, "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["?s"], "limit": "1", "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["?s"], "offset": 1e20, "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["query", {"select": ["?s"], "nosuch": 1, "where": {"@id": "?s", "age": "?x"}}], "insert": {"@id": "ex:x", "r": 1}}');
SELECT try('{"where": ["values", [["?a", "?a"], [[1, 2]]]], "insert": {"@id": "ex:x", "r": "?a"}}');
SELECT try('{"where": ["values", ["?a", ["?b"]]], "insert": {"@id": "ex:x", "r": "?a"}}');
SELECT try('{"where": ["values", ["?a", [{"@id": "a b"}]]], "insert": {"@id": "ex:x", "r": "?a"}}');
SELECT try('{"where": ["values", ["?a", [{"@id": "ex:a", "name": "A"}]]], "insert": {"@id": "ex:x", "r": "?a"}}');
SELECT try('{"where": ["shortestPath", {}], "insert": {"@id": "ex:x", "r": 1}}');
\set VERBOSITY default
SELECT drop_ledger('w');
DROP FUNCTION try, short;
