-- Stored contexts: the only ones that a document can refer to.
\set SHOW_CONTEXT never
\set base '{"base": "http://ctx.example/doc"}'
-- nothing is fetched
SELECT jsonld_expand('{"@context": "http://ctx.example/a", "name": "x"}');
SELECT jsonld_set_context('http://ctx.example/a', '{"@context": {"name": "http://n/1"}, "other": "ignored"}') AS changed;
SELECT jsonld_expand('{"@context": "http://ctx.example/a", "name": "x"}');
-- a relative reference goes by the base of the document
SELECT jsonld_expand('{"@context": "a", "name": "x"}', :'base');
-- the same again changes nothing; another one is seen at once, though the old one is cached
SELECT jsonld_set_context('http://ctx.example/a', '{"other": "ignored", "@context": {"name": "http://n/1"}}') AS changed;
SELECT jsonld_set_context('http://ctx.example/a', '{"@context": {"name": "http://n/2"}}') AS changed;
SELECT jsonld_expand('{"@context": "http://ctx.example/a", "name": "x"}');
-- seen in the transaction, gone with it
BEGIN;
SELECT jsonld_set_context('http://ctx.example/a', '{"@context": {"name": "http://n/3"}}') AS changed;
SELECT jsonld_expand('{"@context": "http://ctx.example/a", "name": "x"}');
ROLLBACK;
SELECT jsonld_expand('{"@context": "http://ctx.example/a", "name": "x"}');
BEGIN;
SAVEPOINT s;
SELECT jsonld_drop_context('http://ctx.example/a') AS dropped;
SELECT jsonld_expand('{"@context": "http://ctx.example/a", "name": "x"}');
ROLLBACK TO s;
SELECT jsonld_expand('{"@context": "http://ctx.example/a", "name": "x"}');
COMMIT;
-- plain DML is noticed, too
UPDATE jsonld_context_registry SET document = '{"@context": {"name": "http://n/4"}}' WHERE iri = 'http://ctx.example/a';
SELECT jsonld_expand('{"@context": "http://ctx.example/a", "name": "x"}');
-- a write that changes nothing assigns no transaction id
BEGIN;
SELECT jsonld_set_context('http://ctx.example/a', '{"@context": {"name": "http://n/4"}}') AS changed;
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_written;
COMMIT;

-- contexts that refer to one another: relative to the referring one; a base of a stored context does not count
SELECT jsonld_set_context('http://ctx.example/dir/b', '{"@context": ["../a", {"@base": "http://ignored/", "b": "http://b"}]}') AS changed;
SELECT jsonld_expand('{"@context": "http://ctx.example/dir/b", "@id": "i", "name": 1, "b": 2}', :'base');
-- a scoped context by reference, and one that contains itself
SELECT jsonld_set_context('http://ctx.example/self', '{"@context": {"p": {"@id": "http://p", "@context": "self"}, "q": "http://q"}}') AS changed;
SELECT jsonld_expand('{"@context": "http://ctx.example/self", "p": {"p": {"q": 1}}}');
-- @import
SELECT jsonld_expand('{"@context": {"@import": "http://ctx.example/a", "more": "http://m"}, "name": 1, "more": 2}');
SELECT jsonld_expand('{"@context": {"@import": "http://ctx.example/a", "name": "http://mine"}, "name": 1}');
SELECT jsonld_expand('{"@context": {"@import": "http://ctx.example/dir/b"}}');
SELECT jsonld_set_context('http://ctx.example/imports', '{"@context": {"@import": "a"}}') AS changed;
SELECT jsonld_expand('{"@context": {"@import": "http://ctx.example/imports"}}');
-- cycles
SELECT jsonld_set_context('http://ctx.example/c1', '{"@context": "c2"}'), jsonld_set_context('http://ctx.example/c2', '{"@context": "c1"}');
SELECT jsonld_expand('{"@context": "http://ctx.example/c1"}');
-- any JSON may be stored; what has no @context is no context
SELECT jsonld_set_context('http://ctx.example/none', '["x"]') AS changed;
SELECT jsonld_expand('{"@context": "http://ctx.example/none"}');
-- and the reference works in compaction
SELECT jsonld_compact('{"http://n/4": 1}', '"http://ctx.example/a"');

SELECT iri, document, encode(sha256, 'hex') AS sha256, set_by = current_user AS by_me, set_at <= clock_timestamp() AS before_now
FROM jsonld_contexts WHERE iri ~ '/(a|none)$' ORDER BY iri COLLATE "C";

-- parallel workers read contexts, too
CREATE TABLE docs AS SELECT jsonb_build_object('@context', 'http://ctx.example/a', 'name', i) AS doc FROM generate_series(1, 1000) i;
ALTER TABLE docs SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*) AS expanded FROM docs WHERE jsonld_expand(doc) -> 0 ? 'http://n/4';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
DROP TABLE docs;

-- bad arguments
\set VERBOSITY sqlstate
SELECT jsonld_set_context('relative', '{"@context": {}}');
SELECT jsonld_set_context('', '{}');
SELECT jsonld_registry_changed();
\set VERBOSITY default
SELECT jsonld_set_context(NULL, '{}');
SELECT jsonld_drop_context('http://never/there') AS dropped;

-- readable by everyone, writable by the owner
CREATE ROLE regress_jsonld_reader;
SET ROLE regress_jsonld_reader;
SELECT jsonld_expand('{"@context": "http://ctx.example/a", "name": "x"}');
SELECT count(*) > 0 AS readable FROM jsonld_contexts;
SELECT jsonld_set_context('http://ctx.example/a', '{"@context": {"name": "http://evil"}}');
SELECT jsonld_drop_context('http://ctx.example/a');
RESET ROLE;
DROP ROLE regress_jsonld_reader;
-- not in a read-only transaction
BEGIN READ ONLY;
SELECT jsonld_set_context('http://ctx.example/new', '{"@context": {}}');
ROLLBACK;
-- a hostile search_path changes nothing
SELECT current_schema() AS schema \gset
CREATE SCHEMA hostile;
CREATE TABLE hostile.jsonld_context_registry (iri text, document jsonb);
CREATE FUNCTION hostile.eq(text, text) RETURNS bool LANGUAGE sql AS 'SELECT 1/0 = 1';
CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.eq);
SET search_path = hostile, :schema, pg_catalog;
SELECT jsonld_set_context('http://ctx.example/h', '{"@context": {"h": "http://h"}}') AS changed;
SELECT jsonld_expand('{"@context": "http://ctx.example/h", "h": 1}');
SELECT jsonld_drop_context('http://ctx.example/h') AS dropped;
RESET search_path;
DROP SCHEMA hostile CASCADE;
TRUNCATE jsonld_context_registry;
SELECT jsonld_expand('{"@context": "http://ctx.example/a", "name": "x"}');

-- what an array begins with is kept, whatever follows it, and is as new as it
SELECT jsonld_set_context('http://registry.example/under', '{"@context": {"a": "http://a/1", "T": {"@id": "http://T", "@context": {"b": "http://b/1"}}}}');
SELECT jsonld_expand('{"@context": ["http://registry.example/under", {"c": "http://c"}], "@type": "T", "a": 1, "b": 2, "c": 3}');
SELECT jsonld_expand('{"@context": ["http://registry.example/under", {"c": "http://d", "a": "http://e"}], "@type": "T", "a": 1, "b": 2, "c": 3}');
BEGIN;
SELECT jsonld_set_context('http://registry.example/under', '{"@context": {"a": "http://a/2", "T": {"@id": "http://T", "@context": {"b": "http://b/2"}}}}');
SELECT jsonld_expand('{"@context": ["http://registry.example/under", {"c": "http://c"}], "@type": "T", "a": 1, "b": 2, "c": 3}');
ROLLBACK;
SELECT jsonld_expand('{"@context": ["http://registry.example/under", {"c": "http://c"}], "@type": "T", "a": 1, "b": 2, "c": 3}');
SELECT jsonld_expand('{"@context": ["http://registry.example/under", "http://registry.example/none"], "a": 1}');
SELECT jsonld_expand('{"@context": ["http://registry.example/none", {"c": "http://c"}], "a": 1}');
-- many of them: entries come and go, each with what it stands on
SELECT count(DISTINCT jsonld_expand(format('{"@context": ["http://registry.example/under", {"c": "http://c/%s"}], "@type": "T", "b": 2, "c": 3}', i)::jsonb)) FROM generate_series(1, 300) AS i;
SELECT jsonld_drop_context('http://registry.example/under');
SELECT jsonld_expand('{"@context": ["http://registry.example/under", {"c": "http://c/300"}], "@type": "T", "b": 2, "c": 3}');
