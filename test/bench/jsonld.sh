#!/usr/bin/env bash
# JSON-LD: documents per second of the extension and of npm's jsonld 9 (the
# reference processor in JavaScript), interleaved in one run, and the ratio.
# Both have their contexts parsed and cached; both start from a parsed document
# (jsonb here, objects there) and end with one.  jsonld.js gets one CPU as the
# backend does.  Then: the extension's time over the size of the document.
#
#   rounds=5 seconds=0.5 ./dev bench jsonld
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${rounds:-3} seconds=${seconds:-0.4}
operations=(expand compact flatten toRdf)
documents=(person note credential entity catalog)
sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }

# contexts.json maps IRIs to context documents, the others are documents
sql <<-EOF
	CREATE EXTENSION IF NOT EXISTS upsert;
	CREATE TABLE document (name text PRIMARY KEY, doc jsonb, context jsonb);
	SELECT count(jsonld_set_context(key, value)::text) FROM jsonb_each(\$\$$(cat "$here/jsonld/contexts.json")\$\$) \g /dev/null
	$(for d in "${documents[@]}"; do
		printf "INSERT INTO document SELECT '%s', d, d->'@context' FROM (VALUES (\$doc\$%s\$doc\$::jsonb)) AS v (d);\n" "$d" "$(cat "$here/jsonld/$d.json")"
	done)
	-- documents per second of one operation, over about so many seconds
	CREATE FUNCTION rate(operation text, which text, seconds float8) RETURNS float8 LANGUAGE plpgsql AS \$\$
	DECLARE
		n bigint := 0;
		batch bigint := 1;
		start timestamptz := clock_timestamp();
		elapsed float8 := 0;
	BEGIN
		WHILE elapsed < seconds LOOP
			EXECUTE CASE operation
				WHEN 'expand' THEN 'SELECT count(jsonld_expand(doc)) FROM document, generate_series(1, \$2) WHERE name = \$1'
				WHEN 'compact' THEN 'SELECT count(jsonld_compact(doc, context)) FROM document, generate_series(1, \$2) WHERE name = \$1'
				WHEN 'flatten' THEN 'SELECT count(jsonld_flatten(doc)) FROM document, generate_series(1, \$2) WHERE name = \$1'
				WHEN 'toRdf' THEN 'SELECT count(jsonld_to_rdf(doc)) FROM document, generate_series(1, \$2) WHERE name = \$1'
			END USING which, batch;
			n := n + batch;
			batch := least(batch * 2, 1000);
			elapsed := extract(epoch FROM clock_timestamp() - start);
		END LOOP;
		RETURN n / elapsed;
	END \$\$;
EOF

peer=
if command -v node >/dev/null && command -v npm >/dev/null; then
	modules=${JSONLD_NPM:-${TMPDIR:-/var/tmp}/upsert-bench-npm-$(id -u)}
	mkdir -p "$modules"
	if [ -d "$modules/node_modules/jsonld" ] ||
		npm_config_cache="$modules/cache" npm install --prefix "$modules" --no-audit --no-fund --silent jsonld@9 >"$modules/log" 2>&1; then
		peer=$modules
	fi
fi
[ -n "$peer" ] || echo "SKIPPED: the comparison with npm jsonld@9 needs node, npm and the package"
ask_peer() { NODE_PATH="$peer/node_modules" node "$here/jsonld/rate.cjs" "$@"; }

printf '%-10s %-9s %12s %12s %7s\n' document operation upsert/s jsonld.js/s ratio
for d in "${documents[@]}"; do
	for o in "${operations[@]}"; do
		ours='' theirs=''
		for ((i = 0; i < rounds; i++)); do
			ours+="$(sql -c "SELECT rate('$o', '$d', $seconds)")"$'\n'
			[ -z "$peer" ] || theirs+="$(ask_peer "$o" "$here/jsonld/$d.json" "$seconds")"$'\n'
		done
		median() { printf %s "$1" | sort -g | sed -n "$(((rounds + 1) / 2))p"; }
		a=$(median "$ours") b=$(median "$theirs")
		awk -v d="$d" -v o="$o" -v a="$a" -v b="${b:-0}" 'BEGIN {
			printf "%-10s %-9s %12.0f %12s %7s\n", d, o, a, b ? sprintf("%.0f", b) : "-", b ? sprintf("%.1f", a / b) : "-" }'
	done
done

echo
echo "microseconds per kB over the size of the document (catalog, repeated)"
sql -F '  ' <<-'EOF'
	SET upsert.jsonld_max_output = '2GB';
	CREATE TABLE big AS
	SELECT n, jsonb_build_object('@context', doc->'@context', '@graph',
		(SELECT jsonb_agg(doc - '@context' || jsonb_build_object('@id', 'http://shop.example/' || i)) FROM generate_series(1, n) AS i)) AS doc
	FROM document, (VALUES (1), (10), (100), (1000)) AS v (n) WHERE name = 'catalog';
	CREATE FUNCTION cost(statement text, size int) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		start timestamptz;
		best float8 := 'infinity';
		bytes bigint;
	BEGIN
		FOR i IN 1 .. 3 LOOP
			start := clock_timestamp();
			EXECUTE statement USING size;
			best := least(best, extract(epoch FROM clock_timestamp() - start));
		END LOOP;
		SELECT length(doc::text) INTO bytes FROM big WHERE n = size;
		RETURN to_char(best * 1e6 / (bytes / 1024.0), 'FM99990.0');
	END $$;
	SELECT format('%8s kB  expand %7s  flatten %7s  toRdf %7s', length(doc::text) / 1024,
		cost('SELECT jsonld_expand(doc) IS NULL FROM big WHERE n = $1', n),
		cost('SELECT jsonld_flatten(doc) IS NULL FROM big WHERE n = $1', n),
		cost('SELECT jsonld_to_rdf(doc) IS NULL FROM big WHERE n = $1', n))
	FROM big ORDER BY n;
EOF
