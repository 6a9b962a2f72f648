-- Numbers as sets of bits.  Every row of "want" is a call and the answer that
-- AQL's documentation gives.  (Its BIT_TO_STRING(60, 8) and
-- BIT_FROM_STRING("1" and 20 zeros) print digits that are not the number's.)
CREATE TEMP TABLE want (n serial, expr text, answer text);
INSERT INTO want (expr, answer) VALUES
	('BIT_AND([1, 4, 8, 16])', '0'), ('BIT_AND([3, 7, 63])', '3'), ('BIT_AND([255, 127, null, 63])', '63'), ('BIT_AND(127, 255)', '127'), ('BIT_AND([])', 'null'), ('BIT_AND([null, 4294967295])', '4294967295'),
	('BIT_OR([1, 4, 8, 16])', '29'), ('BIT_OR([3, 7, 63])', '63'), ('BIT_OR([255, 127, null, 63])', '255'), ('BIT_OR(255, 127)', '255'), ('BIT_OR([null])', 'null'),
	('BIT_XOR([1, 4, 8, 16])', '29'), ('BIT_XOR([3, 7, 63])', '59'), ('BIT_XOR([255, 127, null, 63])', '191'), ('BIT_XOR(255, 257)', '510'),
	('BIT_NEGATE(0, 8)', '255'), ('BIT_NEGATE(0, 10)', '1023'), ('BIT_NEGATE(3, 4)', '12'), ('BIT_NEGATE(446359921, 32)', '3848607374'), ('BIT_NEGATE(1, 0)', '0'),
	('BIT_SHIFT_LEFT(0, 1, 8)', '0'), ('BIT_SHIFT_LEFT(7, 1, 16)', '14'), ('BIT_SHIFT_LEFT(2, 10, 16)', '2048'), ('BIT_SHIFT_LEFT(878836, 16, 32)', '1760821248'), ('BIT_SHIFT_LEFT(4294967295, 32, 32)', '0'),
	('BIT_SHIFT_RIGHT(0, 1, 8)', '0'), ('BIT_SHIFT_RIGHT(33, 1, 16)', '16'), ('BIT_SHIFT_RIGHT(65536, 13, 16)', '8'), ('BIT_SHIFT_RIGHT(878836, 4, 32)', '54927'), ('BIT_SHIFT_RIGHT(4294967295, 32, 32)', '0'),
	('BIT_TEST(0, 3)', 'false'), ('BIT_TEST(255, 0)', 'true'), ('BIT_TEST(7, 2)', 'true'), ('BIT_TEST(255, 8)', 'false'), ('BIT_TEST(4294967295, 31)', 'true'),
	('BIT_POPCOUNT(0)', '0'), ('BIT_POPCOUNT(255)', '8'), ('BIT_POPCOUNT(69399252)', '12'), ('BIT_POPCOUNT(4294967295)', '32'),
	('BIT_CONSTRUCT([1, 2, 3])', '14'), ('BIT_CONSTRUCT([0, 4, 8])', '273'), ('BIT_CONSTRUCT([0, 1, 10, 31])', '2147484675'), ('BIT_CONSTRUCT([])', '0'), ('BIT_CONSTRUCT([3, 3])', '8'),
	('BIT_DECONSTRUCT(14)', '[1, 2, 3]'), ('BIT_DECONSTRUCT(273)', '[0, 4, 8]'), ('BIT_DECONSTRUCT(2147484675)', '[0, 1, 10, 31]'), ('BIT_DECONSTRUCT(0)', '[]'),
	('BIT_TO_STRING(7, 4)', '"0111"'), ('BIT_TO_STRING(255, 8)', '"11111111"'), ('BIT_TO_STRING(60, 8)', '"00111100"'), ('BIT_TO_STRING(1048576, 32)', '"00000000000100000000000000000000"'), ('BIT_TO_STRING(255, 4)', '"1111"'), ('BIT_TO_STRING(1, 0)', '""'),
	('BIT_FROM_STRING("0111")', '7'), ('BIT_FROM_STRING("000000000000010")', '2'), ('BIT_FROM_STRING("11010111011101")', '13789'), ('BIT_FROM_STRING("100000000000000000000")', '1048576'), ('BIT_FROM_STRING("")', '0');
WITH got AS MATERIALIZED (
	SELECT n, expr, answer, c8ql_eval(expr::docexpr)::text AS got FROM want ORDER BY n)
SELECT expr, answer, got FROM got WHERE got IS DISTINCT FROM answer ORDER BY n;
SELECT count(*) AS tried FROM want;
-- anything but an integer within the word: null and warning 1542
SELECT expr, c8ql_eval(expr::docexpr) FROM (VALUES
	('BIT_AND("foo")'), ('BIT_AND(null)'), ('BIT_AND([1, "1"])'), ('BIT_AND([1, true])'), ('BIT_AND([-1])'), ('BIT_AND([4294967296])'), ('BIT_AND([1.5])'), ('BIT_AND([1], 1)'), ('BIT_OR(1, null)'), ('BIT_XOR({})'), ('BIT_XOR(1e30, 1)'),
	('BIT_NEGATE(1, 33)'), ('BIT_NEGATE(-1, 8)'), ('BIT_NEGATE(1, "8")'), ('BIT_SHIFT_LEFT(1, 33, 8)'), ('BIT_SHIFT_LEFT(1, 1, 33)'), ('BIT_SHIFT_RIGHT(1, -1, 8)'),
	('BIT_TEST(1, 32)'), ('BIT_TEST("1", 0)'), ('BIT_POPCOUNT("foo")'), ('BIT_POPCOUNT(4294967296)'), ('BIT_CONSTRUCT([32])'), ('BIT_CONSTRUCT([null])'), ('BIT_CONSTRUCT(1)'), ('BIT_DECONSTRUCT(-1)'), ('BIT_DECONSTRUCT([])'),
	('BIT_TO_STRING(1, 33)'), ('BIT_TO_STRING(null, 8)'), ('BIT_FROM_STRING("0b1")'), ('BIT_FROM_STRING("012")'), ('BIT_FROM_STRING(1)'), ('BIT_FROM_STRING(REPEAT("0", 33))')) v(expr);
-- combined over a group
SELECT c8ql('FOR x IN [{g: 1, b: 6}, {g: 1, b: 3}, {g: 2, b: null}, {g: 2, b: 8}] COLLECT g = x.g AGGREGATE a = BIT_AND(x.b), o = BIT_OR(x.b), y = BIT_XOR(x.b) RETURN [g, a, o, y]');
DROP TABLE want;
