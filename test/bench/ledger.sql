-- ledger_upsert against upsert_load of the same nodes in expanded form into a
-- collection with the same indexes: 10,000 nodes of 10 predicates, without and
-- with history, new, changed, unchanged; "unchanged, theirs new" is what it
-- costs to find that nothing changed against writing it all.  Then against a
-- batch in PL/pgSQL as NGSI-LD brokers have it, which is handed the expanded
-- nodes: a subtransaction per entity, and SELECT ... FOR UPDATE, || and UPDATE
-- where that failed; once with the answer gathered in jsonb, as they do, and
-- once in an array, so that the answer's growth does not count.
-- bench-conf: fsync = off
\ir lib.sql

CREATE TABLE input (version int, txn jsonb, docs jsonb);
ALTER TABLE input ALTER txn SET STORAGE EXTERNAL, ALTER docs SET STORAGE EXTERNAL;
INSERT INTO input
SELECT version,
	(SELECT jsonb_build_object('@context', '{"@vocab": "http://e/"}'::jsonb, '@graph', jsonb_agg(
		(SELECT jsonb_object_agg('p' || k, 'value ' || i || ' ' || k * version) FROM generate_series(1, 10) k) || jsonb_build_object('@id', 'http://n/' || i)))
	 FROM generate_series(1, 10000) i),
	(SELECT jsonb_agg(
		(SELECT jsonb_object_agg('http://e/p' || k, jsonb_build_array(jsonb_build_object('@value', 'value ' || i || ' ' || k * version))) FROM generate_series(1, 10) k)
		|| jsonb_build_object('@id', 'http://n/' || i, '_key', 'http:' || i))
	 FROM generate_series(1, 10000) i)
FROM generate_series(0, 1) version;
SELECT create_collection('theirs'), create_collection('theirs_indexed'),
	create_ledger('bare', '{"history": false, "index": false}'), create_ledger('past', '{"index": false}'),
	create_ledger('bare_indexed', '{"history": false}'), create_ledger('past_indexed') \g /dev/null
CREATE INDEX ON theirs_indexed USING gin (doc jsonb_path_ops);

CREATE TABLE entity (id text COLLATE "C" PRIMARY KEY, doc jsonb NOT NULL) WITH (fillfactor = 85);

CREATE FUNCTION broker(entities jsonb, gather_jsonb boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb := '{"created": [], "updated": [], "errors": []}';
	created text[] := '{}';
	updated text[] := '{}';
	e jsonb;
	stored jsonb;
	name text;
	is_new boolean;
BEGIN
	FOR e IN SELECT * FROM jsonb_array_elements(entities) LOOP
		name := e->>'@id';
		is_new := true;
		BEGIN
			INSERT INTO entity VALUES (name, e);
		EXCEPTION
			WHEN unique_violation THEN
				SELECT doc INTO stored FROM entity WHERE id = name FOR UPDATE;
				UPDATE entity SET doc = stored || e WHERE id = name;
				is_new := false;
		END;
		IF gather_jsonb THEN
			answer := jsonb_insert(answer, ARRAY[CASE WHEN is_new THEN 'created' ELSE 'updated' END, '-1'], to_jsonb(name), true);
		ELSIF is_new THEN
			created := created || name;
		ELSE
			updated := updated || name;
		END IF;
	END LOOP;
	RETURN CASE WHEN gather_jsonb THEN answer
		ELSE jsonb_build_object('created', created, 'updated', updated, 'errors', '[]'::jsonb) END;
END $$;

-- the log of a ledger, if it keeps one, as TRUNCATE wants it
CREATE FUNCTION log_of(ledger text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(', ' || to_regclass(quote_ident(ledger || ':main_log'))::text, '')
$$;

CREATE PROCEDURE one(ledger text, theirs_table text, rounds int) LANGUAGE plpgsql AS $$
DECLARE
	ours text := format('SELECT ledger_upsert(%L, txn) FROM input WHERE version = %%s', ledger);
	theirs text := format('SELECT upsert_load(%L, docs, ''{"mergeObjects": false}'') FROM input WHERE version = %%s', theirs_table);
	empty text := format('TRUNCATE %I, %I%s', theirs_table, ledger || ':main', log_of(ledger));
	fill text := format('DO $d$ BEGIN %s; PERFORM ledger_upsert(%L, txn), upsert_load(%L, docs) FROM input WHERE version = 0; END $d$', empty, ledger, theirs_table);
BEGIN
	CALL bench.compare(ledger || ' new', format(ours, 0), format(theirs, 0), 10000, empty, rounds);
	CALL bench.compare(ledger || ' changed', format(ours, 1), format(theirs, 1), 10000, fill, rounds);
	CALL bench.compare(ledger || ' unchanged', format(ours, 0), format(theirs, 0), 10000, fill, rounds);
	CALL bench.compare(ledger || ' unchanged, theirs new', format(ours, 0), format(theirs, 0), 10000, fill || format('; TRUNCATE %I', theirs_table), rounds);
END $$;

CREATE PROCEDURE brokers(ledger text, gather_jsonb boolean, rounds int) LANGUAGE plpgsql AS $$
DECLARE
	ours text := format('SELECT ledger_upsert(%L, txn) FROM input WHERE version = %%s', ledger);
	theirs text := format('SELECT broker(docs, %L) FROM input WHERE version = %%s', gather_jsonb);
	label text := format('%s, broker (%s)', ledger, CASE WHEN gather_jsonb THEN 'jsonb' ELSE 'array' END);
	empty text := format('TRUNCATE entity, %I%s', ledger || ':main', log_of(ledger));
	fill text := format('DO $d$ BEGIN %s; PERFORM ledger_upsert(%L, txn), broker(docs, false) FROM input WHERE version = 0; END $d$', empty, ledger);
BEGIN
	CALL bench.compare(label || ' new', format(ours, 0), format(theirs, 0), 10000, empty, rounds);
	CALL bench.compare(label || ' changed', format(ours, 1), format(theirs, 1), 10000, fill, rounds);
	CALL bench.compare(label || ' unchanged', format(ours, 0), format(theirs, 0), 10000, fill, rounds);
END $$;

CALL one('bare', 'theirs', 5);
CALL one('past', 'theirs', 5);
CALL one('bare_indexed', 'theirs_indexed', 3);
CALL one('past_indexed', 'theirs_indexed', 3);
CALL brokers('bare', false, 3);
CALL brokers('past', false, 3);
-- a round takes half a minute
CALL brokers('bare', true, 1);
CALL brokers('past', true, 1);
