#!/usr/bin/env bash
# ./dev coverage: which lines of src/ the regress and isolation tests reach.
# A build of its own; the summary is per file, the .gcov files stay in the
# work folder.  Failures are none of its business.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
export UPSERT_DEV_DIR=$UPSERT_DEV_DIR-cov COPT='--coverage -O0'
"$here/dev" clean
"$here/dev" regress || true
PGOPTIONS='-c upsert.direct=off' "$here/dev" regress || true
"$here/dev" isolation || true
"$here/dev" stop
cd "$UPSERT_DEV_DIR/src"
for c in $(find src -name '*.gcda' | sort); do
	gcov -p -o "$(dirname "$c")" "$c" 2>/dev/null |
		awk -v want="${c%.gcda}.c" '/^File/ {f = substr($2, 2, length($2) - 2)} /^Lines/ && f == want {split($2, a, ":"); printf "%7s of %5d lines  %s\n", a[2], $4, f}'
done
printf 'line by line: %s/src/*.gcov\n' "$UPSERT_DEV_DIR"
