-- Expressions of filter and bind.
SELECT create_ledger('e', '{"context": {"@vocab": "http://e/", "ex": "http://e/", "xsd": "http://www.w3.org/2001/XMLSchema#"}}');
SELECT ledger_insert('e', '{"@id": "http://e/x", "s": "Grüße", "n": -7.5, "i": 4, "t": true, "r": {"@id": "ex:y"},
	"l": {"@value": "colour", "@language": "en-GB"}, "d": {"@value": "2024-01-22T10:30:05.25Z", "@type": "xsd:dateTime"},
	"day": {"@value": "2023-12-31", "@type": "xsd:date"}, "k": {"@value": "042", "@type": "xsd:integer"}, "b": {"@id": "_:b"},
	"j": {"@value": {"a": 1}, "@type": "@json"}, "li": {"@list": [1]}, "u": "http://e/y"}') ->> 'asserted';
-- the term that an expression makes of the node's values
CREATE FUNCTION e(expr jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
	PERFORM ledger_update('e', jsonb_build_object('where', jsonb_build_array(
		'{"@id": "ex:x", "s": "?s", "n": "?n", "i": "?i", "t": "?t", "r": "?r", "l": "?l", "d": "?d", "day": "?day", "k": "?k", "b": "?b", "j": "?j", "li": "?li", "u": "?u"}'::jsonb,
		jsonb_build_array('bind', '?x', expr)), 'insert', '{"@id": "ex:result", "v": "?x"}'::jsonb));
	SELECT doc->'http://e/v'->>0 INTO r FROM "e:main" WHERE iri = 'http://e/result';
	PERFORM ledger_delete('e', 'ex:result');
	RETURN r;
END $$;
CREATE FUNCTION e(expr text) RETURNS text LANGUAGE sql AS $$ SELECT e(to_jsonb(expr)) $$;
CREATE FUNCTION show(VARIADIC exprs text[]) RETURNS TABLE(expression text, value text) LANGUAGE sql AS $$
	SELECT x, e(x) FROM unnest(exprs) WITH ORDINALITY u(x, o) ORDER BY o
$$;
-- text
SELECT * FROM show('(str ?r)', '(str ?n)', '(str ?t)', '(lcase ?s)', '(ucase (substr ?s 1 2))', '(strlen ?s)', '(STRLEN "")', '(strLen ?i)',
	'(contains ?s "rüß")', '(contains ?s "x")', '(strStarts ?s "Gr")', '(strStarts ?s "r")', '(strEnds ?s "ße")', '(strends ?s "G")', '(strEnds ?s "")',
	'(strBefore ?s "ü")', '(strBefore ?s "x")', '(strBefore ?s "")', '(strAfter ?s "ü")', '(strAfter ?s "x")', '(strAfter ?s "")', '(strBefore ?nothing "a")',
	'(subStr ?s 2)', '(subStr ?s 2 3)', '(subStr ?s 0 2)', '(subStr ?s 3 -1)', '(subStr ?s 99999999999)', '(subStr ?s -99999999999 99999999999999999999)',
	'(concat ?s "-" ?i "-" ?t)', '(concat ?s)', '(encodeForUri "a b/ß~")', '(ENCODE_FOR_URI "")');
-- patterns
SELECT * FROM show('(regex ?s "^gr")', '(regex ?s "^gr" "i")', '(regex "a\nb" "a.b")', '(regex "a\nb" "a.b" "")', '(regex "a\nb" "a.b" "s")', '(regex "a\nb" "^b" "m")', '(regex "ab" "a b" "x")', '(regex "a\nb" "a.b$" "sm")',
	'(regex "x1" "\d")', '(regex "x1" "\\d$")', '(regex ?i "4")', '(replace ?s "[aeiouü]" "*")', '(replace "abcd" "(b)(c)" "$2$1")', '(replace "abcd" "B" "[\\1&]" "i")', '(replace "aaa" "a" "b")');
-- numbers
SELECT * FROM show('(+ ?i 1)', '(+ ?i 1 2 3)', '(- ?i 1 2)', '(- ?n)', '(+ ?n)', '(* ?i 1.1)', '(/ ?i 8)', '(/ ?i 0)', '(/ 10 4)', '(abs ?n)', '(ceil ?n)', '(floor ?n)', '(round ?n)', '(+ ?k 1)', '(+ ?s 1)', '(+ ?r 1)', '(+ ?d 1)', '(+ ?nothing 1)', '(+ -1e2 +1)');
-- terms
SELECT * FROM show('(datatype ?s)', '(datatype ?n)', '(datatype ?i)', '(datatype ?t)', '(datatype ?d)', '(datatype ?l)', '(datatype ?j)', '(datatype ?r)', '(datatype ?li)', '(datatype (+ ?i 0))',
	'(lang ?l)', '(lang ?s)', '(lang ?r)', '(langMatches (lang ?l) "EN")', '(langMatches (lang ?l) "e")', '(langMatches (lang ?l) "*")', '(langMatches (lang ?s) "*")',
	'(isIRI ?r)', '(isURI ?b)', '(isIRI ?s)', '(isBlank ?b)', '(isBlank ?r)', '(isLiteral ?s)', '(isLiteral ?r)', '(isNumeric ?i)', '(isNumeric ?k)', '(isNumeric ?s)',
	'(iri "http://e/z")', '(iri "ex:z")', '(iri ?u)', '(uri (concat ?u "1"))', '(strDt "1" xsd:byte)', '(strDt "1" ?nothing)', '(strLang "x" "fr")', '(sameTerm ?r ex:y)', '(sameTerm ?u "http://e/y")',
	'?r', '?nothing', '(bound ?s)', '(bound ?nothing)', '(coalesce ?nothing ?s)', '(coalesce ?nothing (+ ?s 1))', '(if ?t "yes" 0)', '(if (> ?i 5) "yes" 0)');
-- times
SELECT * FROM show('(year ?d)', '(month ?d)', '(day ?d)', '(hours ?d)', '(minutes ?d)', '(seconds ?d)', '(tz ?d)', '(year ?day)', '(day ?day)', '(hours ?day)', '(tz ?day)', '(tz "10:00:00")', '(year ?s)', '(hours "10:00:00")');
SELECT e('(now)') ~ '^{"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"}$' AS now, e('(year (now))') ~ '^{"@value": 2\d{3}}$' AS year;
-- digests
SELECT * FROM show('(md5 "abc")', '(sha256 "abc")', '(sha384 "abc")', '(sha512 "abc")');
-- truth: comparisons, of terms and of values; what cannot be compared is nothing
SELECT * FROM show('(= ?i 4)', '(= ?i 4.0)', '(= ?i "4")', '(!= ?i "4")', '(= ?k 42)', '(= ?l "colour")', '(= ?r ex:y)', '(= ?r <http://e/y>)', '(= ?r http://e/y)', '(= ?r "http://e/y")', '(= ?u ex:y)', '(= ?s nosuch:prefix)', '(= ?nothing ?nothing)',
	'(< ?n ?i)', '(> ?k ?i)', '(< ?i ?s)', '(< ?d ?day)', '(>= ?day "2023")', '(< 1 ?i 5)', '(< 1 ?i 4)', '(<= 1 2 2 3)', '(= 1 1.0 1.00)', '(= 1 1 2)',
	'(in ?i [1 2 4])', '(in ?i [])', '(not-in ?i [1 2])', '(not-in ?i [])', '(in ?s ["x" "Grüße"])', '(in ?r [ex:z ex:y])', '(in ?nothing [1])',
	'(and ?t (> ?i 1))', '(and ?t (> ?i ?nothing))', '(and false (> ?i ?nothing))', '(or ?t (> ?i ?nothing))', '(or false (> ?i ?nothing))', '(&& ?t true)', '(|| false ?t)', '(not ?t)', '(! ?t)', '(not ?s)');
-- as data
SELECT x, e(x) FROM unnest(ARRAY['["+", "?i", 1]', '["=", "?r", {"@id": "ex:y"}]', '["=", "?r", "ex:y"]', '["=", "?l", {"@value": "colour", "@language": "en-gb"}]', '["=", "?d", {"@value": "2024-01-22T10:30:05.25Z", "@type": "xsd:dateTime"}]',
	'["in", "?i", [3, 4]]', '["in", "?i", [["+", 3, 1]]]', '["concat", "(x)", "?s"]', '5', '"text"', 'true', '{"@id": "ex:y"}', '{"@value": "?i"}', '{"@variable": "?i"}', '["=", "?i", ["iri", "ex:y"]]', '["regex", "?s", "G", "i"]']::jsonb[]) x;
-- quotes, spaces
SELECT * FROM show(' ( concat "a\"b" "\\" "\t|" "\q" )', '"(x)"', '( strlen"")');
-- filters: several, a variable, a constant of truth
CREATE FUNCTION f(VARIADIC exprs jsonb[]) RETURNS int LANGUAGE sql AS $$
	SELECT (ledger_update('e', jsonb_build_object('where', jsonb_build_array('{"@id": "ex:x", "i": "?i", "t": "?t", "s": "?s"}'::jsonb, jsonb_build_array('filter') || to_jsonb(exprs)),
		'delete', '[]'::jsonb, 'insert', '{"@id": "ex:hit", "v": 1}'::jsonb))->>'asserted')::int + (ledger_delete('e', 'ex:hit')->>'retracted')::int * 10
$$;
SELECT f('"(> ?i 1)"'), f('"(> ?i 1)"', '"(> ?i 9)"'), f('"?t"'), f('"?s"'), f('true'), f('false'), f('["bound", "?z"]');

-- what is no expression
\set VERBOSITY terse
SELECT e('(');
SELECT e('(+ ?i');
SELECT e('(+ ?i 1) 2');
SELECT e('(+ ?i 1))');
SELECT e('(in ?i [1 2)');
SELECT e('(concat "a)');
SELECT e('()');
SELECT e('(1 2)');
SELECT e('((+ 1) 2)');
SELECT e('(nosuch ?i)');
SELECT e('(strlen)');
SELECT e('(strlen ?s ?s)');
SELECT e('(substr ?s)');
SELECT e('(if ?t 1)');
SELECT e('(bound 1)');
SELECT e('(bound "?i")');
SELECT e('(= ?i)');
SELECT e('(in ?i 4)');
SELECT e('(in ?i)');
SELECT e('(and)');
SELECT e('(coalesce)');
SELECT e('(+ 1 1x)');
SELECT e('(+ 1 1-1)');
SELECT e('(+ 1 1e999999)');
SELECT e('(regex ?s "[")');
SELECT e('(regex ?s "a" "q")');
SELECT e('(regex ?s "a" ?i)');
SELECT e('(replace ?s "a")');
SELECT e('(iri "no iri")');
SELECT e('(iri "nosuch:prefix")');
SELECT e('(count ?i)');
SELECT e('(max ?i)');
SELECT e('(abs (sum ?i))');
SELECT e('null'::jsonb);
SELECT e('["+", 1, null]'::jsonb);
SELECT e('["+", 1, {}]'::jsonb);
SELECT e('["+", 1, {"@id": "ex:y", "ex:p": 1}]'::jsonb);
SELECT e('["=", "?i", {"@list": [1]}]'::jsonb);
SELECT f('"x"'), f('1');
SELECT f('"contains(lcase(?s), \"x\")"');
SELECT e((SELECT '"' || repeat('(+ ?n ', 200000) || '?n' || repeat(')', 200000) || '"')::jsonb) IS NULL;
SELECT e((SELECT string_agg('(strBefore ', '') || '"1"' || string_agg(' "x")', '') FROM generate_series(1, 200))) AS nested;
SELECT e((SELECT string_agg('(if ?t ', '') || '1' || string_agg(' 1)', '') FROM generate_series(1, 200))) IS NULL AS nested;
SELECT e('(concat ' || (SELECT string_agg('"x"', ' ') FROM generate_series(1, 1200)) || ')');
-- an IRI that data make is checked when it is stored
SELECT e('(iri ?s)');
SELECT e('(strDt "1" (iri "http://t/a"))');
\set VERBOSITY default
SELECT drop_ledger('e');
DROP FUNCTION e(jsonb), e(text), show, f;
