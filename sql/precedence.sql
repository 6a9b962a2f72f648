-- What binds how tightly: the canonical text shows the tree.
\set SHOW_CONTEXT never

-- each row must print as it stands in "grouped"
SELECT text, text::docexpr AS canonical,
       text::docexpr::text = grouped::docexpr::text AS same
FROM (VALUES
  -- equality binds looser than IN and the orderings
  ('a == b IN c', 'a == (b IN c)'),
  ('a IN b == c', '(a IN b) == c'),
  ('a == b < c', 'a == (b < c)'),
  ('a < b == c', '(a < b) == c'),
  ('a IN b < c', 'a IN (b < c)'),
  ('a NOT IN b < c', 'a NOT IN (b < c)'),
  ('a LIKE b == c', '(a LIKE b) == c'),
  ('a != b =~ c !~ d', '((a != b) =~ c) !~ d'),
  ('a NOT LIKE b < c', 'a NOT LIKE (b < c)'),
  -- NOT binds tightest of the operators
  ('NOT a == b', '(NOT a) == b'),
  ('NOT a.b', 'NOT (a.b)'),
  ('!a IN b', '(!a) IN b'),
  ('-a + b', '(-a) + b'),
  ('- a * b', '(-a) * b'),
  ('NOT - + a', 'NOT (-(+a))'),
  ('-a[0].b', '-(a[0].b)'),
  -- and/or
  ('a || b && c', 'a || (b && c)'),
  ('a && b || c', '(a && b) || c'),
  ('a AND b OR c AND d', '(a AND b) OR (c AND d)'),
  ('a && b == c', 'a && (b == c)'),
  ('NOT a && b', '(NOT a) && b'),
  -- arithmetic and ranges
  ('a + b * c', 'a + (b * c)'),
  ('a * b + c', '(a * b) + c'),
  ('a - b - c', '(a - b) - c'),
  ('a / b * c % d', '((a / b) * c) % d'),
  ('a < b .. c', 'a < (b .. c)'),
  ('a .. b + c', 'a .. (b + c)'),
  ('a + 1 .. b * 2', '(a + 1) .. (b * 2)'),
  ('a < b + c', 'a < (b + c)'),
  ('a <= b >= c', '(a <= b) >= c'),
  -- the ternary is the loosest and groups to the right
  ('a ? b : c ? d : e', 'a ? b : (c ? d : e)'),
  ('a ? b ? c : d : e', 'a ? (b ? c : d) : e'),
  ('a || b ? c : d || e', '(a || b) ? c : (d || e)'),
  ('a ?: b ?: c', 'a ?: (b ?: c)'),
  ('a == b ? c : d', '(a == b) ? c : d'),
  -- array comparisons
  ('a ALL == b && c', '(a ALL == b) && c'),
  ('a + 1 ANY IN b', '(a + 1) ANY IN b'),
  ('a AND b NONE > c', 'a AND (b NONE > c)'),
  ('a AT LEAST (2) == b ? c : d', '(a AT LEAST (2) == b) ? c : d')
) AS t (text, grouped);

-- and what a tree prints, parses to the same tree
SELECT text::docexpr AS canonical, text::docexpr::text::docexpr::text = text::docexpr::text AS stable
FROM (VALUES
  ('(a == b) IN c'), ('a - (b - c)'), ('(a + b) * c'), ('-(a + b)'), ('!(a && b)'),
  ('(a ? b : c) ? d : e'), ('(1).x'), ('("x").y'), ('(-1)[0]'), ('-(-1)'), ('- -a'),
  ('(a || b).c'), ('{a, b: 1}.a'), ('[1, 2][0]'), ('f::g(1)'), ('count(a)'), ('LIKE("a", "b")'),
  ('NOT LIKE("a", "b")'), ('a[*].b.c'), ('(a[*]).b'), ('a[*].b[*].c'), ('a[**]'), ('a[*].b[**]'),
  ('a[* FILTER CURRENT.x > 1 LIMIT 1, 2 RETURN CURRENT.y].z'), ('a[* LIMIT 2]'),
  ('(FOR x IN 1..3 FILTER x > 1 SORT x DESC, 1 LIMIT 1, 2 RETURN DISTINCT x)'),
  ('FIRST(FOR x IN [1] RETURN x)'),
  ('(UPSERT {a: 1} INSERT {a: 1} REPLACE {} IN `my coll` OPTIONS {keepNull: false} RETURN NEW)'),
  ('(FOR x IN c COLLECT a = x.a, b = x.b AGGREGATE m = MAX(x.v), s = SUM(x.v) INTO g = x KEEP x OPTIONS {method: "sorted"} RETURN a)'),
  ('(FOR x IN @@c COLLECT WITH COUNT INTO n RETURN n)'),
  ('(UPDATE x.k WITH {a: 1} IN c)'), ('(REPLACE x IN @@c)'), ('(REMOVE "k" IN c OPTIONS {ignoreErrors: true})'),
  ('(WITH c d LET x = 1, y = 2 INSERT {x, y} INTO "c" RETURN NEW)'),
  ('(UPSERT FILTER $CURRENT.a == 1 INSERT {} UPDATE {} IN c)')
) AS t (text);

-- IN: an operator, and the word before the collection
SELECT '(UPDATE a IN b IN coll)'::docexpr;
SELECT '(UPSERT {a: x IN y} INSERT b IN c UPDATE d IN e IN coll OPTIONS {keepNull: false})'::docexpr;
SELECT '(INSERT (a IN b) IN coll RETURN NEW.x IN y)'::docexpr;
SELECT '(REMOVE a IN b IN coll LET z = 1 IN two RETURN z)'::docexpr;
SELECT '(UPDATE a IN b WITH {} IN coll)'::docexpr;
SELECT '(INSERT {} INTO a INSERT {} INTO "b" INSERT {} IN @@c)'::docexpr;
\set VERBOSITY sqlstate
SELECT '(UPDATE a IN [1])'::docexpr;
SELECT '(UPDATE a)'::docexpr;
SELECT '(UPDATE a IN coll x)'::docexpr;
SELECT '(UPDATE a IN CONCAT("a"))'::docexpr;
SELECT '(FOR x IN y)'::docexpr;
SELECT '(RETURN 1 RETURN 2)'::docexpr;
SELECT '(FOR x IN c COLLECT WITH COUNT INTO a INTO b RETURN a)'::docexpr;
SELECT '(FOR x IN c COLLECT a = 1 KEEP x RETURN a)'::docexpr;
SELECT 'a NOT b'::docexpr;
SELECT 'a ALL b'::docexpr;
SELECT 'a ? b'::docexpr;
SELECT '(a'::docexpr;
SELECT 'a)'::docexpr;
SELECT '(GRAPH)'::docexpr;
