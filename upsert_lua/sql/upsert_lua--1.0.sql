/* upsert_lua/sql/upsert_lua--1.0.sql: the install script of record scripts. */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION upsert_lua" to load this file. \quit

-- Everything goes where upsert is, whatever the current schema: what is made
-- below without a schema is made in the first of this path, which holds for
-- this script alone.
SELECT pg_catalog.set_config('search_path', pg_catalog.quote_ident(n.nspname), true)
FROM pg_catalog.pg_extension e
	JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
WHERE e.extname OPERATOR(pg_catalog.=) 'upsert';

CREATE TABLE at_scripts
(
	method		pg_catalog.text COLLATE pg_catalog."C" PRIMARY KEY,
	collection	pg_catalog.text,
	kind		pg_catalog.text NOT NULL CHECK (kind OPERATOR(pg_catalog.=) 'procedure' OR kind OPERATOR(pg_catalog.=) 'query'),
	script		pg_catalog.text NOT NULL
);
COMMENT ON TABLE at_scripts IS
'The record scripts that at_call runs, with the rights of its caller; written by at_put_script and at_drop_script, by the extension''s owner and those who were granted it.';
GRANT SELECT ON at_scripts TO PUBLIC;
GRANT INSERT, UPDATE, DELETE, TRUNCATE ON at_scripts TO @extowner@;
SELECT pg_catalog.pg_extension_config_dump('at_scripts', '');

CREATE FUNCTION at_script(store pg_catalog.regclass, script pg_catalog.text, input pg_catalog.jsonb DEFAULT '{}', caller_did pg_catalog.text DEFAULT NULL, collection pg_catalog.text DEFAULT NULL, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'at_script'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION at_script(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS
'Runs a Lua script over a table of AT Protocol records, with the caller''s rights and in the caller''s transaction, and returns what its function handle(input, ctx) returns. A procedure locks the repository of caller_did (unless that is NULL) before it begins. Options: kind ("procedure"; "query": writes nothing), params, env (objects), method (its name, for messages), force (write into mirrors), dryRun (the writes are rolled back, but it locks as they do). Errors: 42601 the script does not compile; 39000 METHOD:LINE: an error of the script; UP009 upsert_lua.max_steps or upsert_lua.max_memory; UP006 the answer is no JSON, or has a fraction; 40001 a record of another repository was changed after it had been read; 22004, 22023 arguments; those of at_put_record and at_delete_record.
Semantics: the scripts of HappyView, version 2.';

CREATE FUNCTION at_put_script(method pg_catalog.text, script pg_catalog.text, collection pg_catalog.text, kind pg_catalog.text DEFAULT 'procedure')
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'at_put_script'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION at_put_script(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text) IS
'Registers a script for at_call, or replaces it, and returns its method. collection: what the script sees as such, may be NULL; kind: procedure or query. Errors: 42601 it does not compile; 39000 its outermost lines fail (they are run, without a table of records and with an empty input), or define no function handle; UP007 collection; 22004, 22023 arguments; 42501 the caller may not write at_scripts.';

CREATE FUNCTION at_drop_script(method pg_catalog.text)
RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME', 'at_drop_script'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION at_drop_script(pg_catalog.text) IS
'Forgets a script; false if it was not registered. Error: 42501 the caller may not write at_scripts.';

CREATE FUNCTION at_call(store pg_catalog.regclass, method pg_catalog.text, input pg_catalog.jsonb DEFAULT '{}', caller_did pg_catalog.text DEFAULT NULL, params pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'at_call'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION at_call(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb, pg_catalog.text, pg_catalog.jsonb) IS
'Runs a registered script, as at_script does, with the caller''s rights. Errors: 42704 none is registered for the method; those of at_script.';
