-- ledger_upsert against upsert_load of the same nodes in expanded form into a
-- collection: 10,000 nodes of 10 predicates, without and with history, and
-- both with the ledger's GIN index; then the same payload once more.
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
SELECT create_collection('theirs'), create_ledger('bare', '{"history": false, "index": false}'),
	create_ledger('indexed', '{"history": false}'), create_ledger('past', '{"index": false}'), create_ledger('full') \g /dev/null

CREATE PROCEDURE one(ledger text, rounds int) LANGUAGE plpgsql AS $$
DECLARE
	ours text := format('SELECT ledger_upsert(%L, txn) FROM input WHERE version = %%s', ledger);
	theirs text := 'SELECT upsert_load(''theirs'', docs, ''{"mergeObjects": false}'') FROM input WHERE version = %s';
	empty text := format('TRUNCATE theirs, %I', ledger || ':main');
	fill text := format('DO $d$ BEGIN %s; PERFORM ledger_upsert(%L, txn), upsert_load(''theirs'', docs) FROM input WHERE version = 0; END $d$', empty, ledger);
BEGIN
	CALL bench.compare(ledger || ' new', format(ours, 0), format(theirs, 0), 10000, empty, rounds);
	CALL bench.compare(ledger || ' changed', format(ours, 1), format(theirs, 1), 10000, fill, rounds);
	CALL bench.compare(ledger || ' unchanged', format(ours, 0), format(theirs, 0), 10000, fill, rounds);
END $$;

CALL one('bare', 3);
CALL one('indexed', 3);
CALL one('past', 3);
CALL one('full', 3);
