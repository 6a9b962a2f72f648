-- A tour of upsert on real data: Debian's iso-codes (countries, their
-- subdivisions, languages).  `./dev try` runs it; so does psql -f on any
-- database of a machine with the package iso-codes.
\pset footer off
\pset linestyle unicode
\pset border 1
\pset null '∅'
\pset pager off
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
\timing off

\echo
\echo '── upsert: create it, or update it if it is there ────────────────────────────'
\echo
\echo 'A collection is a table (_key, _rev, doc jsonb).  Here are three:'
\echo
CREATE EXTENSION IF NOT EXISTS upsert;
\set ECHO queries
SELECT create_collection('country'), create_collection('region'), create_collection('language');
\set ECHO none

\echo
\echo '1. Load JSON files as they are: one query gives the documents, one call stores them.'
\echo
\set ECHO queries
SELECT 'countries' AS what, * FROM upsert_from('country', $$
    SELECT c || jsonb_build_object('_key', c->'alpha_2')
    FROM jsonb_array_elements(pg_read_file('/usr/share/iso-codes/json/iso_3166-1.json')::jsonb->'3166-1') c $$)
UNION ALL
SELECT 'regions', * FROM upsert_from('region', $$
    SELECT r || jsonb_build_object('_key', r->'code', 'country', split_part(r->>'code', '-', 1))
    FROM jsonb_array_elements(pg_read_file('/usr/share/iso-codes/json/iso_3166-2.json')::jsonb->'3166-2') r $$)
UNION ALL
SELECT 'languages', * FROM upsert_from('language', $$
    SELECT l || jsonb_build_object('_key', l->'alpha_3')
    FROM jsonb_array_elements(pg_read_file('/usr/share/iso-codes/json/iso_639-3.json')::jsonb->'639-3') l $$);
\set ECHO none

\echo
\echo '2. The same again: all unchanged.  And that is free: no row, no lock, no WAL, no'
\echo '   transaction id.  Count the bytes of WAL:'
\echo
SELECT pg_current_wal_insert_lsn() AS before \gset
\set ECHO queries
SELECT * FROM upsert_from('language', $$
    SELECT l || jsonb_build_object('_key', l->'alpha_3')
    FROM jsonb_array_elements(pg_read_file('/usr/share/iso-codes/json/iso_639-3.json')::jsonb->'639-3') l $$);
\set ECHO none
SELECT pg_current_wal_insert_lsn() - :'before' AS "bytes of WAL";

\echo
\echo '3. Another file knows other things about the same languages: merge it in.'
\echo '   ISO 639-2 lists 487; what it adds goes into the documents that are there,'
\echo '   what is new becomes a document.'
\echo
\set ECHO queries
SELECT * FROM upsert_from('language', $$
    SELECT jsonb_build_object('_key', l->'alpha_3', 'iso639_2', l - 'alpha_2' - 'alpha_3')
    FROM jsonb_array_elements(pg_read_file('/usr/share/iso-codes/json/iso_639-2.json')::jsonb->'639-2') l $$);
SELECT doc->'name' AS name, doc->'type' AS type, doc->'iso639_2' AS iso639_2 FROM language WHERE _key = 'deu';
\set ECHO none

\echo
\echo '4. One document by its key.  The answer says what was done, and shows OLD and NEW.'
\echo
\set ECHO queries
SELECT action, jsonb_pretty(old) AS old, jsonb_pretty(new) AS new
FROM upsert('country', '{"_key": "FR", "capital": {"name": "Paris"}}');
SELECT action, old->'capital' AS old, new->'capital' AS new
FROM upsert('country', '{"_key": "FR", "capital": {"population": 2100000}}');
SELECT action FROM upsert('country', '{"_key": "FR", "capital": {"name": "Paris"}}');
SELECT action, old, new->>'name' AS new FROM upsert('country', '{"_key": "XK", "name": "Kosovo"}');
\set ECHO none

\echo
\echo '5. Every mode: merge (above), replace, RFC 7396 merge patch, leave it alone.'
\echo
\set ECHO queries
SELECT action, new - '_id' - '_rev' AS new FROM upsert('country', '{"_key": "XK", "name": "Kosovo", "alpha_2": "XK"}', '{"mode": "replace"}');
SELECT action, new - '_id' - '_rev' AS new FROM upsert('country', '{"_key": "XK", "alpha_2": null, "flag": "🇽🇰"}', '{"mode": "mergePatch"}');
SELECT action, new - '_id' - '_rev' AS new FROM upsert('country', '{"_key": "XK", "name": "?"}', '{"mode": "nothing"}');
SELECT action, new AS diff FROM upsert('country', '{"_key": "XK", "name": "Kosova"}', '{"return": "diff"}');
SELECT action, new->>'name' AS new FROM upsert('country', '{"_key": "XK", "name": "?"}', '{"dryRun": true}');
\set ECHO none

\echo
\echo '6. Nobody overwrites what he has not seen: give the revision that you read.'
\echo
SELECT rev FROM upsert('country', '{"_key": "DE"}') \gset
\set ON_ERROR_STOP off
\set ECHO queries
SELECT action, rev > :'rev' AS "newer revision" FROM upsert('country', '{"_key": "DE", "capital": {"name": "Berlin"}}', jsonb_build_object('ifRev', :'rev'));
SELECT action FROM upsert('country', '{"_key": "DE", "capital": {"name": "Bonn"}}', jsonb_build_object('ifRev', :'rev'));
\set ECHO none
\set ON_ERROR_STOP on

\echo
\echo '7. A batch answers item by item, in input order, and may go on after errors.'
\echo
\set ECHO queries
SELECT ord, action, key, error->>'sqlstate' AS sqlstate, error->>'message' AS message
FROM upsert_many('country', '[{"_key": "IT", "capital": {"name": "Rome"}}, {"_key": "no such key!"}, {"_key": "IT", "capital": {"name": "Rome"}}]', '{"ignoreErrors": true}');
\set ECHO none

\echo
\echo '8. And for those in a hurry, two operators: |+ merges, |= replaces; both give NEW.'
\echo
\set ECHO queries
SELECT ('country' |+ '{"_key": "ES", "capital": {"name": "Madrid"}}') - 'official_name' - 'flag' AS merged;
SELECT 'country' |= '{"_key": "XX", "name": "Nowhere"}' AS replaced;
\set ECHO none
\echo
\echo '── The collections country, region and language are yours to play with. ──────'
\echo
