-- The lexis of the language: what is one token, and what is none.
\set SHOW_CONTEXT never
SET client_min_messages = warning;

-- keywords in any case; identifiers with their case
SELECT c8ql_eval('[TRUE, true, True, FaLsE, nuLL]');
SELECT c8ql_eval('{a: OLD.Name, b: OLD.name}', '{"OLD": {"Name": 1, "name": 2}}');
SELECT c8ql_eval('concat("a", Concat("b"), CONCAT("c"))');
-- pseudo-variables are identifiers: "old" is another name
SELECT c8ql_eval('old');
SELECT c8ql_eval('$OLD.a + $NEW.a', '{"OLD": {"a": 1}, "NEW": {"a": 2}}');

-- identifiers: a sign in front, back-ticks and acute accents around any text
SELECT c8ql_eval('[OLD._key, OLD.__x, OLD.$a, OLD.x_9]',
  '{"OLD": {"_key": "k", "__x": 1, "$a": 2, "x_9": 3}}');
SELECT c8ql_eval('[OLD.`return`, OLD.´two words´, OLD.`a\`b`]',
  '{"OLD": {"return": 1, "two words": 2, "a`b": 3}}');
SELECT c8ql_eval('OLD.return', '{"OLD": {"return": 1}}');
SELECT c8ql_eval('OLD.9a', '{"OLD": {}}');
SELECT c8ql_eval('``');

-- reserved words as attribute names of a literal: those and no others
SELECT c8ql_eval('{inbound: 1, OUTBOUND: 2, any: 3, all: 4, none: 5, like: 6, into: 7, with: 8, window: 9, limit: 10}');
SELECT c8ql_eval('{return: 1}');
SELECT c8ql_eval('{"return": 1, ''for'': 2, `let`: 3}');

-- strings: both quotes, line breaks, escapes, any other escape is itself
SELECT c8ql_eval(E'["a\'b", \'a"b\', "two\nlines"]');
SELECT c8ql_eval($$["\b\f\n\r\t", "\"\'\\\/\q", '\'']$$);
SELECT c8ql_eval($$["\u00e9", "\u20AC", "\ud83d\ude00"]$$);
SELECT c8ql_eval($$"\ud83d"$$);
SELECT c8ql_eval($$"\ud83dx"$$);
SELECT c8ql_eval($$"\ude00"$$);
SELECT c8ql_eval($$"\u0000"$$);
SELECT c8ql_eval($$"\u12"$$);
SELECT c8ql_eval($$"open$$);
SELECT c8ql_eval($$'open \'$$);
SELECT c8ql_eval($$"open \$$);
SELECT c8ql_eval($$`open$$);

-- numbers
SELECT c8ql_eval('[0, 7, 12345678901234567890123456789, 1.50, 1e3, 1.5E-2, 2e+2, 0b101, 0B11, 0xfF, 0X10, -1, -0.5]');
SELECT c8ql_eval('0x7fffffffffffffff');
SELECT c8ql_eval('0xffffffffffffffff');
SELECT c8ql_eval('1..3');
SELECT c8ql_eval('01');
SELECT c8ql_eval('1.');
SELECT c8ql_eval('.5');
SELECT c8ql_eval('1e');
SELECT c8ql_eval('0b2');
SELECT c8ql_eval('0x');

-- comments
SELECT c8ql_eval(E'1 // one\n + /* two\n lines ** / */ 2 //end');
SELECT c8ql_eval('1 /* open');
SELECT c8ql_eval('1 /*/');
SELECT c8ql_eval('/**/1/***/');

-- bind parameters
SELECT c8ql_eval('[@a, @1, @_x9, @a_b]', '{"a": 1, "1": 2, "_x9": 3, "a_b": 4}');
SELECT c8ql_eval('@missing');
SELECT c8ql_eval('@ a', '{"a": 1}');
SELECT c8ql_eval('OLD.@path', '{"OLD": {"a": {"b": 1}}, "path": "a"}');
SELECT c8ql_eval('OLD.@path', '{"OLD": {"a": {"b": 1}}, "path": ["a", "b"]}');
SELECT c8ql_eval('OLD.@path', '{"OLD": {"a": {"b": 1}}, "path": 1}');
SELECT c8ql_eval('{@name: 1, [@name]: 2, [1 + 1]: 3}', '{"name": "x"}');

-- trailing commas: one, in array and object literals
SELECT c8ql_eval('[1, 2,]');
SELECT c8ql_eval('{a: 1,}');
SELECT c8ql_eval('[1,,]');
SELECT c8ql_eval('[,]');
SELECT c8ql_eval('{,}');

-- what is no token, and nothing at all
SELECT c8ql_eval('1 # 2');
SELECT c8ql_eval('1 = 2');
SELECT c8ql_eval('a ^ b');
SELECT c8ql_eval('');
SELECT c8ql_eval('  // nothing');

-- the place of an error: lines and columns in characters, a long line cut
SELECT c8ql_eval(E'{\n  "ééé": 1 2\n}');
SELECT c8ql_eval((repeat('1 + ', 30) || '* 2' || repeat(' + 1', 30))::docexpr);
SELECT c8ql_eval(E'{\n\ta: = 1}');

-- too deep is an error, not a crash
SELECT c8ql_eval((repeat('[', 200000) || repeat(']', 200000))::docexpr);
SELECT c8ql_eval((repeat('-', 200000) || 'OLD')::docexpr);
SELECT c8ql_eval((repeat('[', 5) || repeat(']', 5))::docexpr);
\set VERBOSITY sqlstate
SELECT c8ql_eval(('1' || repeat('+OLD', 500000))::docexpr);
SELECT c8ql_eval('1 +');
SELECT c8ql_eval('');
SELECT c8ql_eval('nope');
SELECT c8ql_eval('{nope}');
SELECT c8ql_eval('NOPE()');
SELECT c8ql_eval('@nope');
SELECT c8ql_eval('0xffffffffffffffff');
