#!/usr/bin/env bash
# ./dev analyze [TOOL...]: gcc -fanalyzer, clang --analyze and cppcheck over src/.
# What they find is mended, or stands in test/analyze.allow with the reason.
# Takes ten minutes or so.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
src=$UPSERT_DEV_DIR/src
out=$UPSERT_DEV_DIR/analyze
tools=("$@")
[ ${#tools[@]} != 0 ] || tools=(gcc clang cppcheck)
"$here/dev" build
mkdir -p "$out"
cd "$src"
include=$(find "$UPSERT_DEV_DIR/root" -type d -name server -path '*/postgresql/*' | head -n 1)
flags=(-Isrc "-I$include" -D_GNU_SOURCE -fwrapv)
files=$(find src -name '*.c' ! -name gram.c ! -name scan.c | sort)

# what cppcheck has to know of PostgreSQL: which macros do not come back
cat >"$out/cppcheck.h" <<'EOF'
#define PG_VERSION_NUM 150020
#define ereport(level, ...) abort()
#define elog(level, ...) abort()
#define foreach(cell, list) for (cell = first(list); cell; cell = next(cell))
#define dlist_foreach(iter, list) for (iter.cur = first(list); iter.cur; iter.cur = next(iter.cur))
#define dlist_foreach_modify(iter, list) dlist_foreach(iter, list)
#define pg_noreturn
#define PG_TRY(...) if (1)
#define PG_CATCH(...) else
#define PG_FINALLY(...)
#define PG_END_TRY(...)
EOF

# each line: TOOL FILE ID, and where and what
findings() {
	local tool f
	for tool in "${tools[@]}"; do
		command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed" >&2; continue; }
		case $tool in
			gcc) for f in $files; do
				gcc -fanalyzer -O1 -c -o /dev/null "${flags[@]}" "$f" 2>&1 | sed -n "s|^\([^ ]*\): warning: \(.*\) \[-W\([^]]*\)\]\$|gcc $f \3 \1 \2|p"
			done ;;
			clang) for f in $files; do
				clang --analyze -Xclang -analyzer-output=text "${flags[@]}" "$f" 2>&1 | sed -n "s|^\([^ ]*\): warning: \(.*\) \[\([^]]*\)\]\$|clang $f \3 \1 \2|p"
			done ;;
			cppcheck)
				cppcheck -q --enable=warning,portability --suppress=missingInclude --suppress=preprocessorErrorDirective \
					--include="$out/cppcheck.h" -Isrc -D_GNU_SOURCE --template='cppcheck {file} {id} {file}:{line} {message}' $files 2>&1 | grep '^cppcheck ' || true ;;
		esac
	done
}
findings | sort -u >"$out/findings"
grep -v '^#' "$here/test/analyze.allow" | cut -d: -f1 | sort -u >"$out/allowed"
awk 'NR == FNR {allowed[$0] = 1; next} !(($1 " " $2 " " $3) in allowed)' "$out/allowed" "$out/findings" >"$out/new"
cat "$out/new"
printf '%d passed, %d failed\n' "$(echo "$files" | wc -l)" "$(wc -l <"$out/new")"
[ ! -s "$out/new" ]
