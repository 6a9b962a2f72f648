#!/usr/bin/env bash
# The figures of docs/scaling.md: bytes in the heap and in the key index, bytes
# of WAL, transaction ids, and what follows from them for more documents than
# fit on this machine.  Bytes and ids are exact and repeat; no times are taken.
#
#	SCALE_ROWS=200000	documents of about 500 bytes as JSON
#	SCALE_TO=1e10		documents to reckon with
#	SCALE_RATE=1e5		upserts a second, of which
#	SCALE_SAME=0.9		change nothing
# bench-conf: wal_level = replica
# bench-conf: checkpoint_timeout = 1h
# bench-conf: max_wal_size = 20GB
set -euo pipefail
rows=${SCALE_ROWS:-200000} to=${SCALE_TO:-1e10} rate=${SCALE_RATE:-1e5} same=${SCALE_SAME:-0.9}
declare -A f

sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
# bytes of WAL, and transaction ids, that a statement takes
cost() {	# cost NAME N STATEMENT: sets f[NAME.wal] and f[NAME.xids], for each of N
	local before after
	before=$(sql -c 'SELECT pg_current_wal_insert_lsn(), pg_snapshot_xmax(pg_current_snapshot())')
	sql -c "$3" >/dev/null
	after=$(sql -c "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '${before%|*}'), pg_snapshot_xmax(pg_current_snapshot())::text::int8 - ${before#*|}")
	f[$1.wal]=$(awk "BEGIN {printf \"%.1f\", ${after%|*} / $2}")
	f[$1.xids]=$(awk "BEGIN {printf \"%g\", ${after#*|} / $2}")
}
line() { printf '%-58s %14s\n' "$1" "$2"; }
reckon() { awk "BEGIN {printf \"$1\", $2}"; }

# documents of about 500 bytes; of version 2 one attribute differs
sql <<SQL >/dev/null
CREATE EXTENSION upsert;
CREATE EXTENSION pageinspect;
SELECT create_collection('people');
CREATE FUNCTION document(i bigint, version int) RETURNS jsonb IMMUTABLE LANGUAGE sql AS \$\$
	SELECT jsonb_build_object('_key', 'person-' || lpad(i::text, 12, '0'), 'version', version, 'name', 'Somebody ' || i, 'email', i || '@example.org',
		'active', i % 2 = 0, 'tags', '["one", "two"]'::jsonb, 'address', jsonb_build_object('street', 'Street ' || i % 1000, 'city', 'City ' || i % 100),
		'text', (SELECT string_agg(md5((i * 8 + g)::text), ' ') FROM generate_series(1, 8) g))
\$\$;
SQL
f[json]=$(sql -c "SELECT round(avg(length(document(i, 1)::text))) FROM generate_series(1, 1000) i")
one() { echo "DO \$\$ BEGIN FOR i IN 1..$1 LOOP PERFORM upsert('people', document(i * $2 + 1, $3)); COMMIT; END LOOP; END \$\$"; }
batches() {	# batches VERSION: all of them, 1,000 a transaction
	echo "DO \$\$ BEGIN FOR b IN 0..$((rows / 1000 - 1)) LOOP PERFORM upsert_load('people', (SELECT jsonb_agg(document(b * 1000 + i, $1)) FROM generate_series(1, 1000) i)); COMMIT; END LOOP; END \$\$"
}

cost new "$rows" "$(batches 1)"
sql -c 'VACUUM (ANALYZE) people'
f[heap]=$(sql -c "SELECT round(pg_relation_size('people')::numeric / $rows, 1)")
f[index]=$(sql -c "SELECT round(pg_relation_size('people_pkey')::numeric / $rows, 1)")
f[toast]=$(sql -c "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'people'::regclass")
read -r f[level] f[leaves] f[inner] < <(sql -F' ' -c "SELECT level, (SELECT count(*) FILTER (WHERE type = 'l') || ' ' || count(*) FILTER (WHERE type <> 'l')
	FROM generate_series(1, pg_relation_size('people_pkey') / 8192 - 1) n, bt_page_stats('people_pkey', n)) FROM bt_metap('people_pkey')")
cost same "$rows" "$(batches 1)"
# again: what readers prune is pruned
cost same "$rows" "$(batches 1)"
cost one_same 1000 "$(one 1000 7 1)"
cost changed "$rows" "$(batches 2)"
sql -c 'SELECT pg_stat_force_next_flush()' >/dev/null 2>&1 || true
f[hot]=$(sql -c "SELECT round(100.0 * n_tup_hot_upd / n_tup_upd, 1) FROM pg_stat_user_tables WHERE relname = 'people'")
f[grown]=$(sql -c "SELECT round(pg_relation_size('people')::numeric / $rows, 1)")
f[index_grown]=$(sql -c "SELECT round(pg_relation_size('people_pkey')::numeric / $rows, 1)")
sql -c 'VACUUM people'
cost one_changed 1000 "$(one 1000 7 3)"
sql -c 'VACUUM people' -c "ALTER SYSTEM SET full_page_writes = on" -c 'SELECT pg_reload_conf()' -c 'CHECKPOINT' >/dev/null
cost far 2000 "DO \$\$ BEGIN FOR i IN 1..2000 LOOP PERFORM upsert('people', document((i * 7919::bigint) % $rows, 4)); COMMIT; END LOOP; END \$\$"
sql -c "ALTER SYSTEM SET wal_compression = on" -c 'SELECT pg_reload_conf()' -c 'CHECKPOINT' >/dev/null
cost packed 2000 "DO \$\$ BEGIN FOR i IN 1..2000 LOOP PERFORM upsert('people', document((i * 7919::bigint) % $rows, 5)); COMMIT; END LOOP; END \$\$"

line "measured: $rows documents of ${f[json]} bytes as JSON" 'a document'
line '  heap, bytes (TOAST: none)' "${f[heap]}"
[ "${f[toast]}" = 0 ] || line '  TOAST, bytes of all' "${f[toast]}"
line '  key index, bytes' "${f[index]}"
line "  levels of the key index above its leaves" "${f[level]}"
line '  heap after each was changed once, without a vacuum' "${f[grown]}"
line '  key index after that' "${f[index_grown]}"
line '  changes that the index did not see (HOT), %' "${f[hot]}"
line 'WAL, bytes; without full pages' 'a document'
line '  new, in batches' "${f[new.wal]}"
line '  changed, in batches' "${f[changed.wal]}"
line '  changed, one a transaction' "${f[one_changed.wal]}"
line '  unchanged, in batches' "${f[same.wal]}"
line '  unchanged, one a transaction' "${f[one_same.wal]}"
line 'WAL, bytes; each page for the first time since a checkpoint' ''
line '  changed, one a transaction' "${f[far.wal]}"
line '  changed, one a transaction, wal_compression' "${f[packed.wal]}"
line 'transaction ids' 'a document'
line '  new, in batches of 1,000' "${f[new.xids]}"
line '  changed, one a transaction' "${f[one_changed.xids]}"
line '  unchanged' "${f[one_same.xids]}"

changes=$(reckon %.0f "$rate * (1 - $same)")
line "reckoned: $to documents" ''
line '  heap, TB' "$(reckon %.1f "${f[heap]} * $to / 1e12")"
line '  key index, TB' "$(reckon %.2f "${f[index]} * $to / 1e12")"
# children of an inner page that is not the root
line '  levels of the key index above its leaves' "$(awk "BEGIN {fan = ${f[leaves]} / (${f[inner]} - (${f[level]} > 1)); pages = $to * ${f[leaves]} / $rows; for (n = 0; pages > 1; n++) pages /= fan; print n}")"
line "reckoned: $rate upserts a second, of which $(reckon %.0f "100 * $same") % change nothing" ''
line '  changes a second' "$changes"
line '  WAL a day, TB, without full pages' "$(reckon %.2f "$changes * ${f[one_changed.wal]} * 86400 / 1e12")"
line '  WAL a day, TB, every page for the first time' "$(reckon %.1f "$changes * ${f[far.wal]} * 86400 / 1e12")"
line '  the same with wal_compression' "$(reckon %.1f "$changes * ${f[packed.wal]} * 86400 / 1e12")"
line '  hours to autovacuum_freeze_max_age (2e8), one a transaction' "$(reckon %.1f "2e8 / $changes / 3600")"
line '  days to the same, 1,000 changes a transaction' "$(reckon %.0f "2e8 * 1000 / $changes / 86400")"
line '  WAL a day, TB, if each were written' "$(reckon %.2f "$rate * ${f[one_changed.wal]} * 86400 / 1e12")"
