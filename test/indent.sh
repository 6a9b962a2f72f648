#!/usr/bin/env bash
# indent.sh: the handwriting of PostgreSQL, by its own tool.
#
#	indent.sh [FILE...]			writes (all sources, if none is named)
#	indent.sh --check [FILE...]	says what would change; one line a file, ok or not
#	indent.sh --typedefs		makes src/typedefs.list anew: names that are types
#								here, ours and those of the server's headers
#
# pg_bsd_indent (Debian: pg-bsd-indent) with pgindent's flags.  What it leaves
# undone or undoes is put right after it: "char *" above a function's name, and
# ", ." between designated initializers.  Data in tables stays as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
list=src/typedefs.list
flags=(-bad -bap -bbb -bc -bl -cli1 -cp33 -cdb -nce -d0 -di12 -nfc1 -i4 -l79 -lp -lpl -nip -npro -sac -tpg -ts4)

sources() { git ls-files 'src/*.c' 'src/*.h' 'upsert_lua/*.c' 'upsert_lua/*.h' 'test/modules/*.c' | grep -v '_table\.h$'; }

# typedef names of C text on stdin
typedef_names() {
	perl -0777 -ne '
		s{("(?:[^"\\]|\\.)*"|\x27(?:[^\x27\\]|\\.)+\x27)|/\*.*?\*/}{$1 // ""}gse;
		print "$1\n" while /^\}\s*(\w+)\s*;/gm;
		print "$1\n" while /\btypedef\s+[^;{}()]*?\b(\w+)\s*(?:\[[^\]]*\])?\s*;/g;
		print "$1\n" while /\btypedef\s+[^;{}]*?\(\s*\*?\s*(\w+)\s*\)\s*\(/g;'
}

make_typedefs() {
	local include work
	include=$("${PG_CONFIG:-pg_config}" --includedir-server)
	work=$(mktemp -d)
	git ls-files "src/*.[ch]" "upsert_lua/*.[ch]" "test/modules/*.c" | xargs cat >"$work/all"
	typedef_names <"$work/all" >"$work/ours"
	find "$include" -name '*.h' -print0 | xargs -0 cat | typedef_names >"$work/theirs"
	[ ! -f "$list" ] || cat "$list" >>"$work/theirs"	# those of other majors stay
	printf '%s\n' bool luaL_Buffer lua_CFunction lua_Debug lua_Integer lua_Number lua_State lua_Unsigned size_t regex_t regmatch_t sigjmp_buf sig_atomic_t time_t uintptr_t va_list >>"$work/theirs"
	# a type is what stands before a name or in a cast; "text" is many variables, too
	perl -0777 -ne '
		s{("(?:[^"\\]|\\.)*"|\x27(?:[^\x27\\]|\\.)+\x27)|/\*.*?\*/}{$1 ? "\"\"" : ""}gse;
		print "$1\n" while /\b(\w+)(?=\s+\**\s*\w+\s*[;,=)\[({])/g;
		print "$1\n" while /\((\w+)\s*\**\)/g;' "$work/all" | LC_ALL=C sort -u >"$work/used"
	LC_ALL=C sort -u "$work/ours" "$work/theirs" | LC_ALL=C comm -12 - "$work/used" | grep -vxE 'text|[A-Z_0-9]+|digit|string|type|other|pointer' |
		LC_ALL=C sort -u - <(grep -xE 'HTAB|HASHCTL|HASH_SEQ_STATUS|LOCKMODE|LOCKTAG' "$work/used") >"$list"
	rm -rf "$work"
}

# one file from stdin to stdout.  Compound literals are no C for the tool: they
# go through it as calls of the same width.
indent() {
	perl -0777 -pe '
		s{(?<!if )(?<!while )(?<!switch )(?<!\w)\(([A-Z]\w+)(\[\])?\)\s*(\{((?:[^{}]|(?3))*)\})}{
			my ($type, $body) = ($1 . ($2 ? "A_" : ""), $4);
			$body =~ s/^\s+|\s+$//g;
			"${type}_CL($body)"
		}ge' |
		pg_bsd_indent "${flags[@]}" "${typedefs[@]}" | perl -0777 -pe '
		s/\b(\w+)A__CL\(((?:[^()]|(\((?:[^()]|(?3))*\)))*)\)/($1\x5b\x5d) {$2}/g;
		s/\b(\w+)_CL\(((?:[^()]|(\((?:[^()]|(?3))*\)))*)\)/($1) {$2}/g;
		s/^([A-Za-z_][\w ]*?)[ \t]+\*\n(?=\w+\()/$1 *\n/gm;
		s/,(?=\.[a-z_][\w.]*(?:\[[^\]]*\])? = )/, /g;
		s/\btext \* (?=\w+[,)(])/text */g;
		s{(\*/)(/\*.*\*/)$}{$1\t$2}gm;'
}

check=
case ${1:-} in
	--typedefs) make_typedefs; exit ;;
	--check) check=1; shift ;;
esac
command -v pg_bsd_indent >/dev/null || { echo "indent: no pg_bsd_indent; apt-get install pg-bsd-indent" >&2; exit 2; }
mapfile -t typedefs < <(sed 's/^/-T/' "$list")
[ $# != 0 ] || mapfile -t files < <(sources)
[ $# = 0 ] || files=("$@")
rc=0
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
for f in "${files[@]}"; do
	indent <"$f" >"$tmp" 2>"$tmp.err" || { cat "$tmp.err" >&2; rm -f "$tmp.err"; echo "not ok $f: the tool failed"; rc=1; continue; }
	rm -f "$tmp.err"
	if cmp -s "$f" "$tmp"; then [ -z "$check" ] || echo "ok $f"
	elif [ -n "$check" ]; then echo "not ok $f: ./dev indent $f"; rc=1
	else cat "$tmp" >"$f"
	fi
done
exit $rc
