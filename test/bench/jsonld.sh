#!/usr/bin/env bash
# JSON-LD: documents per second of the extension and of npm's jsonld 9 (the
# reference processor in JavaScript), interleaved in one run, and the ratio.
# Both have their contexts parsed and cached; both start from a parsed document
# (jsonb here, objects there) and end with one.  jsonld.js gets one CPU as the
# backend does.  rdfCanonize is rdf_canonize and npm's rdf-canonize on N-Quads.
# Then: the extension's processor time over the size of the document.
#
#   rounds=5 seconds=0.5 ./dev bench jsonld
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${rounds:-3} seconds=${seconds:-0.4}
operations=(expand compact flatten toRdf frame canonize rdfCanonize)
documents=(person note credential entity catalog)
sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }

# contexts.json maps IRIs to context documents, the others are documents
sql <<-EOF
	CREATE EXTENSION IF NOT EXISTS upsert;
	CREATE TABLE document (name text PRIMARY KEY, doc jsonb, context jsonb, nquads text);
	SELECT count(jsonld_set_context(key, value)::text) FROM jsonb_each(\$\$$(cat "$here/jsonld/contexts.json")\$\$) \g /dev/null
	$(for d in "${documents[@]}"; do
		printf "INSERT INTO document SELECT '%s', d, d->'@context' FROM (VALUES (\$doc\$%s\$doc\$::jsonb)) AS v (d);\n" "$d" "$(cat "$here/jsonld/$d.json")"
	done)
	UPDATE document SET nquads = jsonld_to_rdf(doc);
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
				WHEN 'frame' THEN 'SELECT count(jsonld_frame(doc, jsonb_build_object(''@context'', context, ''@type'', ''{}''::jsonb))) FROM document, generate_series(1, \$2) WHERE name = \$1'
				WHEN 'canonize' THEN 'SELECT count(jsonld_canonize(doc, ''{"safe": false}'')) FROM document, generate_series(1, \$2) WHERE name = \$1'
				WHEN 'rdfCanonize' THEN 'SELECT count(rdf_canonize(nquads)) FROM document, generate_series(1, \$2) WHERE name = \$1'
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
	-- processor time of this backend in seconds; others may be busy
	CREATE FUNCTION cpu() RETURNS float8 LANGUAGE sql AS $$
		SELECT (f[12]::float8 + f[13]::float8) / 100
		FROM (SELECT string_to_array(regexp_replace(pg_read_file('/proc/' || pg_backend_pid() || '/stat', 0, 1000), '^.*\) ', ''), ' ') AS f) AS s
	$$;
	CREATE FUNCTION cost(call text, size int, OUT microseconds text) LANGUAGE plpgsql AS $$
	DECLARE
		statement text := format('SELECT count(%s) FROM big, generate_series(1, $2) WHERE n = $1', call);
		rounds int := greatest(2000 / size, 3);
		start float8;
		bytes bigint;
	BEGIN
		EXECUTE statement USING size, 1;
		start := cpu();
		EXECUTE statement USING size, rounds;
		SELECT to_char((cpu() - start) * 1e6 / rounds / (length(doc::text) / 1024.0), 'FM99990.0') INTO microseconds FROM big WHERE n = size;
	END $$;
	SET upsert.jsonld_max_steps = 1000000000;
	SELECT format('%8s kB  expand %6s  compact %6s  flatten %6s  toRdf %6s  frame %6s  canonize %6s', length(doc::text) / 1024,
		cost('jsonld_expand(doc)', n), cost('jsonld_compact(doc, doc->''@context'')', n), cost('jsonld_flatten(doc)', n),
		cost('jsonld_to_rdf(doc)', n), cost('jsonld_frame(doc, jsonb_build_object(''@context'', doc->''@context'', ''@type'', ''http://schema.org/Product''))', n),
		cost('jsonld_canonize(doc, ''{"safe": false}'')', n))
	FROM big ORDER BY n;
EOF
