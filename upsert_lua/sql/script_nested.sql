-- Scripts within scripts, tables that change between two calls and in the
-- middle of one, and the rights of whoever it is at the moment.
\set VERBOSITY terse
SELECT create_record_store('ns');
CREATE FUNCTION run(script text, input jsonb DEFAULT '{}', options jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE sql AS $$ SELECT at_script('ns', 'function handle() ' || script || ' end', input, 'did:plc:abc', 'a.b.c', options) $$;

-- a trigger that runs a script
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.collection <> 'a.b.log' THEN
		PERFORM at_script('ns', 'function handle(i) local log = Record.load("at://did:plc:log/a.b.log/all") or Record("a.b.log", {n = 0}):set_rkey("all") log.n = log.n + 1 log.last = i.uri log:save() if i.record.fail then error("audited") end leak = 1 end',
						  jsonb_build_object('uri', NEW.uri, 'record', NEW.record), 'did:plc:log', options => '{"method": "audit"}');
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON ns FOR EACH ROW EXECUTE FUNCTION audit();
SELECT run('local r = Record(collection, {n = 1}):set_rkey("k") r:save() r.n = 2 r:save() local log = Record.load("at://did:plc:log/a.b.log/all") return {log.n, log.last, leak == nil}');
SELECT run('Record.save_all({Record(collection, {}):set_rkey("s1"), Record(collection, {}):set_rkey("s2")}) return db.get("at://did:plc:log/a.b.log/all")');
-- its errors end the outer one, too, and say where both were
DO $$
DECLARE context text;
BEGIN
	PERFORM run(E'\n  Record(collection, {fail = true}):save()');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
	RAISE NOTICE '% % (%)', sqlstate, sqlerrm, (SELECT string_agg(l, '; ') FROM unnest(string_to_array(context, E'\n')) l WHERE l LIKE 'script %');
END $$;
SELECT run('return {pcall(function() Record(collection, {fail = true}):save() end)}');
-- the audit of a dry run is as dry
SELECT run('Record(collection, {n = 1}):set_rkey("dry"):save() return db.get("at://did:plc:log/a.b.log/all").n', options => '{"dryRun": true}');
SELECT record FROM ns WHERE collection = 'a.b.log';
DROP TRIGGER audit ON ns;
-- a script that calls itself until the stack or the steps end
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON ns FOR EACH ROW EXECUTE FUNCTION audit();
CREATE OR REPLACE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM at_script('ns', 'function handle(i) Record("a.b.deep", {n = i.n + 1}):save() end', NEW.record, 'did:plc:abc');
	RETURN NEW;
END $$;
SET max_stack_depth = '400kB';
SELECT run('Record(collection, {n = 1}):save()');
RESET max_stack_depth;
DROP TRIGGER audit ON ns;

-- tables that change between two calls of one call site
CREATE FUNCTION twice(ddl text, OUT first text, OUT second text) LANGUAGE plpgsql AS $$
DECLARE i int;
BEGIN
	FOR i IN 1..2 LOOP
		BEGIN
			second := at_script('ns', 'function handle(i) local r = Record.load("at://did:plc:abc/a.b.c/ddl") or Record("a.b.c", {n = 0}):set_rkey("ddl") r.n = r.n + 1 r:save() return {r.n, db.count("a.b.c", "did:plc:abc") > 0} end', '{}', 'did:plc:abc')::text;
		EXCEPTION WHEN OTHERS THEN
			second := sqlstate || ' ' || sqlerrm;
		END;
		IF i = 1 THEN
			first := second;
			EXECUTE ddl;
		END IF;
	END LOOP;
	RAISE EXCEPTION USING errcode = 'ZZZZZ';
EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
	NULL;
END $$;
SELECT ddl, b.* FROM unnest(ARRAY['ALTER TABLE ns ADD extra int DEFAULT 1', 'ALTER TABLE ns DROP rev', 'ALTER TABLE ns ALTER record TYPE text', 'ALTER TABLE ns ALTER uri TYPE varchar(200)', 'ALTER TABLE ns RENAME TO ns2', 'DROP TABLE ns', 'TRUNCATE ns, ns_repos', 'DROP TABLE ns_repos', 'ALTER TABLE ns_repos DROP rev', 'ALTER TABLE ns_repos RENAME TO away', 'ALTER TABLE ns DROP CONSTRAINT ns_pkey', 'ALTER TABLE ns ENABLE ROW LEVEL SECURITY']) ddl, twice(ddl) b;

-- ... and in the middle of a script, by a trigger that one of its writes fires
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.record ? 'ddl' THEN EXECUTE NEW.record ->> 'ddl'; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER change AFTER INSERT ON ns FOR EACH ROW EXECUTE FUNCTION change();
CREATE FUNCTION within(ddl text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
	answer := run('Record(collection, {ddl = input.ddl}):set_rkey("ddl"):save() local r = Record(collection, {n = 1}):set_rkey("after") r:save() return {db.count(collection) > 0, Record.load(r._uri).n}', jsonb_build_object('ddl', ddl));
	RAISE EXCEPTION USING errcode = 'ZZZZZ';
EXCEPTION
	WHEN SQLSTATE 'ZZZZZ' THEN RETURN answer;
	WHEN OTHERS THEN RETURN sqlstate;
END $$;
SELECT ddl, within(ddl) FROM unnest(ARRAY['SELECT 1', 'ALTER TABLE ns ADD extra int DEFAULT 1', 'DROP TABLE ns', 'ALTER TABLE ns ALTER record TYPE text', 'DROP TABLE ns_repos', 'ALTER TABLE ns_repos DROP rev']) ddl;
DROP TRIGGER change ON ns;

-- rights: a script does what its caller may do
CREATE ROLE regress_script_writer;
GRANT CREATE ON SCHEMA public TO regress_script_writer;
SET ROLE regress_script_writer;
SELECT run('return 1', options => '{"kind": "query"}');
SELECT run('return 1');
RESET ROLE;
GRANT SELECT, INSERT ON ns TO regress_script_writer;
GRANT SELECT, INSERT, UPDATE ON ns_repos TO regress_script_writer;
SET ROLE regress_script_writer;
SELECT run('Record(collection, {n = 1}):set_rkey("w"):save() return db.get("at://did:plc:abc/a.b.c/w").n');
SELECT run('local r = Record.load("at://did:plc:abc/a.b.c/w") r.n = 2 r:save()');
SELECT run('Record.load("at://did:plc:abc/a.b.c/w"):delete()');
-- also in a function that has others'
RESET ROLE;
CREATE FUNCTION as_owner(script text) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS $$ SELECT at_script('ns', script, '{}', 'did:plc:abc', 'a.b.c') $$;
SET ROLE regress_script_writer;
SELECT as_owner('function handle() local r = Record.load("at://did:plc:abc/a.b.c/w") r.n = 2 r:save() return r.n end');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION at_script FROM PUBLIC;
SET ROLE regress_script_writer;
SELECT at_script('ns', 'function handle() return 1 end');
RESET ROLE;
GRANT EXECUTE ON FUNCTION at_script TO PUBLIC;
DROP OWNED BY regress_script_writer;
DROP ROLE regress_script_writer;

-- scripts of one statement see what those before them wrote
SELECT i, at_script('ns', 'function handle() local r = Record.load("at://did:plc:abc/a.b.c/count") or Record(collection, {n = 0}):set_rkey("count") r.n = r.n + 1 r:save() return r.n end', '{}', 'did:plc:abc', 'a.b.c') FROM generate_series(1, 3) i;
-- savepoints
BEGIN;
SAVEPOINT s;
SELECT run('local r = Record.load("at://did:plc:abc/a.b.c/count") r.n = 100 r:save() return r.n');
ROLLBACK TO s;
SELECT run('local r = Record.load("at://did:plc:abc/a.b.c/count") r.n = r.n + 1 r:save() return r.n');
COMMIT;
SELECT count(*) AS late FROM ns JOIN ns_repos r USING (repo) WHERE ns.rev > r.rev;
DROP FUNCTION run, audit, twice, change, within, as_owner;
DROP TABLE ns;
