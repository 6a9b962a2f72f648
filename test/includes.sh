#!/usr/bin/env bash
# includes.sh: no floor of src/ includes one above it, and no door another, but
# C8QL and the ledgers, which stand on documents; and some words are for one
# file alone.  One line a folder or word, ok or not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../src"
floors=("base" "jsonb" "catalog" "store" "call" "expr jsonld stats" "document" "c8ql object ledger atproto" "roof")
declare -A floor
for i in "${!floors[@]}"; do for f in ${floors[i]}; do floor[$f]=$i; done; done
bad=0
for f in */; do
	f=${f%/} wrong=
	[ -n "${floor[$f]:-}" ] || { echo "not ok $f: a folder that has no floor"; bad=1; continue; }
	while IFS=: read -r file line; do
		to=${line#*\"} to=${to%%/*}
		[ "$to" = "$f" ] || [ -z "${floor[$to]:-}" ] || [ ! -d "$to" ] || ! [ -e "$(sed 's/[^"]*"\([^"]*\)".*/\1/' <<<"$line")" ] ||
			{ [ "${floor[$to]}" -lt "${floor[$f]}" ] && { [ "$to" != document ] || [ "$f" = c8ql ] || [ "$f" = ledger ]; }; } ||
			wrong+=" $file includes $to;"
	done < <(grep -r '^#include "[a-z0-9]*/' --include='*.[chyl]' "$f")
	if [ -z "$wrong" ]; then echo "ok $f"; else echo "not ok $f:$wrong"; bad=1; fi
done
if wrong=$(grep -rl PG_VERSION_NUM --include='*.[chyl]' . | grep -v 'compat[a-z_]*\.h$'); then
	echo "not ok versions: ${wrong//$'\n'/ }"; bad=1
else echo "ok versions"; fi
# a word that one file alone may say, and why
only() {
	local wrong
	if wrong=$(grep -rl "$1" --include='*.[chyl]' . | grep -v "^\./$2\$"); then
		echo "not ok $1: ${wrong//$'\n'/ }; $3"; bad=1
	else echo "ok $1"; fi
}
only SPI_getbinval base/spivalue.c "spi_value() asks for the type"
only CacheRegisterRelcacheCallback catalog/memo.c "memo_hand_on() takes no place of a backend's ten"
# the companion calls one struct of functions; of other headers it has types and words
allowed='atproto/companion.h|call/options.h|base/tid.h|upsert.h|compat.h'
if wrong=$(grep -hoE '^#include "[a-z_/]+\.h"' ../upsert_lua/*.[ch] | sed 's/.*"\(.*\)"/\1/' | sort -u |
	while read -r f; do [ ! -e "$f" ] || [[ $f =~ ^($allowed)$ ]] || [ -e "../upsert_lua/$f" ] || echo "$f"; done) && [ -z "$wrong" ]; then
	echo "ok upsert_lua"
else echo "not ok upsert_lua: includes ${wrong//$'\n'/ }"; bad=1; fi
if wrong=$(grep -l PG_VERSION_NUM ../upsert_lua/*.[ch]); then echo "not ok versions: ${wrong//$'\n'/ }"; bad=1; fi
exit $bad
