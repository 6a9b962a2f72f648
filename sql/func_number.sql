-- Functions of numbers, and aggregates of arrays.
-- Every row of "want" is a call and the answer that AQL's documentation gives.
-- The first query shows what differs from it (nothing), the second how many
-- were tried.
CREATE TEMP TABLE want (n serial, expr text, answer text);
INSERT INTO want (expr, answer) VALUES
	('ABS(-5)', '5'), ('ABS(+5)', '5'), ('ABS(-3.50)', '3.5'), ('ABS(null)', '0'), ('ABS("-2")', '2'), ('ABS(-12345678901234567890)', '12345678901234567890'), ('ABS([])', '0'), ('ABS({})', '0'),
	('FLOOR(2.49)', '2'), ('FLOOR(2.50)', '2'), ('FLOOR(-2.50)', '-3'), ('FLOOR(-2.51)', '-3'), ('FLOOR(null)', '0'), ('FLOOR("2.7")', '2'),
	('CEIL(2.49)', '3'), ('CEIL(2.50)', '3'), ('CEIL(-2.50)', '-2'), ('CEIL(-2.51)', '-2'), ('CEIL(null)', '0'),
	('ROUND(2.49)', '2'), ('ROUND(2.50)', '3'), ('ROUND(-2.50)', '-2'), ('ROUND(-2.51)', '-3'), ('ROUND(null)', '0'), ('ROUND(12345678901234567890.5)', '12345678901234567891'),
	('SQRT(9)', '3'), ('SQRT(2)', '1.4142135623730951'), ('SQRT(-1)', 'null'), ('SQRT(null)', '0'), ('SQRT("16")', '4'),
	('POW(2, 4)', '16'), ('POW(5, -1)', '0.2'), ('POW(5, 0)', '1'), ('POW(2, 0.5)', '1.4142135623730951'), ('POW(-8, 0.5)', 'null'), ('POW(10, 400)', 'null'), ('POW(null, null)', '1'), ('POW(0, -1)', 'null'),
	('LOG(2.718281828459045)', '1'), ('LOG(10)', '2.302585092994046'), ('LOG(0)', 'null'), ('LOG(-1)', 'null'), ('LOG(null)', 'null'), ('LOG2(1024)', '10'), ('LOG10(10000)', '4'),
	('EXP(0)', '1'), ('EXP(1)', '2.718281828459045'), ('EXP(1000)', 'null'), ('EXP(null)', '1'), ('EXP2(16)', '65536'), ('EXP2(null)', '1'),
	('SIN(0)', '0'), ('COS(0)', '1'), ('TAN(0)', '0'), ('ASIN(0)', '0'), ('ASIN(2)', 'null'), ('ACOS(1)', '0'), ('ACOS(2)', 'null'), ('ATAN(0)', '0'), ('ATAN2(0, 1)', '0'), ('ATAN2(0, 0)', '0'),
	('SIN(null)', '0'), ('COS(null)', '1'), ('TAN(null)', '0'), ('ACOS("1")', '0'), ('ATAN(null)', '0'),
	('RADIANS(180) == PI()', 'true'), ('DEGREES(PI())', '180'), ('RADIANS(null)', '0'), ('DEGREES(0)', '0'), ('PI()', '3.141592653589793'),
	('RAND() >= 0 && RAND() < 1', 'true'), ('RANDOM() == RANDOM()', 'false'),
	-- aggregates
	('MIN([5, 9, -2, null, 1])', '-2'), ('MIN([null, null])', 'null'), ('MIN([])', 'null'), ('MIN(["a", 1, true])', 'true'),
	('MAX([5, 9, -2, null, 1])', '9'), ('MAX([null, null])', 'null'), ('MAX([])', 'null'), ('MAX(["a", 1, [0]])', '[0]'),
	('SUM([1, 2, 3, 4])', '10'), ('SUM([null, -5, 6])', '1'), ('SUM([])', '0'), ('SUM([0.1, 0.2])', '0.3'), ('SUM([1, "2"])', 'null'), ('SUM([12345678901234567890, 1])', '12345678901234567891'),
	('PRODUCT([1, 2, 3, 4])', '24'), ('PRODUCT([null, -5, 6])', '-30'), ('PRODUCT([])', '1'), ('PRODUCT([1, []])', 'null'),
	('AVERAGE([5, 2, 9, 2])', '4.5'), ('AVERAGE([-3, -5, 2])', '-2'), ('AVERAGE([999, 80, 4, 4, 4, 3, 3, 3])', '137.5'), ('AVERAGE([])', 'null'), ('AVERAGE([null, 4])', '4'), ('AVG([1, 2])', '1.5'),
	('MEDIAN([1, 2, 3])', '2'), ('MEDIAN([1, 2, 3, 4])', '2.5'), ('MEDIAN([4, 2, 3, 1])', '2.5'), ('MEDIAN([999, 80, 4, 4, 4, 3, 3, 3])', '4'), ('MEDIAN([])', 'null'), ('MEDIAN([null, 7])', '7'),
	('PERCENTILE([1, 2, 3, 4], 50)', '2'), ('PERCENTILE([1, 2, 3, 4], 60)', '3'), ('PERCENTILE([1, 2, 3, 4], 50, "rank")', '2'), ('PERCENTILE([1, 2, 3, 4], 50, "interpolation")', '2.5'), ('PERCENTILE([5], 1)', '5'), ('PERCENTILE([], 50)', 'null'), ('PERCENTILE([1, 2, 3], 100)', '3'), ('PERCENTILE([1, 2, 3], 10, "interpolation")', 'null'),
	('VARIANCE_SAMPLE([1, 3, 6, 5, 2])', '4.300000000000001'), ('VARIANCE_SAMPLE([1])', 'null'), ('VARIANCE_POPULATION([1, 3])', '1'), ('VARIANCE([2, 2, null])', '0'), ('VARIANCE([])', 'null'),
	('STDDEV_SAMPLE([1, 3, 6, 5, 2])', '2.0736441353327724'), ('STDDEV_POPULATION([1, 3])', '1'), ('STDDEV([1, 3])', '1'), ('STDDEV_SAMPLE([])', 'null'), ('STDDEV([])', 'null'),
	('COUNT_DISTINCT([1, 2, 3, 1.0])', '3'), ('COUNT_DISTINCT(["yes", "no", "yes", null, null])', '3'), ('COUNT_UNIQUE([])', '0'),
	('RANGE(1, 4)', '[1, 2, 3, 4]'), ('RANGE(4, 1)', '[4, 3, 2, 1]'), ('RANGE(1, 4, 2)', '[1, 3]'), ('RANGE(1, 4, 3)', '[1, 4]'), ('RANGE(1, 2, 2)', '[1]'), ('RANGE(1, 2, 0.25)', '[1, 1.25, 1.5, 1.75, 2]'),
	('RANGE(1.5, 2.5)', '[1, 2]'), ('RANGE(1.5, 2.5, 1)', '[1.5, 2.5]'), ('RANGE(-0.75, 1.1, 0.5)', '[-0.75, -0.25, 0.25, 0.75]'), ('RANGE(3, 1, -1)', '[3, 2, 1]'), ('RANGE(null, 1)', '[0, 1]'), ('RANGE(2, 2)', '[2]'), ('RANGE(1, 3, null)', '[1, 2, 3]');
WITH got AS MATERIALIZED (
	SELECT n, expr, answer, c8ql_eval(expr::docexpr)::text AS got FROM want ORDER BY n)
SELECT expr, answer, got FROM got WHERE got IS DISTINCT FROM answer ORDER BY n;
SELECT count(*) AS tried FROM want;
-- what is no array: null and warning 1563
SELECT expr, c8ql_eval(expr::docexpr) FROM (VALUES
	('MIN(1)'), ('MIN(null)'), ('MAX("a")'), ('SUM({})'), ('SUM(null)'), ('PRODUCT(1)'), ('AVERAGE(null)'), ('AVG(1)'), ('AVERAGE(["a"])'), ('MEDIAN(1)'), ('PERCENTILE(1, 1)'),
	('VARIANCE_SAMPLE(1)'), ('VARIANCE_POPULATION(null)'), ('VARIANCE("a")'), ('STDDEV_SAMPLE(1)'), ('STDDEV_POPULATION(null)'), ('STDDEV({})'), ('COUNT_DISTINCT(1)'), ('COUNT_UNIQUE(null)')) v(expr);
-- other wrong types
SELECT expr, c8ql_eval(expr::docexpr) FROM (VALUES
	('MEDIAN([1, "2"])'), ('VARIANCE([1, true])'), ('STDDEV_SAMPLE([1, []])'), ('PERCENTILE([1, "2"], 50)'),
	('PERCENTILE([1], 0)'), ('PERCENTILE([1], 101)'), ('PERCENTILE([1], "50")'), ('PERCENTILE([1], 50, "mean")'), ('PERCENTILE([1], 50, 1)'),
	('RANGE(1, 2, 0)'), ('RANGE(1, 2, -1)'), ('RANGE(2, 1, 1)')) v(expr);
-- limits
SELECT c8ql_eval('LENGTH(RANGE(1, 1000000))');
SELECT c8ql_eval('RANGE(1, 1000001)');
\set VERBOSITY sqlstate
SELECT c8ql_eval('RANGE(0, 1, 1e-9)');
SELECT c8ql_eval('RANGE(-9e300, 9e300)');
SELECT c8ql_eval('RANGE("-1e900", "1e900", "1e800")');
\set VERBOSITY default
DROP TABLE want;
