#!/usr/bin/env bash
# exact.sh BIN DATA [CASE...]: instructions, not seconds.  For `./dev bench --exact`.
#
# A single-user backend under callgrind does a case some times, and again more
# often; the difference, divided, is what one more costs: no start, no planning,
# no noise of a shared machine.  Ours beside the plain SQL that comes nearest.
# All in a transaction that is rolled back.  What a case leaves dead the next
# one meets, so those that insert have keys of their own, and figures of the same
# list of cases are to be compared: they repeat to a tenth of a percent.  Cases
# that are compared with each other have tables of their own that are alike: where
# a key falls in its index is some percent, too.
#
# Single calls are made with documents of 200 bytes that are ready, from PL/pgSQL
# (insert, update, ...) and by a client that has prepared the statement, a
# transaction each (client_insert, ...): there the backend is one of a server
# under callgrind, pgbench fetches the document first, and what that costs is
# taken off.  SQL gives what ours gives, key, revision and new document; in the
# cases named *_old the old one, too.
#
#	case			ours	plain	ours/plain		(instructions an item)
set -euo pipefail
bin=$1 data=$2
shift 2
few=${FEW:-200} many=${MANY:-700}
here=$(dirname "${BASH_SOURCE[0]}")

sql_setup() {
	cat <<-EOF
		CREATE EXTENSION upsert;
		SELECT create_collection('docs');
		CREATE TABLE plain (_key text COLLATE "C" PRIMARY KEY, _rev text, doc jsonb NOT NULL) WITH (fillfactor = 85);
		INSERT INTO plain SELECT 'k' || i, NULL, jsonb_build_object('a', i, 'name', 'somebody', 'tags', '["x", "y"]'::jsonb) FROM generate_series(1, 5000) i;
		SELECT upsert_load('docs', (SELECT jsonb_agg(jsonb_build_object('_key', _key) || doc) FROM plain));
		-- batches of documents of 200 bytes, ready: only their writing is to be measured
		CREATE TABLE batches (kind text, n int, docs jsonb, PRIMARY KEY (kind, n));
		ALTER TABLE batches ALTER docs SET STORAGE EXTERNAL;
		INSERT INTO batches SELECT kind, n, (SELECT jsonb_agg(jsonb_build_object('_key', prefix || CASE WHEN prefix IN ('s', '') THEN '' ELSE n || '-' END || lpad(((i * 7919) % 5000)::text, 6, '0'), 'n', CASE kind WHEN 'changed' THEN -i ELSE i END,
			'name', 'somebody ' || i, 'email', i || '@example.org', 'active', true, 'text', repeat(md5(i::text), 3)) ORDER BY i) FROM generate_series(1, n) i)
			FROM (VALUES ('new', 'w'), ('others', 'y'), ('changed', 's'), ('same', 's'), ('one', '')) k (kind, prefix), unnest(ARRAY[$few, $many]) n;
		-- and of 1 kB
		INSERT INTO batches SELECT 'long', n, (SELECT jsonb_agg(d || jsonb_build_object('_key', 'l' || (d->>'_key')) || (SELECT jsonb_object_agg('field' || g, md5(g || '-' || (d->>'n')) || md5(g || '+' || (d->>'n'))) FROM generate_series(1, 10) g)) FROM jsonb_array_elements(docs) d)
			FROM batches WHERE kind = 'new';
		UPDATE batches SET docs = (SELECT jsonb_agg(d || '{"_key": "one"}') FROM jsonb_array_elements(docs) d) WHERE kind = 'one';
		SELECT upsert_load('docs', docs) FROM batches WHERE kind = 'same';
		INSERT INTO plain SELECT d->>'_key', NULL, d - '_key' FROM batches, jsonb_array_elements(docs) d WHERE kind = 'same' ON CONFLICT DO NOTHING;
		INSERT INTO batches SELECT kind, n, (SELECT jsonb_agg(CASE kind WHEN 'records' THEN jsonb_build_object('collection', 'a.b.c', 'rkey', 'r' || n || '-' || i, 'record', record)
			WHEN 'like records' THEN record || jsonb_build_object('_key', 'r' || n || '-' || i) ELSE jsonb_build_object('id', start + n * 10 + i, 'sku', 'new' || i, 'qty', 2) END)
			FROM (SELECT i, jsonb_build_object('n', i, 'name', 'somebody ' || i, 'text', repeat(md5(i::text), 3)) AS record FROM generate_series(1, n) i) r)
			FROM (VALUES ('objects', 100000), ('rows', 200000), ('records', 0), ('like records', 0)) k (kind, start), unnest(ARRAY[$few, $many]) n;
		-- keys that lie far apart in a large table
		SELECT create_collection('far');
		CREATE TABLE far_plain (LIKE plain INCLUDING ALL) WITH (fillfactor = 85);
		INSERT INTO far_plain SELECT 'k' || lpad(i::text, 9, '0'), NULL, '{"a": 1}' FROM generate_series(1, 200000) i;
		INSERT INTO far (_key, _rev, doc) SELECT _key, '3kaaaaaaaaaaa', doc FROM far_plain;
		INSERT INTO batches SELECT kind, n, (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || lpad(((i * 7919) % 200000)::text, 9, '0') || CASE kind WHEN 'far new' THEN '-' || n ELSE '' END, 'a', 1)) FROM generate_series(1, n) i)
			FROM unnest(ARRAY['far new', 'far same']) kind, unnest(ARRAY[$few, $many]) n;
		-- single calls: each run has documents of its own, as the client's stay
		SELECT create_collection('singles');
		CREATE TABLE single_plain (_key text COLLATE "C" PRIMARY KEY, _rev text COLLATE "C" NOT NULL, doc jsonb NOT NULL);
		DO \$\$ BEGIN EXECUTE (SELECT format('ALTER TABLE single_plain SET (%s)', array_to_string(reloptions, ', ')) FROM pg_class WHERE oid = 'singles'::regclass); END \$\$;
		CREATE TABLE single_docs (kind text, n int, docs jsonb[], PRIMARY KEY (kind, n));
		ALTER TABLE single_docs ALTER docs SET STORAGE EXTERNAL;
		INSERT INTO single_docs SELECT kind, n, (SELECT array_agg(jsonb_build_object('_key', CASE WHEN kind LIKE 'new%' THEN kind || n || '-' ELSE 's' END || lpad(((i * 7919) % 5000)::text, 6, '0'), 'n', CASE WHEN kind LIKE 'changed%' THEN -i * n ELSE i END,
			'name', 'somebody ' || i, 'email', i || '@example.org', 'active', true, 'text', repeat(md5(i::text), 3)) ORDER BY i) FROM generate_series(1, n) i)
			FROM unnest(ARRAY['new', 'new1', 'new2', 'newc', 'newd', 'changed', 'changedc', 'changedd', 'same']) kind, unnest(ARRAY[$few, $many, 5000]) n;
		SELECT upsert_load('singles', to_jsonb(docs)) FROM single_docs WHERE kind = 'same' AND n = 5000;
		INSERT INTO single_plain SELECT * FROM singles;
		CREATE TABLE single_sent AS SELECT kind, n, i, d::text AS doc FROM single_docs, unnest(docs) WITH ORDINALITY u (d, i) WHERE n <> 5000;
		CREATE UNIQUE INDEX ON single_sent (kind, n, i);
		CREATE TABLE lines (id int PRIMARY KEY, sku text, qty int, made date);
		INSERT INTO lines SELECT i, 'sku' || i, 1, '2026-01-01' FROM generate_series(1, 5000) i;
		SELECT create_collection('left'), create_collection('right'), create_collection('like_saved');
		SELECT upsert_load('left', docs), upsert_load('right', docs) FROM batches WHERE kind = 'same';
		SELECT create_record_store('records'), create_record_store('saved');
		SELECT create_ledger('book', '{"index": false}');
		-- nodes of ten predicates, flat, with a nested node that has a name, and with one that has none; and what of them is stored, as documents
		SELECT create_ledger('bare', '{"index": false, "history": false}'), create_ledger('indexed', '{"history": false}'), create_collection('expanded');
		INSERT INTO batches SELECT kind, n, jsonb_build_object('@context', '{"@vocab": "http://e/"}'::jsonb, '@graph', (SELECT jsonb_agg(CASE kind WHEN 'nested' THEN outer_node || jsonb_build_object('has', inner_node || jsonb_build_object('@id', id || '/part')) WHEN 'parts' THEN outer_node || jsonb_build_object('has', inner_node) ELSE node END ORDER BY i)
			FROM generate_series(1, n) i, LATERAL (SELECT 'http://' || kind || '/' || n || '/' || lpad(((i * 7919) % 5000)::text, 6, '0') AS id) x, LATERAL (SELECT jsonb_object_agg('p' || k, 'value ' || i || ' ' || k) FILTER (WHERE k <= 5) || jsonb_build_object('@id', id) AS outer_node, jsonb_object_agg('p' || k, 'value ' || i || ' ' || k) FILTER (WHERE k > 5) AS inner_node,
				jsonb_object_agg('p' || k, 'value ' || i || ' ' || k) || jsonb_build_object('@id', id) AS node FROM generate_series(1, 10) k) y))
			FROM unnest(ARRAY['flat', 'past', 'found', 'nested', 'parts']) kind, unnest(ARRAY[$few, $many]) n;
		INSERT INTO batches SELECT 'like ' || kind, n, (SELECT jsonb_agg(doc || jsonb_build_object('_key', replace(doc->>'@id', '/', '.')) ORDER BY md5(doc->>'@id')) FROM jsonb_array_elements(flattened) doc)
			FROM (SELECT kind, n, jsonld_flatten(docs) AS flattened FROM batches WHERE kind IN ('flat', 'past', 'found', 'nested', 'parts')) f;
		CREATE TABLE kv (uri text COLLATE "C" PRIMARY KEY, record jsonb);
	EOF
	[ -z "$lua" ] || scripts_setup
	echo 'VACUUM ANALYZE;'
}
# the scripts of bench/scripts.sql, and the records that they change
scripts_setup() {
	cat <<-EOF
		CREATE EXTENSION upsert_lua;
		SELECT create_record_store('scripted');
		CREATE TABLE scripts (name text, script text);
		INSERT INTO scripts VALUES ('upsert', \$lua\$$(cat "$here/bench/scripts/upsert.lua")\$lua\$), ('sidecar', \$lua\$$(cat "$here/bench/scripts/sidecar.lua")\$lua\$);
		SELECT count(at_put_record('scripted', 'did:plc:' || who || i, 'xyz.statusphere.status', 'k', '{"status": "old", "createdAt": "2026-11-26T00:00:00.000Z", "updatedAt": "2026-11-26T00:00:00.000Z"}'))
			FROM generate_series(1, $many) i, unnest(ARRAY['script', 'function']) who;
	EOF
}
# name :: ours :: plain ("-": nothing comes near); %N% is the number of items
cases() {
	cat <<-'EOF'
		load :: PERFORM upsert_load('docs', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'a', -i)) FROM generate_series(1, %N%) i)); :: INSERT INTO plain SELECT e->>'_key', NULL, e - '_key' FROM jsonb_array_elements((SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'a', -i)) FROM generate_series(1, %N%) i)) e ON CONFLICT (_key) DO UPDATE SET doc = plain.doc || EXCLUDED.doc;
		many :: PERFORM upsert_many('docs', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'a', -i)) FROM generate_series(1, %N%) i)); :: -
		load_new :: PERFORM upsert_load('docs', (SELECT docs FROM batches WHERE kind = 'new' AND n = %N%)); :: INSERT INTO plain SELECT e->>'_key', NULL, e - '_key' FROM jsonb_array_elements((SELECT docs FROM batches WHERE kind = 'new' AND n = %N%)) e ON CONFLICT (_key) DO UPDATE SET doc = plain.doc || EXCLUDED.doc;
		load_new_1k :: PERFORM upsert_load('docs', (SELECT docs FROM batches WHERE kind = 'long' AND n = %N%)); :: INSERT INTO plain SELECT e->>'_key', NULL, e - '_key' FROM jsonb_array_elements((SELECT docs FROM batches WHERE kind = 'long' AND n = %N%)) e ON CONFLICT (_key) DO UPDATE SET doc = plain.doc || EXCLUDED.doc;
		load_changed :: PERFORM upsert_load('docs', (SELECT docs FROM batches WHERE kind = 'changed' AND n = %N%)); :: INSERT INTO plain SELECT e->>'_key', NULL, e - '_key' FROM jsonb_array_elements((SELECT docs FROM batches WHERE kind = 'changed' AND n = %N%)) e ON CONFLICT (_key) DO UPDATE SET doc = plain.doc || EXCLUDED.doc;
		load_same :: PERFORM upsert_load('docs', (SELECT docs FROM batches WHERE kind = 'same' AND n = %N%)); :: INSERT INTO plain SELECT e->>'_key', NULL, e - '_key' FROM jsonb_array_elements((SELECT docs FROM batches WHERE kind = 'same' AND n = %N%)) e ON CONFLICT (_key) DO UPDATE SET doc = plain.doc || EXCLUDED.doc;
		load_guarded :: PERFORM upsert_load('docs', (SELECT docs FROM batches WHERE kind = 'same' AND n = %N%)); :: INSERT INTO plain SELECT e->>'_key', NULL, e - '_key' FROM jsonb_array_elements((SELECT docs FROM batches WHERE kind = 'same' AND n = %N%)) e ON CONFLICT (_key) DO UPDATE SET doc = plain.doc || EXCLUDED.doc WHERE plain.doc IS DISTINCT FROM plain.doc || EXCLUDED.doc;
		load_far_new :: PERFORM upsert_load('far', (SELECT docs FROM batches WHERE kind = 'far new' AND n = %N%)); :: INSERT INTO far_plain SELECT e->>'_key', NULL, e - '_key' FROM jsonb_array_elements((SELECT docs FROM batches WHERE kind = 'far new' AND n = %N%)) e ON CONFLICT (_key) DO UPDATE SET doc = far_plain.doc || EXCLUDED.doc;
		load_far_guarded :: PERFORM upsert_load('far', (SELECT docs FROM batches WHERE kind = 'far same' AND n = %N%)); :: INSERT INTO far_plain SELECT e->>'_key', NULL, e - '_key' FROM jsonb_array_elements((SELECT docs FROM batches WHERE kind = 'far same' AND n = %N%)) e ON CONFLICT (_key) DO UPDATE SET doc = far_plain.doc || EXCLUDED.doc WHERE far_plain.doc IS DISTINCT FROM far_plain.doc || EXCLUDED.doc;
		load_exclusive :: PERFORM upsert_load('left', (SELECT docs FROM batches WHERE kind = 'new' AND n = %N%), '{"exclusive": true}'); :: PERFORM upsert_load('right', (SELECT docs FROM batches WHERE kind = 'new' AND n = %N%));
		load_one_key :: PERFORM upsert_load('docs', (SELECT docs FROM batches WHERE kind = 'one' AND n = %N%)); :: PERFORM upsert_load('docs', (SELECT docs FROM batches WHERE kind = 'others' AND n = %N%));
		object :: FOR i IN 1..%N% LOOP PERFORM upsert_object('lines', jsonb_build_object('id', i, 'qty', 2)); END LOOP; :: FOR i IN 1..%N% LOOP INSERT INTO lines (id, qty) SELECT id, qty FROM jsonb_populate_record(NULL::lines, jsonb_build_object('id', i, 'qty', 2)) ON CONFLICT (id) DO UPDATE SET qty = EXCLUDED.qty; END LOOP;
		objects :: PERFORM upsert_objects('lines', (SELECT jsonb_agg(jsonb_build_object('id', i, 'qty', 2)) FROM generate_series(1, %N%) i)); :: INSERT INTO lines (id, qty) SELECT id, qty FROM jsonb_populate_recordset(NULL::lines, (SELECT jsonb_agg(jsonb_build_object('id', i, 'qty', 2)) FROM generate_series(1, %N%) i)) ON CONFLICT (id) DO UPDATE SET qty = EXCLUDED.qty;
		objects_new :: PERFORM upsert_objects('lines', (SELECT docs FROM batches WHERE kind = 'objects' AND n = %N%), options => '{"return": "none"}'); :: INSERT INTO lines (id, sku, qty) SELECT id, sku, qty FROM jsonb_populate_recordset(NULL::lines, (SELECT docs FROM batches WHERE kind = 'rows' AND n = %N%)) ON CONFLICT (id) DO UPDATE SET qty = EXCLUDED.qty;
		objects_one_key :: PERFORM upsert_objects('lines', (SELECT jsonb_agg(jsonb_build_object('id', 1, 'qty', i)) FROM generate_series(1, %N%) i), options => '{"return": "none"}'); :: PERFORM upsert_objects('lines', (SELECT jsonb_agg(jsonb_build_object('id', i, 'qty', -i)) FROM generate_series(1, %N%) i), options => '{"return": "none"}');
		upsert_by :: FOR i IN 1..%N% LOOP PERFORM upsert_by('docs', '{_key: @k}', '{_key: @k, n: 1}', '{n: OLD.a + 1}', NULL, jsonb_build_object('k', 'k' || i)); END LOOP; :: FOR i IN 1..%N% LOOP INSERT INTO plain VALUES ('k' || i, NULL, '{"n": 1}') ON CONFLICT (_key) DO UPDATE SET doc = plain.doc || jsonb_build_object('n', (plain.doc->'a')::int + 1); END LOOP;
		c8ql :: PERFORM c8ql('FOR i IN 1..@n UPSERT {_key: CONCAT("k", i)} INSERT {_key: CONCAT("k", i)} UPDATE {a: -i} IN docs', jsonb_build_object('n', %N%)); :: INSERT INTO plain SELECT 'k' || i, NULL, jsonb_build_object('a', -i) FROM generate_series(1, %N%) i ON CONFLICT (_key) DO UPDATE SET doc = plain.doc || EXCLUDED.doc;
		c8ql_loop :: PERFORM c8ql('FOR i IN 1..@n UPSERT {_key: CONCAT("k", i)} INSERT {_key: CONCAT("k", i), foobar: false} UPDATE {foobar: true} IN docs', jsonb_build_object('n', %N%)); :: FOR i IN 1..%N% LOOP INSERT INTO plain VALUES ('k' || i, NULL, '{"foobar": false}') ON CONFLICT (_key) DO UPDATE SET doc = plain.doc || '{"foobar": true}'; END LOOP;
		c8ql_loop_new :: PERFORM c8ql('FOR i IN 1..@n UPSERT {_key: CONCAT("c", @n, "-", i)} INSERT {_key: CONCAT("c", @n, "-", i), foobar: false} UPDATE {foobar: true} IN docs', jsonb_build_object('n', %N%)); :: FOR i IN 1..%N% LOOP INSERT INTO plain VALUES ('c' || %N% || '-' || i, NULL, '{"foobar": false}') ON CONFLICT (_key) DO UPDATE SET doc = plain.doc || '{"foobar": true}'; END LOOP;
		c8ql_one_key :: PERFORM c8ql('FOR i IN 1..@n UPSERT {_key: "one"} INSERT {_key: "one", n: 1} UPDATE {n: OLD.n + 1} IN docs', jsonb_build_object('n', %N%)); :: PERFORM c8ql('FOR i IN 1..@n UPSERT {_key: CONCAT("o", @n, "-", i)} INSERT {_key: CONCAT("o", @n, "-", i), n: 1} UPDATE {n: OLD.n + 1} IN docs', jsonb_build_object('n', %N%));
		record :: FOR i IN 1..%N% LOOP PERFORM at_put_record('records', 'did:plc:abc', 'a.b.c', 'r' || i, jsonb_build_object('n', i)); END LOOP; :: FOR i IN 1..%N% LOOP INSERT INTO kv VALUES ('at://did:plc:abc/a.b.c/r' || i, jsonb_build_object('n', i)) ON CONFLICT (uri) DO UPDATE SET record = EXCLUDED.record; END LOOP;
		save_all :: PERFORM at_save_all('saved', 'did:plc:abc', (SELECT docs FROM batches WHERE kind = 'records' AND n = %N%)); :: PERFORM upsert_load('like_saved', (SELECT docs FROM batches WHERE kind = 'like records' AND n = %N%));
		script_new :: DECLARE s text := (SELECT script FROM scripts WHERE name = 'upsert'); BEGIN FOR i IN 1..%N% LOOP PERFORM at_script('scripted', s, '{"status": "hello"}', 'did:plc:s%N%-' || i, 'xyz.statusphere.status'); END LOOP; END; :: FOR i IN 1..%N% LOOP PERFORM at_upsert_record('scripted', 'did:plc:f%N%-' || i, 'xyz.statusphere.status', '{status: @status, createdAt: DATE_ISO8601(DATE_NOW()), updatedAt: DATE_ISO8601(DATE_NOW())}', '{status: @status, updatedAt: DATE_ISO8601(DATE_NOW())}', NULL, '{"status": "hello"}'); END LOOP;
		script_changed :: DECLARE s text := (SELECT script FROM scripts WHERE name = 'upsert'); BEGIN FOR i IN 1..%N% LOOP PERFORM at_script('scripted', s, '{"status": "hello", "rkey": "k"}', 'did:plc:script' || i, 'xyz.statusphere.status'); END LOOP; END; :: FOR i IN 1..%N% LOOP PERFORM at_upsert_record('scripted', 'did:plc:function' || i, 'xyz.statusphere.status', '{status: @status, createdAt: DATE_ISO8601(DATE_NOW()), updatedAt: DATE_ISO8601(DATE_NOW())}', '{status: @status, updatedAt: DATE_ISO8601(DATE_NOW())}', 'k', '{"status": "hello"}'); END LOOP;
		script_two :: DECLARE s text := (SELECT script FROM scripts WHERE name = 'sidecar'); BEGIN FOR i IN 1..%N% LOOP PERFORM at_script('scripted', s, '{"text": "Hello world", "lang": "en", "source": "web"}', 'did:plc:t%N%-' || i); END LOOP; END; :: FOR i IN 1..%N% LOOP PERFORM at_save_all('scripted', 'did:plc:g%N%-' || i, jsonb_build_array(jsonb_build_object('collection', 'xyz.statusphere.post', 'record', jsonb_build_object('text', 'Hello world', 'createdAt', to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), jsonb_build_object('collection', 'xyz.statusphere.postMetadata', 'record', jsonb_build_object('lang', 'en', 'source', 'web', 'createdAt', to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))), '{"sameRkey": true}'); END LOOP;
		ledger_new :: PERFORM ledger_upsert('bare', (SELECT docs FROM batches WHERE kind = 'flat' AND n = %N%)); :: PERFORM upsert_load('expanded', (SELECT docs FROM batches WHERE kind = 'like flat' AND n = %N%));
		ledger_history :: PERFORM ledger_upsert('book', (SELECT docs FROM batches WHERE kind = 'past' AND n = %N%)); :: PERFORM upsert_load('expanded', (SELECT docs FROM batches WHERE kind = 'like past' AND n = %N%));
		ledger_indexed :: PERFORM ledger_upsert('indexed', (SELECT docs FROM batches WHERE kind = 'found' AND n = %N%)); :: PERFORM upsert_load('expanded', (SELECT docs FROM batches WHERE kind = 'like found' AND n = %N%));
		ledger_nested :: PERFORM ledger_upsert('bare', (SELECT docs FROM batches WHERE kind = 'nested' AND n = %N%)); :: PERFORM upsert_load('expanded', (SELECT docs FROM batches WHERE kind = 'like nested' AND n = %N%));
		ledger_parts :: PERFORM ledger_upsert('bare', (SELECT docs FROM batches WHERE kind = 'parts' AND n = %N%)); :: PERFORM upsert_load('expanded', (SELECT docs FROM batches WHERE kind = 'like parts' AND n = %N%));
		ledger :: PERFORM ledger_upsert('book', (SELECT jsonb_agg(jsonb_build_object('@id', 'http://a/' || i, 'http://a/p', i)) FROM generate_series(1, %N%) i)); :: -
	EOF
}

# single calls: %D% is the document
single_cases() {
	local upsert="INSERT INTO single_plain AS t SELECT d->>'_key', clock_timestamp()::text, d - '_key' FROM (SELECT %D% AS d) x ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc, _rev = EXCLUDED._rev"
	local guard="WHERE t.doc IS DISTINCT FROM t.doc || EXCLUDED.doc" answer="RETURNING _key, _rev, doc"
	local old="WITH x AS (SELECT %D% AS d), o AS (SELECT t._rev, t.doc FROM x, single_plain t WHERE _key = d->>'_key' FOR UPDATE OF t), n AS (${upsert/(SELECT %D% AS d) x/x} $answer) SELECT n.*, o._rev AS old_rev, o.doc AS old"
	local ours="SELECT * %INTO% FROM upsert('singles', %D%)" left="FROM n LEFT JOIN o ON true"
	# the shape of a PL/pgSQL programmer's: the call is an expression
	value() { echo "DECLARE sent jsonb; u upsert_result; BEGIN FOREACH sent IN ARRAY (SELECT docs FROM single_docs WHERE kind = '$1' AND n = %N%) LOOP u := upsert('singles', sent); END LOOP; END;"; }
	loop() {	# KIND STATEMENT
		local s=${2//%D%/sent}
		[[ $s == *%INTO%* ]] && s=${s/\%INTO%/INTO r} || s+=" INTO r"
		echo "DECLARE sent jsonb; r record; BEGIN FOREACH sent IN ARRAY (SELECT docs FROM single_docs WHERE kind = '$1' AND n = %N%) LOOP $s; END LOOP; END;"
	}
	client() { echo "client $1 ${2/\%INTO%/}"; }
	echo "insert :: $(loop new "$ours") :: $(loop new "$upsert $answer")"
	echo "insert_old :: $(loop new1 "$ours") :: $(loop new1 "$old %INTO% $left")"
	echo "insert_value :: $(value new2) :: $(loop new2 "$upsert $answer")"
	echo "update :: $(loop changed "$ours") :: $(loop changed "$upsert $answer")"
	echo "update_old :: $(loop changed "$ours") :: $(loop changed "$old %INTO% $left")"
	echo "update_value :: $(value changed) :: $(loop changed "$upsert $answer")"
	echo "unchanged :: $(loop same "$ours") :: $(loop same "$upsert $guard $answer")"
	echo "unchanged_old :: $(loop same "$ours") :: $(loop same "$old %INTO% $left")"
	echo "client_insert :: $(client newc "$ours") :: $(client newc "$upsert $answer")"
	echo "client_insert_old :: $(client newd "$ours") :: $(client newd "$old $left")"
	echo "client_update :: $(client changedc "$ours") :: $(client changedc "$upsert $answer")"
	echo "client_update_old :: $(client changedd "$ours") :: $(client changedd "$old $left")"
	echo "client_unchanged :: $(client same "$ours") :: $(client same "$upsert $guard $answer")"
}

lua=
[ ! -e "$("$bin/pg_config" --sharedir)/extension/upsert_lua.control" ] || lua=1
if [ "${1:-}" = --setup ]; then sql_setup; exit; fi
command -v valgrind >/dev/null || { echo "exact: no valgrind; apt-get install valgrind" >&2; exit 2; }

# instructions of doing it N times
instructions() {	# STATEMENTS N LABEL: with PROFILE, a folder, callgrind's output is kept there
	local out keep=${PROFILE:+$PROFILE/$3.$2}
	out=$(printf 'BEGIN;\nDO $x$ BEGIN %s END $x$;\nROLLBACK;\n' "${1//%N%/$2}" |
		valgrind --tool=callgrind --callgrind-out-file="${keep:-/dev/null}" "$bin/postgres" --single -D "$data" -c full_page_writes=off -c log_min_messages=error exact 2>&1 >/dev/null)
	! grep -E 'ERROR|FATAL' <<<"$out" >&2 || return 1
	sed -n 's/^==[0-9]*== Collected : //p' <<<"$out"
}
# the same of a client's transactions: pgbench sends the documents, to a backend
# for few and to another for many
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
a_transaction() {	# KIND [STATEMENT]
	local server n got=()
	rm -rf "$run"/*
	: >"$run/log"
	valgrind --tool=callgrind --trace-children=yes --callgrind-out-file=/dev/null --log-file="$run/%p" "$bin/postgres" -D "$data" -k "$run" \
		-c log_connections=on -c log_line_prefix='%p ' -c full_page_writes=off -c max_logical_replication_workers=0 >"$run/log" 2>&1 </dev/null &
	server=$!
	until grep -q 'ready to accept connections' "$run/log"; do
		kill -0 $server 2>/dev/null || { cat "$run/log" >&2; return 1; }
		sleep 0.1
	done
	# the first backend of a server fills caches for all
	"$bin/psql" -qAtX -h "$run" -d exact -c 'SELECT count(*) FROM singles UNION ALL SELECT count(*) FROM single_plain' >/dev/null
	for n in "$few" "$many"; do
		{
			echo '\set i :i + 1'
			echo "SELECT doc FROM single_sent WHERE kind = '$1' AND n = $n AND i = :i \\gset"
			[ -z "${2:-}" ] || echo "${2//%D%/:doc::jsonb};"
		} >"$run/script.sql"
		"$bin/pgbench" -h "$run" -n -M prepared -t "$n" -D i=0 -f "$run/script.sql" exact >"$run/out" 2>&1 || { cat "$run/out" >&2; break; }
		# it connects once before, to look at the tables
		got+=("$(sed -n 's/^\([0-9]*\) .*authorized.*application_name=pgbench.*/\1/p' "$run/log" | tail -n 1)")
	done
	kill -INT $server
	wait $server || true
	got=($(sed -n 's/^==[0-9]*== Collected : //p' "$run/${got[0]}" "$run/${got[1]}"))
	echo $(((got[1] - got[0]) / (many - few)))
}
an_item() {	# STATEMENTS, or "client KIND STATEMENT"
	local a b
	case $1 in
		client\ *)
			a=${1#client }
			echo $(($(a_transaction "${a%% *}" "${a#* }") - fetching)) ;;
		*)
			a=$(instructions "$1" "$few" "$2") b=$(instructions "$1" "$many" "$2")
			echo $(((b - a) / (many - few))) ;;
	esac
}

fetching=
printf '%-17s %12s %12s %8s\n' case ours plain ratio
{ single_cases; cases; } | while IFS= read -r line; do
	name=${line%% :: *} rest=${line#* :: }
	ours=${rest%% :: *} plain=${rest#* :: }
	[ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
	if [[ $name == script_* && -z $lua ]]; then echo "$name: skipped, no upsert_lua here"; continue; fi
	[ -n "$fetching" ] || [[ $ours != client\ * ]] || fetching=$(a_transaction same)
	o=$(an_item "$ours" "$name.ours") p=-
	[ "$plain" = - ] || p=$(an_item "$plain" "$name.plain")
	printf '%-17s %12s %12s %8s\n' "$name" "$o" "$p" "$([ "$p" = - ] || awk "BEGIN{printf \"%.3f\", $o/$p}")"
done
