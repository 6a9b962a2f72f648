-- Scripts under a search_path that finds another's operators, functions and
-- types before PostgreSQL's own; the extension is installed under it, too.
\set VERBOSITY terse
SET client_min_messages = warning;
SET check_function_bodies = off;
DROP EXTENSION upsert_lua;
CREATE SCHEMA evil;
-- whatever pg_catalog has, evil has too, and it is an error to call it
DO $$
DECLARE r record;
BEGIN
	FOR r IN SELECT oid, oprname, concat_ws(', ', nullif(oprleft, 0)::regtype, oprright::regtype) AS args, oprresult::regtype AS result,
		concat_ws(', ', 'LEFTARG = ' || nullif(oprleft, 0)::regtype, 'RIGHTARG = ' || oprright::regtype) AS sides
		FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprcode <> 0 LOOP
		EXECUTE format('CREATE FUNCTION evil.operator%s(%s) RETURNS %s LANGUAGE internal AS ''trigger_in''', r.oid, r.args, r.result);
		EXECUTE format('CREATE OPERATOR evil.%s (%s, FUNCTION = evil.operator%s)', r.oprname, r.sides, r.oid);
	END LOOP;
	FOR r IN SELECT proname, pg_get_function_identity_arguments(oid) AS args, pg_get_function_result(oid) AS result
		FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind <> 'p' LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE internal AS ''trigger_in''', r.proname, r.args, r.result);
		EXCEPTION WHEN OTHERS THEN NULL;	-- what nobody can make, nobody can fake
		END;
	END LOOP;
	FOR r IN SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND typelem = 0 LOOP
		EXECUTE format('CREATE TYPE evil.%I AS ENUM ()', r.typname);
	END LOOP;
	CREATE TABLE evil.at_scripts (method name, script name, collection name, kind name);
END $$;
SET search_path = evil, public, pg_catalog;
-- the trap works
SELECT 1 = 1;
CREATE EXTENSION upsert_lua;
SELECT public.create_record_store('public.hs', '{"refs": true}');
SELECT public.at_put_script('m', 'function handle(i) return i end', 'a.b.c');
SELECT public.at_put_script('m', 'function handle(i) local r = Record.load("at://did:plc:abc/a.b.c/k") or Record(collection, {n = 0, name = "x", of = "did:plc:abc"}):set_rkey("k") r.n = r.n + 1 r:save() return r.n end', 'a.b.c');
SELECT public.at_call('public.hs'::pg_catalog.regclass, 'm', '{}', 'did:plc:abc');
SELECT public.at_call('public.hs'::pg_catalog.regclass, 'm', '{}', 'did:plc:abc');
SELECT public.at_script('public.hs'::pg_catalog.regclass, $$
function handle()
  local function all(q) return #db.query(q).records end
  local page = db.query{collection = collection, limit = 1}
  Record(collection, {n = 5}):set_rkey("k2"):save()
  page = db.query{collection = collection, limit = 1}
  local keyed = db.query{collection = collection, did = caller_did, limit = 1}
  return {all{collection = collection}, all{collection = collection, did = caller_did}, all{collection = collection, limit = 1, cursor = page.cursor}, all{collection = collection, did = caller_did, cursor = keyed.cursor},
    all{collection = collection, sort = "n", cursor = "1"}, all{collection = collection, sort = "indexed_at"}, all{collection = collection, filter = {combine = "OR", {field = "n", op = ">", value = 1}, {field = "name", op = "LIKE", value = "x%"}, {field = "n", value = 9}, {field = "name", op = "NOT LIKE", value = "y"}}},
    #db.search{collection = collection, field = "name", query = "X"}.records, #db.backlinks{collection = collection, uri = "did:plc:abc"}.records, db.count(collection), db.count(collection, caller_did), db.get("at://did:plc:abc/a.b.c/k").n, #Record.load_all{"at://did:plc:abc/a.b.c/k"}}
end $$, '{}', 'did:plc:abc', 'a.b.c', '{"dryRun": true, "params": {}, "env": {}}');
SELECT public.at_script('public.hs'::pg_catalog.regclass, 'function handle() Record.load("at://did:plc:abc/a.b.c/k"):delete() end', '{}', 'did:plc:abc');
CREATE TABLE public.plain AS SELECT uri, cid, record FROM public.hs;
SELECT public.at_script('public.plain'::pg_catalog.regclass, 'function handle() return {db.count("a.b.c"), #db.query{collection = "a.b.c", limit = 1}.records, #db.backlinks{collection = "a.b.c", uri = "x"}.records} end');
SELECT public.at_drop_script('m');
RESET search_path;
SELECT count(*) AS functions FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass JOIN pg_extension e ON e.oid = d.refobjid
WHERE e.extname = 'upsert_lua' AND d.deptype = 'e' AND p.pronamespace = 'public'::regnamespace;
DROP TABLE hs, plain;
DROP SCHEMA evil CASCADE;
-- pg_extension says of the companion the schema that was current, and so it goes with that
SELECT count(*) FROM pg_extension WHERE extname = 'upsert_lua';
CREATE EXTENSION upsert_lua;
