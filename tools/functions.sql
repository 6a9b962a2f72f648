-- Writes docs/functions.md out of what COMMENT ON says, in a database that has
-- the extension: psql -qAtX -f tools/functions.sql.  ./dev docs does it.
SET search_path = public;
SET client_min_messages = warning;
CREATE TEMP TABLE page (place int, title text, link text, pattern text, intro text);
INSERT INTO page VALUES
	(9, 'Beneath', 'concurrency.md', '^(docexpr_|mst_root_|.*_changed$|.*_operator$|upsert_(note_key|guard_revision|view_insert|document_key|answers|imports|imports_id_seq)$|collection_path$|ledger_(key|keys|list|members|merge|state|values)$)',
		'What triggers, operators, types, views and generated columns call. Nobody else needs it.'),
	(2, 'Merge, patch and diff', 'merge-patch-diff.md', '^jsonb_', NULL),
	(3, 'C8QL', 'c8ql.md', '^(c8ql|docexpr|upsert_by$)', NULL),
	(4, 'Objects', 'objects.md', '^(upsert_objects?|upsert_criteria|object_schema)$', NULL),
	(5, 'JSON-LD', 'jsonld.md', '^(jsonld|rdf)_', NULL),
	(6, 'Ledgers', 'ledgers.md', '(^|_)ledgers?(_|$)', NULL),
	(7, 'AT Protocol records', 'atproto.md', '^(at_|car_|mst_|dag_cbor|record_cid|blob_cid|create_record_store)', NULL),
	(1, 'Documents', 'documents.md', '', NULL);

-- what Markdown would take for its own
CREATE FUNCTION pg_temp.plain(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT regexp_replace(regexp_replace(replace(t, '<', '&lt;'), '([\\*~[\]`])', '\\\1', 'g'), '(^|[^A-Za-z0-9])_|_($|[^A-Za-z0-9])', '\1\\_\2', 'g') $$;

CREATE TEMP TABLE member AS
SELECT d.classid, d.objid, p.proname::text AS name, CASE p.prokind WHEN 'p' THEN 'CALL ' ELSE '' END
	|| format('%s(%s)', p.proname, regexp_replace(pg_get_function_arguments(p.oid), $$('[^']*'|NULL)::[a-z ]+(\[\])?$$, '\1', 'g'))
	|| CASE WHEN p.prokind = 'p' THEN '' ELSE ' → ' || pg_get_function_result(p.oid) END AS form, 1 AS sort
FROM pg_depend AS d JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'upsert') AND d.deptype = 'e'
UNION ALL
SELECT d.classid, d.objid, 'upsert ' || o.oprname, format('%s %s %s → %s', o.oprleft::regtype, o.oprname, o.oprright::regtype, o.oprresult::regtype), 2
FROM pg_depend AS d JOIN pg_operator AS o ON d.classid = 'pg_operator'::regclass AND d.objid = o.oid
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'upsert') AND d.deptype = 'e'
UNION ALL
SELECT d.classid, d.objid, t.typname, 'type ' || t.typname || coalesce((SELECT format(' (%s)', string_agg(format('%s %s', a.attname, a.atttypid::regtype), ', ' ORDER BY a.attnum))
	FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped), ''), 4
FROM pg_depend AS d JOIN pg_type AS t ON d.classid = 'pg_type'::regclass AND d.objid = t.oid
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'upsert') AND d.deptype = 'e' AND t.typname !~ '^_'
	AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
UNION ALL
SELECT d.classid, d.objid, c.relname, format('%s %s (%s)', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, c.relname, (SELECT string_agg(format('%s %s', a.attname, a.atttypid::regtype), ', ' ORDER BY a.attnum)
	FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)), 3
FROM pg_depend AS d JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'upsert') AND d.deptype = 'e' AND c.relkind IN ('r', 'v');

CREATE TEMP TABLE filed AS
SELECT m.*, (SELECT place FROM page WHERE m.name ~ pattern ORDER BY place <> 9, place = 1, place LIMIT 1) AS place FROM member AS m;

SELECT '# Functions

All that the extension brings, as `\df+` and `\dT+` tell it. This page is made by `./dev docs` out of `COMMENT ON` in the install script; write there.

' || string_agg(format('- [%s](#%s)', title, regexp_replace(lower(replace(title, ' ', '-')), '[^a-z0-9-]', '', 'g')), E'\n' ORDER BY place) || E'\n- [Errors by function](#errors-by-function)' FROM page;
SELECT E'\n## ' || g.title || E'\n\n' || coalesce(g.intro, format('Explained in [%s](%s).', g.link, g.link)) || string_agg(
	format(E'\n\n`%s`', f.form) || coalesce(E'\\\n' || replace(pg_temp.plain(obj_description(f.objid, f.classid::regclass::name)), E'\n', E'\\\n'), ''),
	'' ORDER BY f.sort, f.name COLLATE "C", f.objid)
FROM page AS g JOIN filed AS f USING (place) GROUP BY g.place, g.title, g.link, g.intro ORDER BY g.place;

-- a comment that says "as for ledger_upsert" has the codes of that function, too
SELECT E'\n## Errors by function\n\nWhat the comments above name; [errors.md](errors.md) says what the codes mean. Without what any statement may raise, and without 22004 for NULL. '
	'A function that passes work on to another one has the errors of both.\n\n| function | SQLSTATE |\n|---|---|';
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
