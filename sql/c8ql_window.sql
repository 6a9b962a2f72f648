-- WINDOW.  The first four results are those that the manual of AQL prints.
\set SHOW_CONTEXT never
SELECT create_collection('observations');
SELECT inserted FROM upsert_load('observations', '[{"time": "2021-05-25 07:00:00", "subject": "st113", "val": 10}, {"time": "2021-05-25 07:00:00", "subject": "xh458", "val": 0}, {"time": "2021-05-25 07:15:00", "subject": "st113", "val": 9},
  {"time": "2021-05-25 07:15:00", "subject": "xh458", "val": 10}, {"time": "2021-05-25 07:30:00", "subject": "st113", "val": 25}, {"time": "2021-05-25 07:30:00", "subject": "xh458", "val": 5},
  {"time": "2021-05-25 07:45:00", "subject": "st113", "val": 20}, {"time": "2021-05-25 07:45:00", "subject": "xh458", "val": 30}, {"time": "2021-05-25 08:00:00", "subject": "xh458", "val": 25}]');
SELECT c8ql('FOR t IN observations SORT t.time, t.subject WINDOW {preceding: 1, following: 1} AGGREGATE rollingAverage = AVG(t.val), rollingSum = SUM(t.val)
  WINDOW {preceding: "unbounded", following: 0} AGGREGATE cumulativeSum = SUM(t.val) RETURN [t.val, ROUND(rollingAverage * 1000), rollingSum, cumulativeSum]');
SELECT c8ql('FOR t IN observations COLLECT subject = t.subject INTO group = t LET subquery = (FOR t2 IN group SORT t2.time WINDOW {preceding: 1, following: 1} AGGREGATE rollingAverage = AVG(t2.val), rollingSum = SUM(t2.val)
  WINDOW {preceding: "unbounded", following: 0} AGGREGATE cumulativeSum = SUM(t2.val) RETURN [t2.val, ROUND(rollingAverage * 1000), rollingSum, cumulativeSum]) FOR t2 IN subquery RETURN t2');
SELECT c8ql('FOR t IN observations SORT t.time, t.subject WINDOW t.val WITH {preceding: 10, following: 5} AGGREGATE rollingAverage = AVG(t.val), rollingSum = SUM(t.val) RETURN [t.val, rollingAverage, rollingSum]');
SELECT c8ql('FOR t IN observations SORT t.time, t.subject WINDOW DATE_TIMESTAMP(t.time) WITH {preceding: "PT30M"} AGGREGATE rollingAverage = AVG(t.val), rollingSum = SUM(t.val) RETURN [t.val, ROUND(rollingAverage * 1000), rollingSum]');

-- every aggregate, against the array of the frame
SELECT bool_and(c8ql::boolean) FROM c8ql('FOR i IN 1..60 LET x = (i * 7919) % 31 - (i % 5 == 0 ? 0.25 : 3) LET y = i % 11 == 0 ? null : x
  WINDOW {preceding: 4, following: 2} AGGREGATE a = PUSH(y), s = SUM(y), av = AVERAGE(y), mi = MIN(y), ma = MAX(y), n = LENGTH(), c = COUNT(y), u = UNIQUE(y), su = SORTED_UNIQUE(y), cd = COUNT_DISTINCT(y), v = VARIANCE(y), sd = STDDEV_SAMPLE(y)
  RETURN [s, av, mi, ma, n, c, u, su, cd, v, sd] == [SUM(a), AVERAGE(a), MIN(a), MAX(a), LENGTH(a), LENGTH(a), UNIQUE(a), SORTED_UNIQUE(a), LENGTH(UNIQUE(a)), VARIANCE(a), STDDEV_SAMPLE(a)]');
SELECT bool_and(c8ql::boolean) FROM c8ql('FOR i IN 1..60 LET x = (i * 7919) % 31
  WINDOW x WITH {preceding: 2.5, following: 1} AGGREGATE a = PUSH(x), s = SUM(x), av = AVERAGE(x), mi = MIN(i), ma = MAX(i), b = PUSH(i), o = BIT_OR(x)
  RETURN [s, av, mi, ma, o] == [SUM(a), AVERAGE(a), MIN(b), MAX(b), BIT_OR(a)] && a == SORTED((FOR k IN 1..60 LET y = (k * 7919) % 31 FILTER y >= x - 2.5 && y <= x + 1 RETURN y))');
SELECT c8ql('FOR i IN 1..4 WINDOW {preceding: "unbounded", following: "unbounded"} AGGREGATE s = SUM(i), n = COUNT() RETURN [i, s, n]');
SELECT c8ql('FOR i IN 1..4 WINDOW {following: @f} AGGREGATE s = SUM(i) RETURN s', '{"f": 1}');
-- what is no number: SUM is null where it is in the frame; AVERAGE warns
SELECT c8ql('FOR x IN [1, "a", 2, null, 3] WINDOW {preceding: 1} AGGREGATE s = SUM(x), mi = MIN(x), ma = MAX(x) RETURN [s, mi, ma]');
-- a range value that is no number belongs to no frame
SELECT c8ql_execute('FOR x IN [3, "a", 1, null, 2] WINDOW x WITH {preceding: 1} AGGREGATE s = SUM(x), l = PUSH(x) RETURN [x, s, l]');
SELECT c8ql('FOR d IN ["2024-01-31", "2024-02-29", "2024-03-01", "2024-03-30"] WINDOW DATE_TIMESTAMP(d) WITH {preceding: "P1M"} AGGREGATE l = PUSH(d) RETURN [d, l]');
SELECT c8ql('FOR i IN [] WINDOW {preceding: 1} AGGREGATE s = SUM(i) RETURN s');
-- scopes: variables go on, also from outside; an own write is seen in order
SELECT c8ql('LET k = 10 FOR i IN 1..2 LET r = (FOR j IN 1..2 WINDOW {preceding: 1} AGGREGATE s = SUM(i * j * k) RETURN [i, j, s]) RETURN r');
SELECT c8ql('FOR i IN 1..3 INSERT {i} INTO observations WINDOW {preceding: "unbounded"} AGGREGATE s = SUM(NEW.i) RETURN [NEW.i, s]');
-- running totals of many rows take no square of them
SELECT c8ql_execute('FOR i IN 1..100000 WINDOW {preceding: "unbounded"} AGGREGATE s = SUM(i), m = MAX(i), a = AVG(i) COLLECT AGGREGATE l = MAX(s) RETURN l')->'result';
SELECT '(FOR i IN x WINDOW {preceding: 1} AGGREGATE a = SUM(i), b = COUNT() WINDOW i.t WITH {following: "P1D"} AGGREGATE c = MAX(i) RETURN [a, b, c])'::docexpr;
-- errors
\set VERBOSITY sqlstate
SELECT c8ql('FOR i IN 1..3 WINDOW {preceding: -1} AGGREGATE s = SUM(i) RETURN s');
SELECT c8ql('FOR i IN 1..3 WINDOW {preceding: "P1D"} AGGREGATE s = SUM(i) RETURN s');
SELECT c8ql('FOR i IN 1..3 WINDOW i WITH {preceding: "1 day"} AGGREGATE s = SUM(i) RETURN s');
SELECT c8ql('FOR i IN 1..3 WINDOW i WITH {preceding: "P1D", following: 1} AGGREGATE s = SUM(i) RETURN s');
SELECT c8ql('FOR i IN 1..3 WINDOW {} AGGREGATE s = SUM(i) RETURN s');
SELECT c8ql('FOR i IN 1..3 WINDOW {before: 1} AGGREGATE s = SUM(i) RETURN s');
SELECT c8ql('FOR i IN 1..3 WINDOW {preceding: i} AGGREGATE s = SUM(i) RETURN s');
SELECT c8ql('FOR i IN 1..3 WINDOW {preceding: 1} AGGREGATE i = SUM(i) RETURN i');
SELECT c8ql('FOR i IN 1..3 WINDOW {preceding: 1} AGGREGATE s = CONCAT(i) RETURN s');
SELECT c8ql('FOR i IN 1..3 WINDOW {preceding: 1} RETURN i');
\set VERBOSITY default
DROP TABLE observations;
