-- Writes the table "By function" of docs/errors.md out of what COMMENT ON says of
-- errors: psql -qAtX -f tools/errors.sql.  ./dev docs does it.  A comment that says
-- "as for ledger_upsert" has the codes of that function, too.
SET search_path = public;
WITH RECURSIVE member AS (
	SELECT p.proname::text AS name, string_agg(obj_description(p.oid, 'pg_proc'), ' ') AS words
	FROM pg_depend AS d JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'upsert') AND d.deptype = 'e'
		AND p.prorettype NOT IN ('trigger'::regtype, 'internal'::regtype) AND p.proname !~ '^docexpr_|_operator$'
	GROUP BY p.proname
), told AS (
	SELECT name, m[1] AS code FROM member, regexp_matches(words, '\m(UP0\d\d|0A000|2D000|2BP01|2\d[0-9A-Z]{3}|3[49][0-9A-Z]{3}|4[02][0-9A-Z]{3}|5[3457]\d{3})\M', 'g') AS m WHERE m[1] !~ '^\d0000$'
), refers AS (
	SELECT name, m[1] AS other FROM member, regexp_matches(words, '\mas (?:for |of |it )?([a-z0-9_]+)', 'g') AS m WHERE m[1] IN (SELECT name FROM member) AND m[1] <> name
	UNION
	SELECT name, m[1] FROM member, regexp_matches(words, '\m([a-z0-9_]+)\M', 'g') AS m WHERE m[1] IN (SELECT name FROM member) AND m[1] <> name AND words ~ ('^' || m[1])
), reach AS (
	SELECT name, name AS other FROM member
	UNION
	SELECT reach.name, refers.other FROM reach JOIN refers ON refers.name = reach.other
)
SELECT format('| `%s` | %s |', reach.name, string_agg(DISTINCT code, ' ' ORDER BY code))
FROM reach JOIN told ON told.name = reach.other GROUP BY reach.name ORDER BY reach.name COLLATE "C";
