/* sql/upsert--1.0.sql: the install script.  Sections stand in the order of
 * the layers; every object is schema-qualified and carries a COMMENT. */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION upsert" to load this file. \quit

--
-- 1. Document algebra (src/doc)
--

CREATE FUNCTION @extschema@.jsonb_merge(
	old pg_catalog.jsonb, patch pg_catalog.jsonb,
	keep_null pg_catalog.bool DEFAULT true,
	merge_objects pg_catalog.bool DEFAULT true)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'upsert_jsonb_merge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION @extschema@.jsonb_merge(pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.bool) IS
'Deep merge of two objects: attributes of patch replace those of old, objects on both sides merge at any depth, arrays are replaced whole.
keep_null false: an attribute that patch sets to null is removed, also inside merged and added objects, never inside arrays or inside an object that replaces another value; nulls stored earlier stay.
merge_objects false: an object attribute is replaced whole, with its nulls.
Errors: UP006 if an argument is not an object; 54000 if the result exceeds the size of a jsonb; 54001 if nested too deep.
Semantics: UPDATE of the AQL/C8QL language. See docs/merge-patch-diff.md.';

CREATE FUNCTION @extschema@.jsonb_merge_patch(
	old pg_catalog.jsonb, patch pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'upsert_jsonb_merge_patch'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION @extschema@.jsonb_merge_patch(pg_catalog.jsonb, pg_catalog.jsonb) IS
'Applies a JSON Merge Patch to a value of any type: objects merge at any depth, null removes the attribute, anything else replaces.
Errors: 54000 if the result exceeds the size of a jsonb; 54001 if nested too deep.
Semantics: RFC 7396.';

CREATE FUNCTION @extschema@.jsonb_patch(
	doc pg_catalog.jsonb, patch pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'upsert_jsonb_patch'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION @extschema@.jsonb_patch(pg_catalog.jsonb, pg_catalog.jsonb) IS
'Applies a JSON Patch, an array of add, remove, replace, move, copy and test operations, to a value of any type: all of them in order, or none and an error.
Errors: 22023 if the patch is malformed or asks for the impossible whatever the document is (a value moved into itself, the whole document removed); 2203A if a path names no member; 22033 if it names no array element; 23514 if a test fails (numbers are compared as numbers); 54000 if the result exceeds the size of a jsonb; 54001 if nested too deep.
Semantics: RFC 6902, with the pointers of RFC 6901.';

CREATE FUNCTION @extschema@.jsonb_diff(
	old pg_catalog.jsonb, new pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'upsert_jsonb_diff'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION @extschema@.jsonb_diff(pg_catalog.jsonb, pg_catalog.jsonb) IS
'The difference of two values of any type as a JSON Patch (RFC 6902) of add, remove and replace operations, an empty array if there is none: jsonb_patch(old, jsonb_diff(old, new)) is new, also in how its numbers are written.
Errors: 54000 if the patch exceeds the size of a jsonb; 54001 if nested too deep.';

--
-- 2. Expressions: type docexpr, c8ql_eval (src/expr)
--

CREATE TYPE @extschema@.docexpr;

CREATE FUNCTION @extschema@.docexpr_in(pg_catalog.cstring)
RETURNS @extschema@.docexpr
AS 'MODULE_PATHNAME', 'docexpr_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION @extschema@.docexpr_in(pg_catalog.cstring) IS
'input of type docexpr: parses an expression of C8QL; error 42601 (errorNum 1501) with line and column';

CREATE FUNCTION @extschema@.docexpr_out(@extschema@.docexpr)
RETURNS pg_catalog.cstring
AS 'MODULE_PATHNAME', 'docexpr_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION @extschema@.docexpr_out(@extschema@.docexpr) IS
'output of type docexpr: the canonical text, which parses to the same expression';

CREATE FUNCTION @extschema@.docexpr_recv(pg_catalog.internal)
RETURNS @extschema@.docexpr
AS 'MODULE_PATHNAME', 'docexpr_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION @extschema@.docexpr_recv(pg_catalog.internal) IS
'binary input of type docexpr: a version byte (1) and the text';

CREATE FUNCTION @extschema@.docexpr_send(@extschema@.docexpr)
RETURNS pg_catalog.bytea
AS 'MODULE_PATHNAME', 'docexpr_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION @extschema@.docexpr_send(@extschema@.docexpr) IS
'binary output of type docexpr: a version byte (1) and the canonical text';

CREATE TYPE @extschema@.docexpr (
	INPUT = @extschema@.docexpr_in,
	OUTPUT = @extschema@.docexpr_out,
	RECEIVE = @extschema@.docexpr_recv,
	SEND = @extschema@.docexpr_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);

COMMENT ON TYPE @extschema@.docexpr IS
'a parsed expression of C8QL, such as {logins: OLD.logins + 1}';

CREATE FUNCTION @extschema@.docexpr(pg_catalog.jsonb)
RETURNS @extschema@.docexpr
AS 'MODULE_PATHNAME', 'docexpr_from_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION @extschema@.docexpr(pg_catalog.jsonb) IS
'the constant expression that is equivalent to a jsonb value';

CREATE CAST (pg_catalog.jsonb AS @extschema@.docexpr)
	WITH FUNCTION @extschema@.docexpr(pg_catalog.jsonb) AS IMPLICIT;

CREATE FUNCTION @extschema@.c8ql_eval(expr @extschema@.docexpr,
	bind pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'c8ql_eval'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;

COMMENT ON FUNCTION @extschema@.c8ql_eval(@extschema@.docexpr, pg_catalog.jsonb) IS
'evaluates an expression of C8QL; bind holds its @parameters and, if it uses them, OLD and NEW; warnings of the language are raised as WARNING';
CREATE FUNCTION @extschema@.c8ql_functions(OUT name pg_catalog.text,
	OUT min_args pg_catalog.int4, OUT max_args pg_catalog.int4,
	OUT is_volatile pg_catalog.bool)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 150;

COMMENT ON FUNCTION @extschema@.c8ql_functions() IS
'the functions of the expression language, aliases included: name, least and greatest number of arguments (NULL: any), and whether two calls may answer differently. Semantics: AQL (ArangoDB); see docs/c8ql-functions.md';

--
-- 3. Collections and documents (src/catalog, src/document)
--

CREATE TYPE @extschema@.upsert_result AS (
    action pg_catalog.text,
    key pg_catalog.text,
    rev pg_catalog.text,
    old pg_catalog.jsonb,
    new pg_catalog.jsonb
);
COMMENT ON TYPE @extschema@.upsert_result IS
'What became of one document. action: inserted, updated, replaced, unchanged, deleted or ignored; old is NULL for an insert; old and new show _id, _key and _rev.';

CREATE TYPE @extschema@.upsert_item AS (
    ord pg_catalog.int4,
    action pg_catalog.text,
    key pg_catalog.text,
    rev pg_catalog.text,
    old pg_catalog.jsonb,
    new pg_catalog.jsonb,
    error pg_catalog.jsonb
);
COMMENT ON TYPE @extschema@.upsert_item IS
'What became of one item of a batch. ord: its place in the input, from 1; error: of an ignored item, with sqlstate, message, detail, hint, constraint.';

CREATE TYPE @extschema@.upsert_summary AS (
    inserted pg_catalog.int8,
    updated pg_catalog.int8,
    unchanged pg_catalog.int8,
    ignored pg_catalog.int8
);
COMMENT ON TYPE @extschema@.upsert_summary IS
'What became of a batch, counted; replaced documents count as updated.';

CREATE FUNCTION @extschema@.create_collection(name pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.regclass
AS 'MODULE_PATHNAME', 'create_collection'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.create_collection(pg_catalog.text, pg_catalog.jsonb) IS
'Creates a table for documents: _key (primary key), _rev (with a default, and a trigger that moves it in plain SQL), doc. name may be schema-qualified. Options: ifNotExists, unlogged, type ("document" or "edge": _from and _to as indexed generated columns), unique (array of attribute paths, "a.b" or ["a","b"], each a stored generated column with a unique index); and where Citus is: shards (their number; documents are spread by _key), colocateWith (a table that its shards lie beside), reference (all of it on each node). Returns the table. Errors: 42P07 if it exists, 22023 for a bad option, 0A000 without Citus. See docs/documents.md.';

CREATE FUNCTION @extschema@.upsert_guard_revision()
RETURNS pg_catalog.trigger
AS 'MODULE_PATHNAME', 'upsert_guard_revision'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_guard_revision() IS
'Trigger function, BEFORE UPDATE FOR EACH ROW, of the trigger "~upsert_revision" of collections ("~upsert_guard" on a table of one''s own): a plain UPDATE that changes the document and not _rev gives it the next revision. Upserts do not fire it. Error 39P01 if it is fired otherwise.';

CREATE FUNCTION @extschema@.drop_collection(collection pg_catalog.regclass)
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME', 'drop_collection'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.drop_collection(pg_catalog.regclass) IS
'Drops a collection that create_collection() made, as DROP TABLE does. Errors: 42809 for any other relation, 2BP01 if something depends on it, 42501.';

CREATE FUNCTION @extschema@.collection_path(collection pg_catalog.regclass)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'collection_path'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.collection_path(pg_catalog.regclass) IS
'How the caller''s upserts into a collection reach its rows: "direct", "shards" (of Citus), or "SQL" (see collection_advice); NULL for what is none. No errors.';

CREATE VIEW @extschema@.upsert_collections AS
SELECT c.oid::pg_catalog.regclass AS name,
	CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
		AND a.attname OPERATOR(pg_catalog.=) '_from' AND a.attgenerated OPERATOR(pg_catalog.<>) '')
		THEN 'edge' ELSE 'document' END AS type,
	CASE WHEN c.reltuples OPERATOR(pg_catalog.>=) 0 THEN c.reltuples::pg_catalog.int8 END AS documents,
	pg_catalog.pg_total_relation_size(c.oid) AS size,
	ARRAY(SELECT a.attname::pg_catalog.text
		FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_index i
			ON i.indrelid OPERATOR(pg_catalog.=) a.attrelid AND i.indisunique AND i.indnkeyatts OPERATOR(pg_catalog.=) 1
				AND i.indkey[0] OPERATOR(pg_catalog.=) a.attnum
		WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attgenerated OPERATOR(pg_catalog.<>) ''
		ORDER BY a.attnum) AS unique_attributes,
	@extschema@.collection_path(c.oid) AS path
FROM pg_catalog.pg_trigger t
	JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.tgrelid
WHERE t.tgfoid OPERATOR(pg_catalog.=) '@extschema@.upsert_guard_revision()'::pg_catalog.regprocedure
	AND t.tgname OPERATOR(pg_catalog.=) '~upsert_revision'
	AND NOT t.tgisinternal;
COMMENT ON VIEW @extschema@.upsert_collections IS
'The collections that create_collection() made: name, type (document or edge), documents (the planner''s estimate; NULL: never counted), size in bytes with indexes and TOAST, the unique attributes, and the path that the caller''s upserts take (direct, shards or SQL).';
GRANT SELECT ON @extschema@.upsert_collections TO PUBLIC;

CREATE FUNCTION @extschema@.collection_advice(collection pg_catalog.regclass,
    OUT severity pg_catalog.text, OUT subject pg_catalog.text, OUT advice pg_catalog.text)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME', 'collection_advice'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.collection_advice(pg_catalog.regclass) IS
'Lists what breaks a table as a collection (severity "error") or slows it down ("warning", "notice"): the column, index or trigger at fault, and what to do. No rows: nothing to say. See docs/documents.md.';

CREATE FUNCTION @extschema@.upsert(collection pg_catalog.regclass, doc pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.upsert_result
AS 'MODULE_PATHNAME', 'upsert'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert(pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Inserts the document, or merges it into the one with its _key (or that in _id, key or table/key; mode "replace" replaces, "mergePatch" follows RFC 7396, "nothing" leaves it). Without _key one is generated. Safe against concurrent upserts of the same key. Errors: UP001 revision conflict, UP002 exists (ifRev null), UP003 not found (ifRev, mustExist), UP004 illegal key or _id of another document, UP006 no object, 22023 bad option, 42809 no collection, and what the table''s constraints and triggers raise. Call it as SELECT * FROM upsert(...). Semantics after ArangoDB''s UPSERT and OPTIONS. See docs/documents.md.';

CREATE FUNCTION @extschema@.upsert_many(collection pg_catalog.regclass, docs pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF @extschema@.upsert_item
AS 'MODULE_PATHNAME', 'upsert_many'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000;
COMMENT ON FUNCTION @extschema@.upsert_many(pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Upserts a JSON array of documents, each as upsert() does, and answers a row for each in input order. Rows are locked in key order. With ignoreErrors an item that fails gets action "ignored" and its error, and the others go on. Errors: as upsert(); 21000 for a key that comes twice under "duplicates":"error". See docs/documents.md.';

CREATE FUNCTION @extschema@.upsert_load(collection pg_catalog.regclass, docs pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.upsert_summary
AS 'MODULE_PATHNAME', 'upsert_load'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_load(pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Upserts a JSON array of documents as upsert_many() does, and answers only counts: the fast way. Errors: as upsert_many().';

CREATE FUNCTION @extschema@.upsert_from(collection pg_catalog.regclass, query pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.upsert_summary
AS 'MODULE_PATHNAME', 'upsert_from'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_from(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb) IS
'Upserts the documents that a query returns (one column of type jsonb, json or text), run with the caller''s rights through a cursor, and answers counts. Memory is bounded: the documents are sorted by key, in maintenance_work_mem (work_mem, if that is more) and on disk if need be, and applied in chunks. Errors: as upsert_many(); 42804 for other columns; 22004 for a null document.';

CREATE FUNCTION @extschema@.upsert_on_shard(collection pg_catalog.regclass, shard pg_catalog.int8, docs pg_catalog.text, request pg_catalog.jsonb)
RETURNS SETOF pg_catalog.text
AS 'MODULE_PATHNAME', 'upsert_on_shard'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION @extschema@.upsert_on_shard(pg_catalog.regclass, pg_catalog.int8, pg_catalog.text, pg_catalog.jsonb) IS
'Internal: applies documents, all of this shard of a collection that Citus has distributed, on the node where the shard is; the functions upsert_group_N call it, and those upsert() and its like. docs: in a form that nodes of one version use among themselves. request: options of upsert_many. Answers in the same form; nothing, and nothing is done, where this is not the place. Errors: as upsert_many(); 22P02 for what is not of that form.';

CREATE FUNCTION @extschema@.upsert_share_registries()
RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME', 'upsert_share_registries'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_share_registries() IS
'Makes the tables of JSON-LD contexts, of lexicons and of record scripts reference tables of Citus, so that each node knows what any has been told; to be called on the coordinator, by the owner of the tables, once (and again after CREATE EXTENSION upsert_lua, or a restore). Returns how many it made so: 0 where all are, or where there is no Citus. Error: 42501 not the owner.';

CREATE TABLE @extschema@.upsert_answers (
	id pg_catalog.bytea PRIMARY KEY,
	role pg_catalog.oid NOT NULL,
	request pg_catalog.bytea NOT NULL,
	at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
	answer pg_catalog.bytea NOT NULL
);
COMMENT ON TABLE @extschema@.upsert_answers IS
'Internal: the answers of calls with an idempotencyKey: digests of role, function, target and key, and of the request. Nobody reads or writes it but through the functions; upsert_forget deletes from it.';

CREATE FUNCTION @extschema@.upsert_forget(older_than pg_catalog.interval)
RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME', 'upsert_forget'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_forget(pg_catalog.interval) IS
'Forgets the stored answers of idempotency keys that are at least so old: the caller''s, and those of the roles whose rights the caller has. Returns how many. A retry under a forgotten key runs anew. Error 22004 for NULL.';

CREATE FUNCTION @extschema@.get_document(collection pg_catalog.regclass, key pg_catalog.text)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'get_document'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.get_document(pg_catalog.regclass, pg_catalog.text) IS
'The document with this key, with _id, _key and _rev, as the caller may SELECT it (row-level policies and views included); NULL where there is none. Errors: 42809 no collection, 42501 no privilege.';

CREATE FUNCTION @extschema@.delete_document(collection pg_catalog.regclass, key pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.upsert_result
AS 'MODULE_PATHNAME', 'delete_document'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.delete_document(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb) IS
'Deletes the document with this key: action deleted, and old is what it was; unchanged where there was none. Options: ifRev (a revision), mustExist, dryRun, return. Errors: UP001 revision conflict, UP003 not found (ifRev, mustExist), UP004 illegal key, 22023 bad option, 42809 no collection, and what foreign keys and triggers raise.';

CREATE FUNCTION @extschema@.patch_document(collection pg_catalog.regclass, key pg_catalog.text, patch pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.upsert_result
AS 'MODULE_PATHNAME', 'patch_document'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.patch_document(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Applies a JSON Patch to the stored document, as it is when it is written. The patch sees _id, _key and _rev, and may test them; an operation that changes one is 22023. A patch without effect is unchanged. Options: ifRev (a revision), dryRun, return. Errors: UP001, UP003 not found, UP004 illegal key, UP006 no object is left, 22023 malformed patch or bad option, 2203A and 22033 paths, 23514 a test fails. Semantics: RFC 6902.';

CREATE FUNCTION @extschema@.upsert_view(target pg_catalog.regclass, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.regclass
AS 'MODULE_PATHNAME', 'upsert_view'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_view(pg_catalog.regclass, pg_catalog.jsonb) IS
'Makes the view TARGET_upsert, in the target''s schema, whose INSERTs and COPYs are upserts, in batches of 1,000 rows or 8 MB, with the rights of who inserts. Of a collection it has the column doc; of an ordinary table the columns of the option columns (an array; default: all but generated ones and identities ALWAYS), each of them given, NULL included, the row found by the primary key. Other options as upsert_load() (collections) or upsert_objects(). The view keeps nobody from altering or dropping its target; a renamed target is 42P01. Returns the view. Errors: 42P07 if it exists, 42703 no such column, 22023 bad option. See docs/documents.md.';

CREATE FUNCTION @extschema@.upsert_view_insert()
RETURNS pg_catalog.trigger
AS 'MODULE_PATHNAME', 'upsert_view_insert'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_view_insert() IS
'Trigger function of the views that upsert_view() makes: collects what is inserted and upserts it. Errors: 39P01 elsewhere, 42P01 if the target has another name, 22004 for a null document, and those of upsert_load() and upsert_objects().';

CREATE FUNCTION @extschema@.upsert_document_key(collection pg_catalog.regclass, doc pg_catalog.jsonb)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'upsert_document_key'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.upsert_document_key(pg_catalog.regclass, pg_catalog.jsonb) IS
'The key that a document names by _key or _id; NULL where it names none, or none that the collection can have. Errors: 42809 no collection.';

CREATE TABLE @extschema@.upsert_imports (
	id pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	role pg_catalog.oid NOT NULL,
	collection pg_catalog.oid NOT NULL,
	resume_key pg_catalog.text COLLATE pg_catalog."C",
	query pg_catalog.bytea NOT NULL,
	state pg_catalog.text NOT NULL DEFAULT 'running',
	pid pg_catalog.int4 NOT NULL,
	backend_start pg_catalog.timestamptz NOT NULL,
	last_key pg_catalog.text COLLATE pg_catalog."C",
	keyless pg_catalog.int8 NOT NULL DEFAULT 0,
	batches pg_catalog.int8 NOT NULL DEFAULT 0,
	inserted pg_catalog.int8 NOT NULL DEFAULT 0,
	updated pg_catalog.int8 NOT NULL DEFAULT 0,
	unchanged pg_catalog.int8 NOT NULL DEFAULT 0,
	ignored pg_catalog.int8 NOT NULL DEFAULT 0,
	failed pg_catalog.int8 NOT NULL DEFAULT 0,
	started_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	updated_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE UNIQUE INDEX upsert_imports_resume ON @extschema@.upsert_imports (role, collection, resume_key)
	WHERE state OPERATOR(pg_catalog.=) 'running';
COMMENT ON TABLE @extschema@.upsert_imports IS
'Internal: how far loads of upsert_import have come, written by each batch''s own commit. Read it through upsert_progress.';

CREATE VIEW @extschema@.upsert_progress WITH (security_barrier) AS
SELECT collection::pg_catalog.regclass AS collection, resume_key,
	CASE WHEN state OPERATOR(pg_catalog.=) 'running' AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
		WHERE a.pid OPERATOR(pg_catalog.=) i.pid AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
			AND (a.backend_start IS NULL OR a.backend_start OPERATOR(pg_catalog.=) i.backend_start)
			AND (a.state IS NULL OR a.state OPERATOR(pg_catalog.=) 'active'))
		THEN 'interrupted' ELSE state END AS state,
	last_key, batches, inserted, updated, unchanged, ignored, failed, started_at, updated_at, pid
FROM @extschema@.upsert_imports i
WHERE pg_catalog.pg_get_userbyid(role) OPERATOR(pg_catalog.=) CURRENT_USER
	AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) collection);
COMMENT ON VIEW @extschema@.upsert_progress IS
'The role''s own loads by upsert_import, as far as their batches are committed: state (running, interrupted, finished), the last key, and counts. A finished one stays until the role''s next load into the collection.';
GRANT SELECT ON @extschema@.upsert_progress TO PUBLIC;

CREATE PROCEDURE @extschema@.upsert_import(collection pg_catalog.regclass, query pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
AS 'MODULE_PATHNAME', 'upsert_import'
LANGUAGE C;
COMMENT ON PROCEDURE @extschema@.upsert_import(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb) IS
'Upserts the documents that a query returns (one column of type jsonb, json or text; each document with a key), in the order of their keys, and commits every batchSize documents (10000) or batchBytes (16777216). resumeKey, a name: if the load breaks off, the same CALL goes on behind the last committed batch; another query under the name is UP010; a finished load forgets it. errorTable, a name: documents that fail go to this table (made if need be: at, collection, key, doc, error), and the others go on. Progress: upsert_progress. Other options as upsert_from(). Errors: 2D000 in a transaction block, 55006 if another session runs the load, 34000 for a query that writes (a load that is resumed would miss what it deleted), 42804 for other columns, 22004, and those of upsert_many(). See docs/documents.md.';

CREATE FUNCTION @extschema@.upsert_stats_rows(OUT target pg_catalog.regclass,
    OUT calls pg_catalog.int8, OUT inserted pg_catalog.int8, OUT updated pg_catalog.int8, OUT deleted pg_catalog.int8,
    OUT unchanged pg_catalog.int8, OUT ignored pg_catalog.int8, OUT folded pg_catalog.int8,
    OUT conflicts pg_catalog.int8, OUT retries pg_catalog.int8, OUT search_locks pg_catalog.int8,
    OUT direct pg_catalog.int8, OUT sql pg_catalog.int8,
    OUT shared pg_catalog.bool, OUT since pg_catalog.timestamptz)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME', 'upsert_stats_rows'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION @extschema@.upsert_stats_rows() IS
'Internal: the rows of the view upsert_stats. No errors.';

CREATE VIEW @extschema@.upsert_stats AS SELECT * FROM @extschema@.upsert_stats_rows();
COMMENT ON VIEW @extschema@.upsert_stats IS
'What upserts have done to each table of this database that the role may read or write (pg_read_all_stats: to all), since it has been counted: calls, conflicts (somebody else was faster), retries, search_locks as they happen; items (inserted, updated, deleted, unchanged, ignored, folded; direct and sql: those of them that the table access method or SQL has done) when their transaction commits. shared: of all sessions, where the library is in shared_preload_libraries, else of this one. After pg_stat_user_tables and pg_stat_statements.';
GRANT SELECT ON @extschema@.upsert_stats TO PUBLIC;

CREATE FUNCTION @extschema@.upsert_stats_reset(target pg_catalog.regclass DEFAULT NULL)
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME', 'upsert_stats_reset'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.upsert_stats_reset(pg_catalog.regclass) IS
'Forgets what upsert_stats shows of a table; without one, of all tables of this database. Where all sessions see it, that is for the table''s owner, or the database''s. Errors: 42501, 42P01 for a table that is not there.';

CREATE FUNCTION @extschema@.upsert_merge_operator(collection pg_catalog.regclass, doc pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'upsert_merge_operator'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_merge_operator(pg_catalog.regclass, pg_catalog.jsonb) IS
'implementation of |+ operator';

CREATE FUNCTION @extschema@.upsert_replace_operator(collection pg_catalog.regclass, doc pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'upsert_replace_operator'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_replace_operator(pg_catalog.regclass, pg_catalog.jsonb) IS
'implementation of |= operator';

CREATE OPERATOR @extschema@.|+ (
    LEFTARG = pg_catalog.regclass, RIGHTARG = pg_catalog.jsonb,
    FUNCTION = @extschema@.upsert_merge_operator
);
COMMENT ON OPERATOR @extschema@.|+ (pg_catalog.regclass, pg_catalog.jsonb) IS
'upsert the document into the collection, merging; gives NEW';

CREATE OPERATOR @extschema@.|= (
    LEFTARG = pg_catalog.regclass, RIGHTARG = pg_catalog.jsonb,
    FUNCTION = @extschema@.upsert_replace_operator
);
COMMENT ON OPERATOR @extschema@.|= (pg_catalog.regclass, pg_catalog.jsonb) IS
'upsert the document into the collection, replacing; gives NEW';

--
-- 4. C8QL statements (src/statement)
--

CREATE FUNCTION @extschema@.c8ql(query pg_catalog.text,
	bind pg_catalog.jsonb DEFAULT '{}', options pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'c8ql'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100;

COMMENT ON FUNCTION @extschema@.c8ql(pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Runs a C8QL (AQL) statement and returns what its RETURN yields. bind holds @name and, under "@name", @@name. Options: failOnWarning, accessAfterWrite. Errors of the language carry errorNum N in DETAIL: 42601 syntax (1501, with line and column), 42P01 unknown collection or name (1203), 23505 (1210), UP001 (1200), UP004 (1221), UP006 (1227, 1233), 42P02 bind parameters and variables (1511, 1512, 1551 to 1553), 42883 functions (1540, 1541), 22023 (1563), 0A000 (1573, 1575, 1577, 1579). Semantics after ArangoDB''s AQL. See docs/c8ql.md.';

CREATE FUNCTION @extschema@.c8ql_execute(query pg_catalog.text,
	bind pg_catalog.jsonb DEFAULT '{}', options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'c8ql_execute'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION @extschema@.c8ql_execute(pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Runs a C8QL statement as c8ql() does and answers one object: {"result": [...], "extra": {"stats": {writesExecuted, writesIgnored, inserted, updated, unchanged, and removed where there is one}, "warnings": [{"code", "message"}]}}.';

CREATE FUNCTION @extschema@.c8ql_explain(query pg_catalog.text,
	bind pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF pg_catalog.text
AS 'MODULE_PATHNAME', 'c8ql_explain'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;

COMMENT ON FUNCTION @extschema@.c8ql_explain(pg_catalog.text, pg_catalog.jsonb) IS
'How a C8QL statement would look things up: by key, by which unique index, or by a scan with a lock on the search. Nothing is run. Errors as c8ql().';

CREATE FUNCTION @extschema@.upsert_by(collection pg_catalog.regclass,
	search @extschema@.docexpr, insert @extschema@.docexpr,
	update @extschema@.docexpr DEFAULT NULL,
	replace @extschema@.docexpr DEFAULT NULL,
	bind pg_catalog.jsonb DEFAULT '{}', options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.upsert_result
AS 'MODULE_PATHNAME', 'upsert_by'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION @extschema@.upsert_by(pg_catalog.regclass, @extschema@.docexpr, @extschema@.docexpr, @extschema@.docexpr, @extschema@.docexpr, pg_catalog.jsonb, pg_catalog.jsonb) IS
'C8QL''s UPSERT as a function: looks for a document with the attributes of search, inserts if there is none, else merges update into it or replaces it (exactly one of the two); OLD is the document found. Two calls with the same search never both insert. Options as upsert(), and multiple ("error": more than one match is 21000, or "first": the least key); with mustExist, insert may be NULL. Errors: as upsert(), and those of the expressions. See docs/c8ql.md.';

--
-- 5. Objects: JSON into ordinary tables (src/relational)
--

CREATE FUNCTION @extschema@.upsert_object(target pg_catalog.regclass, object pg_catalog.jsonb, criteria pg_catalog.text DEFAULT NULL, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.upsert_result
AS 'MODULE_PATHNAME', 'upsert_object'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_object(pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.text, pg_catalog.jsonb) IS
'Inserts the object as a row of any table, or updates the row that is there: attributes are columns; what is not given stays, or takes its default in a new row.
criteria: NULL for the primary key (none of it given: a new row; some: error UP005), the name of a unique constraint or index (all of it must be given), or "any" for whichever unique keys the object fills. Nothing differs: action unchanged, nothing written.
old and new are the row as jsonb, as far as the caller may read it; key is the criteria''s values, a JSON array if several. Text criteria that read as an array literal are columns.
mergeObjects absent: jsonb columns are replaced, composites merged by field; true: both merged (so with mode mergePatch; keepNull acts inside); false: both replaced. jsonNull true: null for a jsonb column is JSON''s null.
Errors: 42703 unknown attribute, 22P02 and the like of the types'' input, UP005, UP006 no object, 21000 several rows match, 428C9 a generated column given another value, UP001 to UP003 by ifRev and ignoreRevs (tables with a text column "_rev"), 42704 no such criteria, and whatever INSERT or UPDATE raise.
Semantics: "Upsert Object" of the elastic.io / Open Integration Hub component standards. See docs/objects.md.';

CREATE FUNCTION @extschema@.upsert_object(target pg_catalog.regclass, object pg_catalog.jsonb, columns pg_catalog.text[], options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.upsert_result
AS 'MODULE_PATHNAME', 'upsert_object_by_columns'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_object(pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.text[], pg_catalog.jsonb) IS
'The same by columns, all of which must be given. Where no unique key is on exactly these, rows are counted: none inserts, one is updated, more is error 21000; two sessions with the same values wait for each other.';

CREATE FUNCTION @extschema@.upsert_objects(target pg_catalog.regclass, objects pg_catalog.jsonb, criteria pg_catalog.text DEFAULT NULL, options pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF @extschema@.upsert_item
AS 'MODULE_PATHNAME', 'upsert_objects'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_objects(pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.text, pg_catalog.jsonb) IS
'upsert_object for each element of an array, locked in the order of the keys, answered in the order of the array. Options as for upsert_many: ignoreErrors makes answers of the errors, duplicates says what becomes of a key that comes twice.';

CREATE FUNCTION @extschema@.upsert_objects(target pg_catalog.regclass, objects pg_catalog.jsonb, columns pg_catalog.text[], options pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF @extschema@.upsert_item
AS 'MODULE_PATHNAME', 'upsert_objects_by_columns'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_objects(pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.text[], pg_catalog.jsonb) IS
'The same by columns, as upsert_object by columns: also where no unique key is on them.';

CREATE FUNCTION @extschema@.upsert_note_key(VARIADIC pg_catalog."any")
RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME', 'upsert_note_key'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.upsert_note_key(VARIADIC pg_catalog."any") IS
'Internal: stands in the statements that write a table through SQL, and tells the caller the key of a row that its BEFORE INSERT trigger has moved to one that exists. Arguments: the columns of the key. Always false, and without effect elsewhere. No errors.';

CREATE FUNCTION @extschema@.upsert_criteria(target pg_catalog.regclass,
    OUT name pg_catalog.text, OUT columns pg_catalog.text[], OUT is_primary pg_catalog.bool,
    OUT usable pg_catalog.bool, OUT reason pg_catalog.text)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME', 'upsert_criteria'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.upsert_criteria(pg_catalog.regclass) IS
'The unique keys of a table, the primary key first: what may be given to upsert_object as criteria, the columns that an object must then fill, and why a key cannot be used.';

CREATE FUNCTION @extschema@.object_schema(target pg_catalog.regclass, criteria pg_catalog.text DEFAULT NULL, action pg_catalog.text DEFAULT 'upsert')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'object_schema'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.object_schema(pg_catalog.regclass, pg_catalog.text, pg_catalog.text) IS
'The JSON Schema (2020-12) of the objects that upsert_object takes for a table, by criteria and for an action: "create" (required: what is NOT NULL without default), "update" (required: the criteria only) or "upsert". Marks columns readOnly, x-id (primary key) and x-criteria; the parts of a composite primary key are all given or none (dependentRequired).
Errors: 22023 unknown action, 42704 no such criteria or, but for "create", no primary key.
Semantics: input metadata of the elastic.io / Open Integration Hub component standards.';

CREATE FUNCTION @extschema@.object_schema(target pg_catalog.regclass, columns pg_catalog.text[], action pg_catalog.text DEFAULT 'upsert')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'object_schema_by_columns'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.object_schema(pg_catalog.regclass, pg_catalog.text[], pg_catalog.text) IS
'The same for criteria that are columns.';

--
-- 6. JSON-LD processor (src/jsonld)
--

CREATE TABLE @extschema@.jsonld_context_registry (
	iri pg_catalog.text COLLATE pg_catalog."C" PRIMARY KEY,
	document pg_catalog.jsonb NOT NULL,
	set_by pg_catalog.name NOT NULL DEFAULT pg_catalog.current_user(),
	set_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE @extschema@.jsonld_context_registry IS
'the contexts that JSON-LD documents may refer to by IRI; written by jsonld_set_context';
GRANT SELECT ON @extschema@.jsonld_context_registry TO PUBLIC;
-- a trusted installation leaves the table to the bootstrap superuser
GRANT INSERT, UPDATE, DELETE, TRUNCATE ON @extschema@.jsonld_context_registry TO @extowner@;
SELECT pg_catalog.pg_extension_config_dump('@extschema@.jsonld_context_registry', '');

CREATE FUNCTION @extschema@.jsonld_registry_changed()
RETURNS pg_catalog.trigger
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.jsonld_registry_changed() IS
'trigger of jsonld_context_registry: makes every backend forget the contexts that it has processed';

CREATE TRIGGER jsonld_registry_changed
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON @extschema@.jsonld_context_registry
FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.jsonld_registry_changed();

CREATE VIEW @extschema@.jsonld_contexts AS
SELECT iri, document,
	pg_catalog.sha256(pg_catalog.convert_to(document::pg_catalog.text, 'UTF8')) AS sha256,
	set_by, set_at
FROM @extschema@.jsonld_context_registry;
COMMENT ON VIEW @extschema@.jsonld_contexts IS
'the stored JSON-LD contexts: IRI, document, SHA-256 of the document''s text, who stored it and when';
GRANT SELECT ON @extschema@.jsonld_contexts TO PUBLIC;

CREATE FUNCTION @extschema@.jsonld_set_context(iri pg_catalog.text, document pg_catalog.jsonb)
RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.jsonld_set_context(pg_catalog.text, pg_catalog.jsonb) IS
'stores a context document (an object with @context) under an absolute IRI, for "@context": "<iri>"; true if that changed anything. The caller needs INSERT and UPDATE on jsonld_context_registry. 22023: not an absolute IRI';

CREATE FUNCTION @extschema@.jsonld_drop_context(iri pg_catalog.text)
RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.jsonld_drop_context(pg_catalog.text) IS
'removes a stored context; true if there was one. The caller needs DELETE on jsonld_context_registry';

CREATE FUNCTION @extschema@.jsonld_expand(doc pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'jsonld_expand_sql' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.jsonld_expand(pg_catalog.jsonb, pg_catalog.jsonb) IS
'JSON-LD 1.1 expansion: the document as an array of nodes without contexts, every key an IRI or keyword. Options are those of the JSON-LD API, and safe (error instead of dropping data) and strictCompactIri (undefined prefixes are errors). Remote contexts come from jsonld_contexts. UP008: a JSON-LD error, its code first in DETAIL; UP009: a limit; 22023: a bad option. Semantics: W3C JSON-LD 1.1 Processing Algorithms and API. See docs/jsonld.md.';

CREATE FUNCTION @extschema@.jsonld_compact(doc pg_catalog.jsonb, context pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'jsonld_compact_sql' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.jsonld_compact(pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.jsonb) IS
'JSON-LD 1.1 compaction: expands the document, then writes it with the given context (a context, or an object with @context). Options and errors as for jsonld_expand. Semantics: W3C JSON-LD 1.1 Processing Algorithms and API';

-- flatten and RDF

CREATE FUNCTION @extschema@.jsonld_flatten(doc pg_catalog.jsonb,
	context pg_catalog.jsonb DEFAULT NULL, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'jsonld_flatten_sql';
COMMENT ON FUNCTION @extschema@.jsonld_flatten(pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Flattens a JSON-LD document: one array of nodes with all their properties, named graphs under @graph of the node that names them, blank nodes labelled _:b0, _:b1 and so on; nodes are ordered by @id. With a context the answer is compacted with it and has its nodes under @graph. Errors: UP008 with the code of the specification in DETAIL, UP009, 22023 for options. Source: JSON-LD 1.1 Processing Algorithms and API, 7.1 and 9.3 flatten().';

CREATE FUNCTION @extschema@.jsonld_to_rdf(doc pg_catalog.jsonb,
	options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'jsonld_to_rdf_sql';
COMMENT ON FUNCTION @extschema@.jsonld_to_rdf(pg_catalog.jsonb, pg_catalog.jsonb) IS
'The RDF dataset of a JSON-LD document as N-Quads, one statement a line. What RDF cannot hold (relative IRIs, malformed language tags) is left out, or with the option safe is UP008. JSON literals are written by RFC 8785. Errors: UP008 with the code of the specification in DETAIL, UP009, 22003 for a number beyond double precision, 22023 for options. Source: JSON-LD 1.1 Processing Algorithms and API, 8.1 to 8.3 and 9.3 toRdf().';

CREATE FUNCTION @extschema@.jsonld_quads(doc pg_catalog.jsonb,
	options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE(subject pg_catalog.text, predicate pg_catalog.text, object pg_catalog.text,
	datatype pg_catalog.text, language pg_catalog.text, graph pg_catalog.text)
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 100
AS 'MODULE_PATHNAME', 'jsonld_quads_sql';
COMMENT ON FUNCTION @extschema@.jsonld_quads(pg_catalog.jsonb, pg_catalog.jsonb) IS
'The statements of jsonld_to_rdf as rows. IRIs stand bare, blank nodes as _:label. datatype is NULL where object is an IRI or a blank node and set where it is a literal; language is NULL but for rdf:langString; graph is NULL in the default graph. Errors: as jsonld_to_rdf.';

CREATE FUNCTION @extschema@.jsonld_from_rdf(nquads pg_catalog.text,
	options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'jsonld_from_rdf_sql';
COMMENT ON FUNCTION @extschema@.jsonld_from_rdf(pg_catalog.text, pg_catalog.jsonb) IS
'The expanded JSON-LD document of an RDF dataset in N-Quads (strict RDF 1.1; a blank node as predicate only with the option produceGeneralizedRdf). RDF lists become @list; with rdfDirection compound literals or i18n datatypes become @direction; with useNativeTypes booleans, integers and doubles become JSON values. Nodes are ordered by @id. Errors: 22P02 with line and column for bad N-Quads, UP008 with the code of the specification in DETAIL, 22023 for options. Source: JSON-LD 1.1 Processing Algorithms and API, 8.4, 8.5 and 9.3 fromRdf(); RDF 1.1 N-Quads.';

-- framing

CREATE FUNCTION @extschema@.jsonld_frame(doc pg_catalog.jsonb, frame pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'jsonld_frame_sql';
COMMENT ON FUNCTION @extschema@.jsonld_frame(pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Lays out the nodes of a JSON-LD document as a frame says (which nodes at the top, which inside others, which properties, what where there is none), compacted with the context of the frame. Options: those of the JSON-LD API but produceGeneralizedRdf, and embed ("@once", "@always", "@never", true, false), explicit, requireAll, omitDefault, omitGraph, frameDefault. Errors: UP008 with the code in DETAIL ("invalid frame", "invalid @embed value" and those of the API), UP009 a limit, 22023 for options. Source: W3C JSON-LD 1.1 Framing.';

-- canonicalization

CREATE FUNCTION @extschema@.rdf_canonize(nquads pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'rdf_canonize_sql';
COMMENT ON FUNCTION @extschema@.rdf_canonize(pg_catalog.text, pg_catalog.jsonb) IS
'The canonical form of an RDF dataset in N-Quads: all datasets that differ in nothing but the labels of blank nodes and the order and spelling of statements have the same one, which can be hashed, signed and compared. Option hashAlgorithm: "SHA-256" (default) or "SHA-384". Errors: 22P02 with line and column for bad N-Quads, UP009 where blank nodes are too hard to tell apart (upsert.jsonld_max_work), 22023 for options. Source: W3C RDF Dataset Canonicalization (RDFC-1.0), 2024-05-21.';

CREATE FUNCTION @extschema@.rdf_canonical_labels(nquads pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'rdf_canonical_labels_sql';
COMMENT ON FUNCTION @extschema@.rdf_canonical_labels(pg_catalog.text, pg_catalog.jsonb) IS
'The labels that rdf_canonize gives to the blank nodes of a dataset in N-Quads: {"label in the dataset": "c14n0", ...}. Options and errors as for rdf_canonize. Source: the issued identifiers map of W3C RDF Dataset Canonicalization (RDFC-1.0).';

CREATE FUNCTION @extschema@.jsonld_canonize(doc pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'jsonld_canonize_sql';
COMMENT ON FUNCTION @extschema@.jsonld_canonize(pg_catalog.jsonb, pg_catalog.jsonb) IS
'What a JSON-LD document states, in canonical N-Quads: what a signature or a content hash is made of. Options: those of the JSON-LD API but produceGeneralizedRdf, and hashAlgorithm ("SHA-256" or "SHA-384"). Data that RDF cannot hold, or that no term defines, would be left out of what is signed: UP008 "dropped data", unless "safe" is false. Other errors: as jsonld_to_rdf and rdf_canonize. STABLE, as it reads stored contexts.';

CREATE FUNCTION @extschema@.jsonld_canonize_inline(doc pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'jsonld_canonize_inline_sql';
COMMENT ON FUNCTION @extschema@.jsonld_canonize_inline(pg_catalog.jsonb, pg_catalog.jsonb) IS
'jsonld_canonize for documents that carry their contexts with them: IMMUTABLE, for indexes and generated columns. A context by IRI is UP008 "loading remote context failed", stored or not. Options and other errors as for jsonld_canonize.';

--
-- 7. Ledgers (src/ledger)
--

CREATE FUNCTION @extschema@.create_ledger(name pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.create_ledger(pg_catalog.text, pg_catalog.jsonb) IS
'Makes a ledger, a store of JSON-LD nodes with their history, as tables of the current creation schema: NAME:BRANCH (nodes), NAME:BRANCH_head and NAME:BRANCH_log, and NAME:BRANCH_flakes, a view of the log; the branch defaults to main. Options: context (a default context), history (true), index (true or "references": a GIN index on the predicates and references of nodes, for the patterns of ledger_update; "values": also one on whole nodes; false), ifNotExists (false). Privileges on the tables are those on the ledger. Errors: 42602 and 42622 for the name, 42P07 it exists, 22023 options, UP008 the context. See docs/ledgers.md.';

CREATE FUNCTION @extschema@.drop_ledger(name pg_catalog.text)
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.drop_ledger(pg_catalog.text) IS
'Drops a ledger with its history. Errors: 42P01 there is none, 42501, 2BP01 as for DROP TABLE.';

CREATE FUNCTION @extschema@.ledger_upsert(ledger pg_catalog.text, txn pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.ledger_upsert(pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'For each node and predicate in a JSON-LD document: replaces the values, @type being a predicate like others; other predicates stay. Answers a receipt {"ledger", "t", "asserted", "retracted", "nodes"}. Options: nulls ("ignore", "delete" or "error": what null, [] and an empty @list mean), strictCompactIri (true), base, author, message, uniqueProperties, idempotencyKey. Errors: UP004 malformed IRI, UP006 nothing said, UP008 JSON-LD, UP010 another request under the idempotencyKey, 42P01 no such ledger, 22023 options. Semantics: Fluree upsert; api of JSON-LD 1.1.';

CREATE FUNCTION @extschema@.ledger_replace(ledger pg_catalog.text, txn pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.ledger_replace(pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'For each node of which a JSON-LD document says something: what it says becomes the whole node. Receipt, options and errors as for ledger_upsert.';

CREATE FUNCTION @extschema@.ledger_insert(ledger pg_catalog.text, txn pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.ledger_insert(pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Adds the values in a JSON-LD document to what is there and retracts nothing. Receipt, options (nulls not "delete") and errors as for ledger_upsert; UP006 also for a second list under one predicate.';

-- of the generated column "keys" of a ledger's nodes, and of the patterns that look by it
CREATE FUNCTION @extschema@.ledger_keys(doc pg_catalog.jsonb)
RETURNS pg_catalog.int4[]
AS 'MODULE_PATHNAME' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_keys(pg_catalog.jsonb) IS
'What a ledger finds a node by: hashes of its predicates, and of its predicates with their references and types; values are not among them.';
CREATE FUNCTION @extschema@.ledger_key(predicate pg_catalog.text, value pg_catalog.jsonb)
RETURNS pg_catalog.int4
AS 'MODULE_PATHNAME' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_key(pg_catalog.text, pg_catalog.jsonb) IS
'The hash of a predicate with a reference or a type, as ledger_keys has it; of the predicate alone where the value is a literal.';

-- the server's own functions with an estimate that fits: most predicates have one value
CREATE FUNCTION @extschema@.ledger_values("values" pg_catalog.jsonb, OUT value pg_catalog.jsonb)
RETURNS SETOF pg_catalog.jsonb
AS 'jsonb_array_elements' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION @extschema@.ledger_values(pg_catalog.jsonb) IS
'The values of a predicate, for the queries of ledger_update: jsonb_array_elements with an estimate of 1 row.';
CREATE FUNCTION @extschema@.ledger_members(node pg_catalog.jsonb, OUT key pg_catalog.text, OUT value pg_catalog.jsonb)
RETURNS SETOF pg_catalog.record
AS 'jsonb_each' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION @extschema@.ledger_members(pg_catalog.jsonb) IS
'The members of a node, for the queries of ledger_update: jsonb_each with an estimate of 10 rows.';

CREATE FUNCTION @extschema@.ledger_update(ledger pg_catalog.text, txn pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.ledger_update(pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'{"@context", "where", "values", "delete", "insert", "graph", "from", "fromNamed", "opts"}: for every solution of where and values, retracts what delete says and adds what insert says. Patterns: nodes with ?variables, ["graph"|"optional"|"union"|"minus"|"exists"|"not-exists"|"filter"|"bind"|"values"|"query", ...]. Options: graph, strictCompactIri, base, author, message, uniqueProperties, idempotencyKey. Receipt as for ledger_upsert. Errors: UP004 a malformed IRI, UP006 malformed, UP008, UP009, 0A000 several graphs in from, 42P01, 22023. Semantics: SPARQL 1.1 Update DELETE/INSERT, Fluree. See docs/ledger-update.md.';

CREATE FUNCTION @extschema@.jsonld_upsert(collection pg_catalog.regclass, doc pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF @extschema@.upsert_item
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.jsonld_upsert(pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Upserts the nodes of a JSON-LD document into a collection: key is the @id with what a key cannot contain percent-encoded, the document is the expanded node, and the values of each predicate are replaced. One row per node, as from upsert_many, whose options apply but for mode and mergeObjects; base and strictCompactIri too. Errors: UP004, UP006, UP008 and those of upsert_many.';

CREATE FUNCTION @extschema@.ledger_delete(ledger pg_catalog.text, iri pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.ledger_delete(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS
'Retracts all statements about a node, and its nodes without name; references to it stay. The IRI may be compact by the default context. Options: graph (a named graph), author, message, idempotencyKey. Receipt as for ledger_upsert. Errors: UP004, 42P01, 22023.';

CREATE FUNCTION @extschema@.ledger_get(ledger pg_catalog.text, iri pg_catalog.text,
	context pg_catalog.jsonb DEFAULT NULL, t pg_catalog.int8 DEFAULT NULL, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_get(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.int8, pg_catalog.jsonb) IS
'A node of a ledger, compacted with the context (NULL: the default one), now or as it was after t; NULL if nothing is or was said of it. Nodes without @id are part of their owner and stand in it. Options: graph (a named graph), at (a time instead of t), depth (0: so many steps along references named nodes stand in it, too), frame (a JSON-LD frame for what it reaches). Errors: UP004, UP008, UP009 too many nodes, 42P01, 55000 no history or given up, 22023.';

CREATE FUNCTION @extschema@.ledger_log(ledger pg_catalog.text, from_t pg_catalog.int8 DEFAULT NULL,
	to_t pg_catalog.int8 DEFAULT NULL)
RETURNS TABLE(t pg_catalog.int8, at pg_catalog.timestamptz, author pg_catalog.text, role pg_catalog.text, message pg_catalog.text,
	asserted pg_catalog.int8, retracted pg_catalog.int8, metadata pg_catalog.jsonb)
AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_log(pg_catalog.text, pg_catalog.int8, pg_catalog.int8) IS
'Who made each t from from_t to to_t, both included, when (the transaction''s clock) and why: author and message as given, the role, how many flakes, and the metadata ({predicate: [value, ...]}, what stood beside @graph or under txn-meta). ledger_compact keeps the rows. Errors: 42P01, 55000 no history, 22023 a t that is not yet.';

CREATE FUNCTION @extschema@.ledger_flakes(ledger pg_catalog.text, from_t pg_catalog.int8 DEFAULT NULL,
	to_t pg_catalog.int8 DEFAULT NULL, graph pg_catalog.text DEFAULT NULL)
RETURNS TABLE(t pg_catalog.int8, s pg_catalog.text, p pg_catalog.text, o pg_catalog.jsonb, op pg_catalog.bool)
AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_flakes(pg_catalog.text, pg_catalog.int8, pg_catalog.int8, pg_catalog.text) IS
'What was asserted (op true) and retracted (op false) from from_t to to_t, both included, in the default graph or the named one. p of a type is rdf:type; o is a value object or {"@id"}, an item of a list with its @position. Errors: 42P01, 55000 no history.';

CREATE FUNCTION @extschema@.ledger_nodes(ledger pg_catalog.text, t pg_catalog.int8 DEFAULT NULL, options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE(iri pg_catalog.text, node pg_catalog.jsonb)
AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_nodes(pg_catalog.text, pg_catalog.int8, pg_catalog.jsonb) IS
'All nodes of a graph, now or as they were after t, in the order of their IRIs, compacted with the default context. Options: graph (a named graph), at (a time instead of t). Errors: 42P01, 55000 no history or given up, 22023.';

-- for the queries of ledger_update
CREATE FUNCTION @extschema@.ledger_state(ledger pg_catalog.text, t pg_catalog.int8)
RETURNS TABLE(graph pg_catalog.text, iri pg_catalog.text, doc pg_catalog.jsonb)
AS 'MODULE_PATHNAME' LANGUAGE c STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_state(pg_catalog.text, pg_catalog.int8) IS
'The table of a ledger''s nodes as it was after t: all graphs, nodes expanded. Errors: 42P01, 55000 no history or given up, 22023.';
CREATE FUNCTION @extschema@.ledger_merge(docs pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_merge(pg_catalog.jsonb) IS
'One expanded node of several (an array) that have the same @id: the values of all. Error 22023: no array.';

CREATE FUNCTION @extschema@.ledger_diff(ledger pg_catalog.text, t1 pg_catalog.int8, t2 pg_catalog.int8)
RETURNS TABLE(s pg_catalog.text, p pg_catalog.text, o pg_catalog.jsonb, op pg_catalog.bool, graph pg_catalog.text)
AS 'MODULE_PATHNAME' LANGUAGE c STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_diff(pg_catalog.text, pg_catalog.int8, pg_catalog.int8) IS
'The net change from the state after t1 to that after t2 (which may be the earlier one): statements that came (op true) and went. Errors: 42P01, 55000 no history or given up, 22023.';

CREATE FUNCTION @extschema@.ledger_compact(ledger pg_catalog.text, before_t pg_catalog.int8)
RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.ledger_compact(pg_catalog.text, pg_catalog.int8) IS
'Gives up history: the state after before_t is the oldest that can be read from now on. The rows of ledger_log stay. Answers how many rows of the log went. Errors: 42P01, 55000 no history, 22023, 42501.';

CREATE FUNCTION @extschema@.ledger_copy(ledger pg_catalog.text, new_name pg_catalog.text, t pg_catalog.int8 DEFAULT NULL)
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.ledger_copy(pg_catalog.text, pg_catalog.text, pg_catalog.int8) IS
'Makes another ledger like this one, with its context, nodes and history, as it is or as it was after t. Errors: as create_ledger; 42P01, 55000 no history or given up, 22023.';

CREATE FUNCTION @extschema@.ledger_export(ledger pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF pg_catalog.text
AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_export(pg_catalog.text, pg_catalog.jsonb) IS
'The statements of a ledger as canonical N-Quads, one a row. Labels that the ledger gave stay, lists are chains of blank nodes, base directions stand in datatypes (i18n). Option: graph (only that one). Errors: 42P01, 22023.';

CREATE FUNCTION @extschema@.ledger_import(ledger pg_catalog.text, nquads pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.ledger_import(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS
'Adds statements in N-Quads to a ledger, as ledger_insert adds those of a document. Options: author, message. Receipt as for ledger_upsert. Errors: 22P02 with line and column; 42P01, UP004, UP006, 22023.';

CREATE FUNCTION @extschema@.ledger_import_from(ledger pg_catalog.text, query pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.ledger_import_from(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS
'The same from a query that yields one statement of N-Quads a row, run with the caller''s rights, in bounded memory but for statements with blank nodes, which wait for the end. Answers {"ledger", "t", "asserted", "retracted"}. Errors: as ledger_import; 42804 other columns, 22023 no rows.';

CREATE FUNCTION @extschema@.ledger_list()
RETURNS TABLE(name pg_catalog.text, schema pg_catalog.text, t pg_catalog.int8, nodes pg_catalog.int8, flakes pg_catalog.int8, size pg_catalog.int8, floor pg_catalog.int8)
AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ledger_list() IS
'The ledgers that the caller may read, for the view upsert_ledgers.';

CREATE VIEW @extschema@.upsert_ledgers AS
SELECT l.name, l.schema, l.t, l.nodes, l.flakes, l.size, l.floor FROM @extschema@.ledger_list() AS l;
COMMENT ON VIEW @extschema@.upsert_ledgers IS
'The ledgers that the caller may read: name, schema, newest t, number of nodes (as ANALYZE found it) and of flakes (all that ever were), bytes of all tables and indexes, and the oldest t that can be read.';
GRANT SELECT ON @extschema@.upsert_ledgers TO PUBLIC;

--
-- 8. AT Protocol (src/atproto)
--

CREATE FUNCTION @extschema@.at_tid()
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'at_tid'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.at_tid() IS
'A new AT Protocol TID of the present time, greater than every earlier one of this session (atproto.com/specs/tid).';

CREATE FUNCTION @extschema@.at_tid_to_bigint(tid pg_catalog.text)
RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME', 'at_tid_to_bigint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_tid_to_bigint(pg_catalog.text) IS
'The integer a TID stands for: microseconds since 1970 times 1024, plus the clock id. Errors: UP007 no TID, 22003 its top bit is set.';

CREATE FUNCTION @extschema@.at_tid_from_bigint(value pg_catalog.int8)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'at_tid_from_bigint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_tid_from_bigint(pg_catalog.int8) IS
'The TID of an integer; the inverse of at_tid_to_bigint. Error: 22003 negative.';

CREATE FUNCTION @extschema@.at_tid_to_timestamptz(tid pg_catalog.text)
RETURNS pg_catalog.timestamptz
AS 'MODULE_PATHNAME', 'at_tid_to_timestamptz'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_tid_to_timestamptz(pg_catalog.text) IS
'The time in a TID, to the microsecond. Errors: UP007 no TID, 22003 its top bit is set.';

CREATE FUNCTION @extschema@.at_tid_from_timestamptz(value pg_catalog.timestamptz, clock_id pg_catalog.int4 DEFAULT 0)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'at_tid_from_timestamptz'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_tid_from_timestamptz(pg_catalog.timestamptz, pg_catalog.int4) IS
'The TID of a time and a clock id (0 to 1023); with clock id 0 the least TID of its microsecond, so fit for range bounds. Errors: 22008 before 1970 or after 2255, 22023 clock id out of range.';

CREATE FUNCTION @extschema@.dag_cbor(data pg_catalog.jsonb)
RETURNS pg_catalog.bytea
AS 'MODULE_PATHNAME', 'dag_cbor'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.dag_cbor(pg_catalog.jsonb) IS
'The DAG-CBOR bytes of AT Protocol data in its JSON form: one encoding per document (atproto.com/specs/data-model). Integers of 64 bits only, {"$link"} and {"$bytes"} in their exact forms, blobs whole; else UP006 with the path in DETAIL.';

CREATE FUNCTION @extschema@.dag_cbor_decode(data pg_catalog.bytea)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'dag_cbor_decode'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.dag_cbor_decode(pg_catalog.bytea) IS
'The inverse of dag_cbor. Strict: whatever is not the one encoding of a document is UP006 with the offset in DETAIL.';

CREATE FUNCTION @extschema@.record_cid(record pg_catalog.jsonb)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'record_cid'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.record_cid(pg_catalog.jsonb) IS
'The CID of a record: version 1, DAG-CBOR, SHA-256, base 32 (bafyrei...). Errors: as dag_cbor, and UP006 if it is no object.';

CREATE FUNCTION @extschema@.blob_cid(data pg_catalog.bytea)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'blob_cid'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.blob_cid(pg_catalog.bytea) IS
'The CID of the bytes of a file: version 1, raw, SHA-256, base 32 (bafkrei...).';

CREATE FUNCTION @extschema@.at_is_valid(format pg_catalog.text, value pg_catalog.text)
RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME', 'at_is_valid'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_is_valid(pg_catalog.text, pg_catalog.text) IS
'Whether a string has a Lexicon format (atproto.com/specs/lexicon): tid, record-key, nsid, did, handle, at-identifier, at-uri, datetime, cid, language, uri. Error: 22023 unknown format.';

CREATE FUNCTION @extschema@.at_graphemes(value pg_catalog.text)
RETURNS pg_catalog.int4
AS 'MODULE_PATHNAME', 'at_graphemes'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_graphemes(pg_catalog.text) IS
'Number of extended grapheme clusters (UAX #29, Unicode 17.0.0), as minGraphemes and maxGraphemes of Lexicon count.';

CREATE FUNCTION @extschema@.at_uri(repo pg_catalog.text, collection pg_catalog.text, rkey pg_catalog.text)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'at_uri'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_uri(pg_catalog.text, pg_catalog.text, pg_catalog.text) IS
'Builds at://REPO/COLLECTION/RKEY. Errors: UP007 repo is neither a DID nor a handle, or collection no NSID; UP004 illegal record key.';

CREATE FUNCTION @extschema@.at_uri_parts(uri pg_catalog.text, OUT authority pg_catalog.text, OUT collection pg_catalog.text, OUT rkey pg_catalog.text)
RETURNS pg_catalog.record
AS 'MODULE_PATHNAME', 'at_uri_parts'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_uri_parts(pg_catalog.text) IS
'Splits an AT URI in the form that Lexicon allows; missing parts are NULL. Error: UP007.';

CREATE FUNCTION @extschema@.car_blocks(car pg_catalog.bytea, OUT cid pg_catalog.text, OUT block pg_catalog.bytea)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME', 'car_blocks'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION @extschema@.car_blocks(pg_catalog.bytea) IS
'The blocks of a CAR file of version 1, in its order, with the CID that each was proved to have. Error: UP006 no such file, bytes that do not have their CID, or a CID of another kind than the protocol has.';

CREATE FUNCTION @extschema@.mst_root_add(state pg_catalog.internal, path pg_catalog.text, cid pg_catalog.text)
RETURNS pg_catalog.internal
AS 'MODULE_PATHNAME', 'mst_root_add'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.mst_root_add(pg_catalog.internal, pg_catalog.text, pg_catalog.text) IS
'Transition function of mst_root.';

CREATE FUNCTION @extschema@.mst_root_final(state pg_catalog.internal)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'mst_root_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.mst_root_final(pg_catalog.internal) IS
'Final function of mst_root.';

CREATE AGGREGATE @extschema@.mst_root(path pg_catalog.text, cid pg_catalog.text)
(
	SFUNC = @extschema@.mst_root_add,
	STYPE = pg_catalog.internal,
	FINALFUNC = @extschema@.mst_root_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.mst_root(pg_catalog.text, pg_catalog.text) IS
'The root CID of the Merkle search tree over the records of one repository, each given by its path COLLECTION/RKEY and CID (atproto.com/specs/repository): equals "data" of a signed commit over the same records. Input order does not matter. Errors: UP007 path or CID, 22004 one of them NULL, 21000 a path twice.';

CREATE TABLE @extschema@.at_lexicons
(
	nsid	pg_catalog.text COLLATE pg_catalog."C" PRIMARY KEY,
	lexicon	pg_catalog.jsonb NOT NULL
);
COMMENT ON TABLE @extschema@.at_lexicons IS
'The AT Protocol lexicons that records are validated against; written by at_put_lexicon.';
GRANT SELECT ON @extschema@.at_lexicons TO PUBLIC;
GRANT INSERT, UPDATE, DELETE, TRUNCATE ON @extschema@.at_lexicons TO @extowner@;
SELECT pg_catalog.pg_extension_config_dump('@extschema@.at_lexicons', '');

CREATE FUNCTION @extschema@.at_lexicons_changed()
RETURNS pg_catalog.trigger
AS 'MODULE_PATHNAME', 'at_lexicons_changed'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_lexicons_changed() IS
'Trigger function: makes all sessions forget the lexicons that they have read.';

CREATE TRIGGER at_lexicons_changed
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON @extschema@.at_lexicons
FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.at_lexicons_changed();

CREATE FUNCTION @extschema@.at_put_lexicon(lexicon pg_catalog.jsonb)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'at_put_lexicon'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_put_lexicon(pg_catalog.jsonb) IS
'Registers a lexicon (atproto.com/specs/lexicon), or replaces it, and returns its NSID; records of that collection are validated from now on. Error: UP006 malformed lexicon, with the path in DETAIL.';

CREATE FUNCTION @extschema@.at_drop_lexicon(nsid pg_catalog.text)
RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME', 'at_drop_lexicon'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_drop_lexicon(pg_catalog.text) IS
'Forgets a lexicon; false if it was not registered.';

CREATE FUNCTION @extschema@.at_validation_status(collection pg_catalog.text, record pg_catalog.jsonb)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'at_validation_status'
LANGUAGE C STABLE STRICT PARALLEL UNSAFE;	-- reads lexicons with the latest snapshot
COMMENT ON FUNCTION @extschema@.at_validation_status(pg_catalog.text, pg_catalog.jsonb) IS
'What the protocol calls validationStatus: "valid" if the record matches the registered lexicon of its collection, "unknown" if there is none or a part of it refers to one that is not registered. Errors: UP006 the record breaks the data model or the lexicon, with the path in DETAIL; UP007 collection is no NSID.';

CREATE TYPE @extschema@.at_result AS (
    uri pg_catalog.text,
    cid pg_catalog.text,
    rev pg_catalog.text,
    action pg_catalog.text,
    old pg_catalog.jsonb,
    new pg_catalog.jsonb,
    validation_status pg_catalog.text
);
COMMENT ON TYPE @extschema@.at_result IS
'What became of one AT Protocol record. action: inserted, updated, unchanged, deleted, or ignored (by a trigger); cid and rev are those stored now; validation_status: valid, unknown, or NULL if it was not validated.';

CREATE FUNCTION @extschema@.create_record_store(name pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.regclass
AS 'MODULE_PATHNAME', 'create_record_store'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.create_record_store(pg_catalog.text, pg_catalog.jsonb) IS
'Creates a table for AT Protocol records (uri, repo, collection, rkey, cid, rev, record, indexed_at, created_at), and beside it NAME_repos (the revisions of each repository), NAME_tombstones (what upstream has deleted) and NAME_consumers (cursors). Options: refs (true: also NAME_refs, who refers to whom, for at_backlinks), opaque (true: a column block for records that only bytes can hold, for "validate": "report"), shards (their number, where Citus is: repositories are spread over them). Errors: 22023 an option; 0A000 shards without Citus; those of CREATE TABLE. See docs/atproto.md.';

CREATE FUNCTION @extschema@.at_create_record(store pg_catalog.regclass, repo pg_catalog.text, collection pg_catalog.text, record pg_catalog.jsonb, rkey pg_catalog.text DEFAULT NULL, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.at_result
AS 'MODULE_PATHNAME', 'at_create_record'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_create_record(pg_catalog.regclass, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.text, pg_catalog.jsonb) IS
'Creates a record as com.atproto.repo.createRecord does; without a record key it gets a TID, or the one key of its lexicon. Options: validate, force, dryRun. Errors: 55000 the repository is a mirror, UP002 it exists, UP004 record key, UP006 data model, $type or lexicon, UP007 repo or collection, UP009 too large.';

CREATE FUNCTION @extschema@.at_put_record(store pg_catalog.regclass, repo pg_catalog.text, collection pg_catalog.text, rkey pg_catalog.text, record pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.at_result
AS 'MODULE_PATHNAME', 'at_put_record'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_put_record(pg_catalog.regclass, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Creates or replaces a record as com.atproto.repo.putRecord does; one with the CID that is stored is left alone, before swapRecord is looked at. Options: swapRecord (a CID that must be stored, or null: nothing must be), validate (true, false, or "report": what is invalid is stored, with a WARNING), force (write to a mirror), dryRun. Errors: 55000 the repository is a mirror, UP001 other CID, UP002 it exists, UP003 it does not, UP004 record key, UP006 data model, $type or lexicon, UP007 repo, collection or CID, UP009 too large.';

CREATE FUNCTION @extschema@.at_put_block(store pg_catalog.regclass, repo pg_catalog.text, collection pg_catalog.text, rkey pg_catalog.text, block pg_catalog.bytea, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.at_result
AS 'MODULE_PATHNAME', 'at_put_block'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_put_block(pg_catalog.regclass, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.bytea, pg_catalog.jsonb) IS
'at_put_record of a record as DAG-CBOR: the CID is that of the bytes, which are decoded strictly. Options and errors: as at_put_record; UP006 the bytes are no DAG-CBOR, or no map with the collection as $type. With "validate": "report" and a store made with "opaque", bytes that are a map but no record are kept as they are.';

CREATE FUNCTION @extschema@.at_list_records(store pg_catalog.regclass, repo pg_catalog.text, collection pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'at_list_records'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_list_records(pg_catalog.regclass, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS
'A page of the records of a collection of a repository, as com.atproto.repo.listRecords answers: {"records": [{"uri", "cid", "value"}], "cursor"}, by record key, the greatest first. Options: limit (1 to 100, 50 if absent), cursor (go on behind this record key), reverse (the least first). NULL if an argument is NULL. Errors: 22023 an option; UP007 repo or collection, UP004 cursor; 42809 the table is none of records.';

CREATE FUNCTION @extschema@.at_backlinks(store pg_catalog.regclass, target pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF pg_catalog.text
AS 'MODULE_PATHNAME', 'at_backlinks'
LANGUAGE C STABLE PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION @extschema@.at_backlinks(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb) IS
'URIs of the records that refer to an AT URI or a DID, in order, from NAME_refs of a table that create_record_store made with "refs": true. Options: collection (of the records that refer), limit, cursor (go on behind this URI). Errors: 55000 no references are kept; 22023 an option; 42809 the table is none of records.';

CREATE TYPE @extschema@.at_event_result AS (
    ord pg_catalog.int4,
    uri pg_catalog.text,
    cid pg_catalog.text,
    rev pg_catalog.text,
    action pg_catalog.text,
    error pg_catalog.jsonb
);
COMMENT ON TYPE @extschema@.at_event_result IS
'What became of one event: its place in the array, the record (or at://REPO), what is stored of it now, and inserted, updated, unchanged, deleted or ignored.';

CREATE FUNCTION @extschema@.at_apply_events(store pg_catalog.regclass, events pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF @extschema@.at_event_result
AS 'MODULE_PATHNAME', 'at_apply_events'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION @extschema@.at_apply_events(pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Applies events of the network, of any repositories, as Jetstream sends them: {"did", "time_us", "kind": "commit", "commit": {"rev", "operation", "collection", "rkey", "record" or "block": {"$bytes"}, "cid"}}. Of one record the newest rev wins, in whatever order and how often events come; deletions leave tombstones. Accounts with status deleted lose their records, other events of accounts and identities are ignored. Answers for each event; one that is wrong is ignored, with its error, and the others go on. Options: validate ("report" stores what is invalid, and says why in error), consumer (the greatest time_us is kept under that name in NAME_consumers, in the same transaction). Errors: UP006 no array; 55000 the table has no tombstones or revisions beside it; 42809 it is none of records. See docs/mirror.md.';

CREATE TYPE @extschema@.at_event_summary AS (
    inserted pg_catalog.int8,
    updated pg_catalog.int8,
    unchanged pg_catalog.int8,
    deleted pg_catalog.int8,
    ignored pg_catalog.int8
);
COMMENT ON TYPE @extschema@.at_event_summary IS
'Counts of what became of events.';

CREATE FUNCTION @extschema@.at_apply_events_from(store pg_catalog.regclass, query pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.at_event_summary
AS 'MODULE_PATHNAME', 'at_apply_events_from'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_apply_events_from(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb) IS
'at_apply_events of the rows of a query with one jsonb column, an event each, run with the rights of the caller: sorted by record first, on disk if need be, then applied in chunks. If events had errors, a WARNING says how many, and the first. Options and errors: as at_apply_events; those of the query, 34000 it returns no rows, 42804 other columns, 22004 a null event.';

CREATE FUNCTION @extschema@.at_forget_tombstones(store pg_catalog.regclass, older_than pg_catalog.interval)
RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME', 'at_forget_tombstones'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_forget_tombstones(pg_catalog.regclass, pg_catalog.interval) IS
'Deletes tombstones that were left longer ago than that, and tells how many. An event that comes later still could bring the record back. Errors: 55000 the table has none beside it; 42809 it is none of records.';

CREATE TYPE @extschema@.at_import_result AS (
    inserted pg_catalog.int8,
    updated pg_catalog.int8,
    unchanged pg_catalog.int8,
    deleted pg_catalog.int8,
    ignored pg_catalog.int8,
    rev pg_catalog.text
);
COMMENT ON TYPE @extschema@.at_import_result IS
'What an imported repository did to a table of records, and the revision of which the table now has it.';

CREATE FUNCTION @extschema@.at_import_repo(store pg_catalog.regclass, car pg_catalog.bytea, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.at_import_result
AS 'MODULE_PATHNAME', 'at_import_repo'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_import_repo(pg_catalog.regclass, pg_catalog.bytea, pg_catalog.jsonb) IS
'Makes a table of records have a repository as its CAR file (com.atproto.sync.getRepo) has it: puts its records, deletes those that it lacks, and leaves alone what is newer than its commit. The tree is walked and every CID proved; the signature is not looked at. Records that are refused are ignored, with a WARNING. Events up to the commit are ignored from then on. Option: validate. Errors: UP006 the file, its commit or its tree is broken; 55000 the table has no tombstones or revisions beside it; 42809 it is none of records.';

CREATE FUNCTION @extschema@.at_upsert_record(store pg_catalog.regclass, repo pg_catalog.text, collection pg_catalog.text, insert @extschema@.docexpr, update @extschema@.docexpr, rkey pg_catalog.text DEFAULT NULL, bind pg_catalog.jsonb DEFAULT '{}', options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.at_result
AS 'MODULE_PATHNAME', 'at_upsert_record'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_upsert_record(pg_catalog.regclass, pg_catalog.text, pg_catalog.text, @extschema@.docexpr, @extschema@.docexpr, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Creates a record from the expression insert, or merges the expression update (which sees the stored record as OLD) into the one with this key; without a key it always creates. There is no time between reading and writing in which a change could be lost. Options: keepNull, mergeObjects, swapRecord, validate, missingBind ("absent": an attribute whose value is a bind parameter that is not given is left out), force, dryRun. Errors: as at_put_record, and those of the expressions.';

CREATE FUNCTION @extschema@.at_delete_record(store pg_catalog.regclass, uri pg_catalog.text, options pg_catalog.jsonb DEFAULT '{}')
RETURNS @extschema@.at_result
AS 'MODULE_PATHNAME', 'at_delete_record'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_delete_record(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb) IS
'Deletes a record as com.atproto.repo.deleteRecord does: action deleted, or unchanged where there was none. Options: swapRecord (a CID), force, dryRun. Errors: 55000 the repository is a mirror, UP001 other CID, UP007 URI.';

CREATE FUNCTION @extschema@.at_save_all(store pg_catalog.regclass, repo pg_catalog.text, records pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF @extschema@.at_result
AS 'MODULE_PATHNAME', 'at_save_all'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_save_all(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Saves all records of an array of {"collection", "record", "rkey"}, or none: put where there is a key, else created. One row each, in input order. Options: sameRkey (one generated key for all that have none), validate, force, dryRun. Errors: as at_put_record.';

CREATE FUNCTION @extschema@.at_apply_writes(store pg_catalog.regclass, repo pg_catalog.text, writes pg_catalog.jsonb, options pg_catalog.jsonb DEFAULT '{}')
RETURNS SETOF @extschema@.at_result
AS 'MODULE_PATHNAME', 'at_apply_writes'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.at_apply_writes(pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb) IS
'Does all writes of an array as com.atproto.repo.applyWrites takes it ({"$type": "com.atproto.repo.applyWrites#create", "collection", "rkey", "value"}, #update, #delete), or none. One row each, in input order. Options: validate, force, dryRun. Errors: UP002 a record to create exists, UP003 one to update or delete does not, UP009 more than upsert.at_max_writes or upsert.at_max_writes_size, and as at_put_record.';

CREATE FUNCTION @extschema@.at_get_record(store pg_catalog.regclass, uri pg_catalog.text)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 'at_get_record'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_get_record(pg_catalog.regclass, pg_catalog.text) IS
'{"uri", "cid", "value"} of a record, as com.atproto.repo.getRecord answers; NULL where there is none. Error: UP007 URI.';
