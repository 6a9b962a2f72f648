-- Dates in time zones.  The results are those that the manual of AQL prints.
\set SHOW_CONTEXT never
SET timezone = 'Asia/Kathmandu';
CREATE FUNCTION e(text, jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$SELECT c8ql_eval($1::docexpr, $2)$$;

SELECT e('[DATE_DAYOFWEEK("2020-08-29"), DATE_DAYOFWEEK(0), DATE_DAYOFWEEK("2023-03-25T23:00:00.000Z", "Europe/Berlin")]') = '[6, 4, 0]';
SELECT e('[DATE_YEAR("2020-08-29"), DATE_YEAR(0), DATE_YEAR("2023-12-31T23:00:00.000Z", "Europe/Berlin")]') = '[2020, 1970, 2024]';
SELECT e('[DATE_MONTH("2020-08-29"), DATE_MONTH(0), DATE_MONTH("2023-12-31T23:00:00.000Z", "Europe/Berlin")]') = '[8, 1, 1]';
SELECT e('[DATE_DAY("2020-08-29"), DATE_DAY(0), DATE_DAY("2023-12-31T23:00:00.000Z", "Europe/Berlin")]') = '[29, 1, 1]';
SELECT e('[DATE_HOUR("2020-08-29T16:30:05.123"), DATE_HOUR(14400000), DATE_HOUR("2023-12-31T23:00:00.000Z", "Europe/Berlin")]') = '[16, 4, 0]';
SELECT e('[DATE_MINUTE("2020-08-29T16:30:05.123"), DATE_MINUTE(2520000), DATE_MINUTE("2023-12-31T23:00:00.000Z", "Asia/Kathmandu")]') = '[30, 42, 45]';
SELECT e('[DATE_SECOND("2020-08-29T16:30:05.123"), DATE_SECOND(1234567890), DATE_MILLISECOND("2020-08-29T16:30:05.123"), DATE_MILLISECOND(1234567890)]') = '[5, 7, 123, 890]';
SELECT e('[DATE_DAYOFYEAR("2020-08-29"), DATE_DAYOFYEAR(86400000), DATE_DAYOFYEAR("2023-12-31T23:00:00.000Z", "Europe/Berlin")]') = '[242, 2, 1]';
SELECT e('[DATE_ISOWEEK("2020-08-29"), DATE_ISOWEEK(1234567890)]') = '[35, 3]';
SELECT e('[DATE_ISOWEEKYEAR("2023-01-01"), DATE_ISOWEEKYEAR("2019-12-30")]') = '[{"week": 52, "year": 2022}, {"week": 1, "year": 2020}]';
SELECT e('[DATE_LEAPYEAR("2020-01-01"), DATE_LEAPYEAR("2021-01-01"), DATE_LEAPYEAR("2016-12-31T23:00:00.000Z", "Europe/Berlin")]') = '[true, false, false]';
SELECT e('[DATE_QUARTER("2020-08-29"), DATE_QUARTER("2023-12-31T23:00:00.000Z", "Europe/Berlin")]') = '[3, 1]';
SELECT e('[DATE_DAYS_IN_MONTH("2020-08-01"), DATE_DAYS_IN_MONTH(3045600000), DATE_DAYS_IN_MONTH("2023-11-30T23:00:00.000Z", "Europe/Berlin")]') = '[31, 28, 31]';
SELECT e('[DATE_TRUNC("2017-02-03 04:05:06", "hours"), DATE_TRUNC("2023-03-25 23:00:00", "day"), DATE_TRUNC("2023-03-25 23:00:00", "day", "Europe/Berlin")]')
  = '["2017-02-03T04:00:00.000Z", "2023-03-25T00:00:00.000Z", "2023-03-25T23:00:00.000Z"]';
SELECT e('[DATE_ROUND("2023-03-25T23:55:55.555Z", 1, "day"), DATE_ROUND("2023-03-25T23:55:55.555Z", 1, "day", "Europe/Berlin")]') = '["2023-03-25T00:00:00.000Z", "2023-03-25T23:00:00.000Z"]';
SELECT e('[DATE_ADD("2023-03-25T23:00:00.000Z", 1, "day"), DATE_ADD("2023-03-25T23:00:00.000Z", 1, "day", "Europe/Berlin"), DATE_ADD("2023-03-25T23:00:00.000Z", "P1D", "Europe/Berlin"), DATE_SUBTRACT("2023-03-26T22:00:00Z", "P1D", "Europe/Berlin")]')
  = '["2023-03-26T23:00:00.000Z", "2023-03-26T22:00:00.000Z", "2023-03-26T22:00:00.000Z", "2023-03-25T23:00:00.000Z"]';
SELECT e('[DATE_DIFF("2023-12-01", "2024-04-01", "days"), DATE_DIFF(@d, @d, "hours", true, "Asia/Kathmandu", "America/Los_Angeles")]', '{"d": "2024-01-01T00:00:00.000Z"}') = '[122, -13.75]';
SELECT e('[DATE_DIFF("2023-03-25T23:00:00.000Z", "2023-03-26T23:00:00.000Z", "hours"), DATE_DIFF("2023-03-25T23:00:00.000Z", "2023-03-26T23:00:00.000Z", "hours", "Europe/Berlin")]') = '[24, 25]';
SELECT e('{Germany: DATE_UTCTOLOCAL("2023-04-01T09:00:00.000Z", "Europe/Berlin"), USA: DATE_UTCTOLOCAL("2024-04-01T18:00:00.000Z", "America/Los_Angeles"),
  sameTimeUTC: DATE_COMPARE("2023-04-01T09:00:00.000Z", "2024-04-01T18:00:00.000Z", "hour", "minute"),
  sameTimeLocal: DATE_COMPARE("2023-04-01T09:00:00.000Z", "2024-04-01T18:00:00.000Z", "hour", "minute", "Europe/Berlin", "America/Los_Angeles")}')
  = '{"Germany": "2023-04-01T11:00:00.000", "USA": "2024-04-01T11:00:00.000", "sameTimeUTC": false, "sameTimeLocal": true}';
SELECT e('[DATE_UTCTOLOCAL("2020-03-15T00:00:00.000", "Europe/Berlin"), DATE_UTCTOLOCAL("2020-03-15T00:00:00.000", "America/New_York"), DATE_UTCTOLOCAL("2020-03-15T00:00:00.000", "UTC")]')
  = '["2020-03-15T01:00:00.000", "2020-03-14T20:00:00.000", "2020-03-15T00:00:00.000"]';
SELECT e('[DATE_UTCTOLOCAL("2020-03-15T00:00:00.000", "Asia/Shanghai"), DATE_UTCTOLOCAL("2020-03-15T00:00:00.000Z", "Asia/Shanghai"), DATE_UTCTOLOCAL("2020-03-15T00:00:00.000-02:00", "Asia/Shanghai"), DATE_UTCTOLOCAL(1584230400000, "Asia/Shanghai")]')
  = '["2020-03-15T08:00:00.000", "2020-03-15T08:00:00.000", "2020-03-15T10:00:00.000", "2020-03-15T08:00:00.000"]';
SELECT e('[DATE_LOCALTOUTC("2020-03-15T00:00:00.000", "Europe/Berlin"), DATE_LOCALTOUTC("2020-03-15T00:00:00.000", "America/New_York"), DATE_LOCALTOUTC("2020-03-15T00:00:00.000", "UTC")]')
  = '["2020-03-14T23:00:00.000Z", "2020-03-15T04:00:00.000Z", "2020-03-15T00:00:00.000Z"]';
SELECT e('[DATE_LOCALTOUTC("2020-03-15T00:00:00.000", "Asia/Shanghai"), DATE_LOCALTOUTC("2020-03-15T00:00:00.000-02:00", "Asia/Shanghai"), DATE_LOCALTOUTC(1584230400000, "Asia/Shanghai")]')
  = '["2020-03-14T16:00:00.000Z", "2020-03-14T18:00:00.000Z", "2020-03-14T16:00:00.000Z"]';
SELECT e('DATE_LOCALTOUTC("2021-03-16T12:00:00.000", "Africa/Lagos", true)') #- '{tzdb}' #- '{zoneInfo,begin}' = '{"utc": "2021-03-16T11:00:00.000Z", "zoneInfo": {"name": "WAT", "end": null, "dst": false, "offset": 3600}}';
SELECT e('DATE_UTCTOLOCAL("2023-07-01", "Europe/Berlin", true)') - 'tzdb' = '{"local": "2023-07-01T02:00:00.000", "zoneInfo": {"name": "CEST", "begin": "2023-03-26T01:00:00.000Z", "end": "2023-10-29T01:00:00.000Z", "dst": true, "offset": 7200}}';
SELECT e('DATE_UTCTOLOCAL("2023-07-01", "Etc/UTC", true).zoneInfo') = '{"name": "UTC", "begin": null, "end": null, "dst": false, "offset": 0}';
SELECT e('(FOR f IN [["2023-03-25T23:00:00.000Z", "%w", "Europe/Berlin"], ["2023-12-31T23:00:00.000Z", "%yyyy", "Europe/Berlin"], ["2023-12-31T23:00:00.000Z", "%m", "Europe/Berlin"], ["2023-12-31T23:00:00.000Z", "%d", "Europe/Berlin"],
  ["2023-12-31T23:00:00.000Z", "%h", "Europe/Berlin"], ["2023-12-31T23:00:00.000Z", "%i", "Asia/Kathmandu"], ["2023-12-31T23:00:00.000Z", "%x", "Europe/Berlin"], ["2023-12-31T23:00:00.000Z", "%k", "Europe/Berlin"],
  ["2016-12-31T23:00:00.000Z", "%l", "Europe/Berlin"], ["2023-12-31T23:00:00.000Z", "%q", "Europe/Berlin"], ["2023-11-30T23:00:00.000Z", "%a", "Europe/Berlin"]] RETURN DATE_FORMAT(f[0], f[1], f[2]))')
  = '["0", "2024", "1", "1", "0", "45", "1", "1", "0", "1", "31"]';
-- the instant stays what it is
SELECT e('DATE_FORMAT("2023-12-31T23:00:00.000Z", "%t %z %hh", "Europe/Berlin")');
-- what clocks show twice, and what they skip
SELECT e('[DATE_LOCALTOUTC("2023-10-29T02:30:00", "Europe/Berlin"), DATE_LOCALTOUTC("2023-03-26T02:30:00", "Europe/Berlin")]');
-- the calendar's ends, before 1970
SELECT e('[DATE_UTCTOLOCAL("1969-12-31T23:59:59.999Z", "Europe/Berlin"), DATE_UTCTOLOCAL("0000-01-01", "UTC"), DATE_HOUR("1900-01-01T00:00:00Z", "Europe/Amsterdam") < 24]');
SELECT e('[DATE_UTCTOLOCAL("9999-12-31T23:59:59Z", "Asia/Tokyo"), DATE_LOCALTOUTC("0000-01-01", "Asia/Tokyo"), DATE_YEAR("9999-12-31T23:59:59Z", "Asia/Tokyo"), DATE_ADD("9999-12-31T23:59:59Z", 1, "year", "UTC")]');
-- the session's zone, and all of them
SELECT e('DATE_TIMEZONE()');
SELECT e('DATE_TIMEZONES() ALL IN DATE_TIMEZONES() && "Europe/Berlin" IN DATE_TIMEZONES() && "UTC" IN DATE_TIMEZONES() && SORTED(DATE_TIMEZONES()) == DATE_TIMEZONES()');
-- no string; no zone; wrong places
SELECT e('[DATE_HOUR(0, 1), DATE_UTCTOLOCAL(0, null), DATE_TRUNC(0, "day", ["UTC"]), DATE_ADD(0, "P1D", "UTC", "UTC"), DATE_DIFF(0, 1, "f", "UTC", "UTC", "UTC")]');
SELECT e('DATE_HOUR(0, "Mars/Olympus")');
SELECT e('DATE_UTCTOLOCAL(0, "../../etc/passwd")');
SELECT e('DATE_UTCTOLOCAL(0, @z)', jsonb_build_object('z', repeat('x', 100000))) IS NULL;
SELECT e('DATE_UTCTOLOCAL(0, "")');

-- elements by their key
SELECT e('UPSERT_BY([{sku: 1, n: 1, o: {a: 1}}, {sku: 2}], "sku", {sku: 1, m: 2, o: {b: 2}})');
SELECT e('UPSERT_BY([{sku: 1, n: 1, o: {a: 1}}, {sku: 2}], "sku", {sku: 1, m: 2, o: {b: 2}}, true)');
SELECT e('UPSERT_BY([{sku: 1}], "sku", {sku: "1", n: 1})');
SELECT e('UPSERT_BY(null, "sku", {sku: 3})');
SELECT e('UPSERT_BY([7, {sku: 1}, null, {sku: 1, second: true}], "sku", {sku: 1.0, n: null})');
SELECT e('UPSERT_BY([{a: 1, b: 1, n: 1}, {a: 1, b: 2}], ["a", "b"], [{a: 1, b: 2, n: 2}, {a: 2, b: 2}, {a: 2, b: 2, n: 3}])');
SELECT e('UPDATE_BY([{sku: 1, n: 1}], "sku", [{sku: 1, n: 2}, {sku: 2, n: 3}])');
SELECT e('REMOVE_BY([{sku: 1}, {sku: 2}, {sku: 1, n: 2}, 1, {n: 1}], "sku", 1)');
SELECT e('REMOVE_BY([{sku: 1}, {sku: 2}, {sku: 3}], "sku", [1, {sku: 3, n: 9}])');
SELECT e('REMOVE_BY([{a: 1, b: 1}, {a: 1, b: 2}], ["a", "b"], {a: 1, b: 2})');
SELECT e('[REMOVE_BY(null, "sku", 1), UPDATE_BY([], "sku", {sku: 1})]');
SELECT e('[UPSERT_BY({}, "sku", {sku: 1}), UPSERT_BY([], "sku", {n: 1}), UPSERT_BY([], "sku", {sku: null}), UPSERT_BY([], [], {sku: 1}), UPSERT_BY([], 1, {sku: 1}), REMOVE_BY(1, "sku", 1), REMOVE_BY([], [1], 1)]');
-- where it is for
SELECT create_collection('orders');
SELECT c8ql('FOR n IN [1, 2, 1] UPSERT {_key: "o"} INSERT {_key: "o", items: [{sku: n, n: 1}]} UPDATE {items: UPSERT_BY(OLD.items, "sku", {sku: n, n: LENGTH(OLD.items[* FILTER CURRENT.sku == n]) + 1})} IN orders RETURN NEW.items');

-- collections: those that the role may read
CREATE ROLE regress_reader;
SELECT create_collection('"Edges"', '{"type": "edge"}');
SELECT c8ql('RETURN COLLECTIONS()[* FILTER CURRENT.name IN ["orders", "\"Edges\""]]');
GRANT SELECT ON orders TO regress_reader;
SET ROLE regress_reader;
SELECT c8ql('RETURN COLLECTIONS()[* FILTER CURRENT.name IN ["orders", "\"Edges\""]].name');
SELECT c8ql_eval('COLLECTIONS()[*].name ANY == "orders"');
RESET ROLE;
DROP TABLE orders, "Edges";
DROP ROLE regress_reader;
DROP FUNCTION e;
