#!/usr/bin/env bash
# What is lost in races: 8 clients walk through the same 4,000 fresh keys, and
# each merges a mark of its own into the document of each key.  32,000 calls,
# 32,000 marks, 4,000 rows, if nothing is lost.  Ours, and the ways that people
# write it in SQL.  Errors are counted, and the call is not repeated.
# bench-conf: synchronous_commit = off
# bench-conf: max_connections = 50
set -euo pipefail
keys=${BENCH_KEYS:-4000} clients=8
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
export PGOPTIONS="-c client_min_messages=warning"
sql <<'SQL'
CREATE EXTENSION upsert;
CREATE UNLOGGED TABLE failed (sqlstate text);

CREATE FUNCTION ours(k text, mark text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN PERFORM upsert('docs', jsonb_build_object('_key', k, mark, 1), '{"return": "none"}'); END $$;
CREATE FUNCTION ours_by(k text, mark text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN PERFORM upsert_by('docs', '{name: @k}', '@new', '@new', bind => jsonb_build_object('k', k, 'new', jsonb_build_object('name', k, mark, 1))); END $$;
CREATE FUNCTION on_conflict(k text, mark text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN INSERT INTO docs AS t VALUES (k, DEFAULT, jsonb_build_object(mark, 1)) ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc; END $$;
CREATE FUNCTION merge(k text, mark text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN MERGE INTO docs AS t USING (SELECT k AS key, jsonb_build_object(mark, 1) AS doc) AS s ON t._key = s.key
	WHEN MATCHED THEN UPDATE SET doc = t.doc || s.doc WHEN NOT MATCHED THEN INSERT (_key, doc) VALUES (s.key, s.doc); END $$;
CREATE FUNCTION read_then_write(k text, mark text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE old jsonb;
BEGIN
	SELECT doc INTO old FROM docs WHERE _key = k FOR UPDATE;
	INSERT INTO docs AS t VALUES (k, DEFAULT, COALESCE(old, '{}') || jsonb_build_object(mark, 1)) ON CONFLICT (_key) DO UPDATE SET doc = EXCLUDED.doc;
END $$;
CREATE FUNCTION update_or_insert(k text, mark text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE docs SET doc = doc || jsonb_build_object(mark, 1) WHERE doc->>'name' = k;
	IF NOT FOUND THEN INSERT INTO docs (_key, doc) VALUES (gen_random_uuid(), jsonb_build_object('name', k, mark, 1)); END IF;
END $$;

-- one call; what fails is noted
CREATE FUNCTION attempt(way regproc, k text, mark text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('SELECT %s($1, $2)', way) USING k, mark;
EXCEPTION WHEN OTHERS THEN INSERT INTO failed VALUES (SQLSTATE); END $$;
SQL

race() {	# race LABEL WAY
	sql -c 'DROP TABLE IF EXISTS docs' -c 'TRUNCATE failed' -c "SELECT create_collection('docs')" >/dev/null
	# a search finds its document by an index that is not unique
	case $2 in ours_by | update_or_insert) sql -c "CREATE INDEX ON docs ((doc->>'name'))" ;; esac
	printf '\\set i :i + 1\nSELECT attempt(%s, %s || :i, %s || :client_id);\n' "'$2'" "'k'" "'c'" >"$tmp/script"
	pgbench -n -c $clients -j 2 -t "$keys" -D i=0 -f "$tmp/script" >"$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
	printf '%-66s %s\n' "$1" "$(sql -F ' ' -c "SELECT to_char((SELECT count(*) FROM failed), '99999'), to_char(count(*) - $keys, '999999999'),
		to_char(sum((SELECT count(*) FROM jsonb_object_keys(doc - 'name'))), '99999999') FROM docs")"
}
printf "%d calls, as many marks, %d rows\n" $((clients * keys)) "$keys"
printf '%-66s %s\n' '' 'errors too many rows marks kept'
race 'upsert' ours
race 'upsert_by, no unique index' ours_by
race 'INSERT ON CONFLICT DO UPDATE SET doc = t.doc || EXCLUDED.doc' on_conflict
race 'MERGE' merge
race 'SELECT FOR UPDATE, then INSERT ON CONFLICT SET doc = EXCLUDED.doc' read_then_write
race 'UPDATE, then INSERT if there is none, no unique index' update_or_insert
