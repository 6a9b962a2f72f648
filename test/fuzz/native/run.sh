#!/usr/bin/env bash
# run.sh [RUNS]: the decoder of DAG-CBOR, the string formats, CAR files and the
# sandbox of record scripts under libFuzzer with AddressSanitizer and UBSan, RUNS inputs
# each (a million unless told; of scripts, which take longer, a twentieth),
# without a server.  ATPROTO_VECTORS adds the interoperability vectors to the
# corpus.  Needs clang with its runtime library (Debian: clang), the headers and
# static libraries of postgresql-server-dev, and for scripts liblua5.4-dev.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
runs=${1:-1000000}
cfg=${PG_CONFIG:-pg_config}
work=${UPSERT_DEV_DIR:-/var/tmp/upsert-fuzz-$(id -u)-native}
mkdir -p "$work"
command -v clang >/dev/null || { echo 'fuzz native: no clang here; apt-get install clang' >&2; exit 1; }

modules=()
for name in atproto/cbor_read atproto/cbor_decode atproto/cid atproto/base32 atproto/datamodel atproto/syntax atproto/syntax_datetime \
	atproto/syntax_language atproto/syntax_uri base/tid; do
	modules+=("$top/src/$name.c")
done
target() {	# target NAME SOURCE_OR_FLAG...
	# what only SQL-callable functions need is not there, nor reached
	clang -g -O1 -std=gnu17 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Wno-ignored-attributes \
		-I"$here" -I"$top/src" -I"$("$cfg" --includedir-server)" "$here/$1.c" "$here/shim.c" "${@:2}" \
		-L"$("$cfg" --pkglibdir)" -L"$("$cfg" --libdir)" -lpgcommon -lpgport -no-pie -Wl,--unresolved-symbols=ignore-all -o "$work/$1"
}
targets=(decoder syntax car)
target decoder "${modules[@]}"
target syntax "${modules[@]}"
target car "${modules[@]}" "$top"/src/atproto/{car,repo,mst}.c
if lua=$(pkg-config --cflags --libs lua5.4 2>/dev/null) || lua=-llua5.4 && [ -f /usr/include/lua5.4/lua.h ]; then
	sandbox=("$here/shim_lua.c")
	for name in bounds library baselib strlib strmatch strformat tablib mathlib oslib json json_text; do sandbox+=("$top/upsert_lua/$name.c"); done
	# shellcheck disable=SC2086
	target script "${sandbox[@]}" -DWATCH_BLOCKS -I/usr/include/lua5.4 $lua -lm
	targets+=(script)
else
	echo 'fuzz native: no Lua 5.4 here, so no scripts; apt-get install liblua5.4-dev' >&2
fi

# the corpus: what is valid and what is nearly so
rm -rf "$work/corpus"
mkdir -p "$work/corpus/decoder" "$work/corpus/syntax" "$work/corpus/car" "$work/corpus/script"
seeds=0
seed() {	# seed TARGET: standard input
	seeds=$((seeds + 1))
	cat >"$work/corpus/$1/seed$seeds"
}
for hex in a0 80 f6 00 1bffffffffffffffff 3b7fffffffffffffff 6161 430102ff \
	d82a58250001711220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 \
	a262617a01626262f5 a3652474797065626162616101627a7a82f6a0 9b00000000ffffffff 818181818180; do
	printf '%b' "$(printf %s "$hex" | sed 's/../\\x&/g')" | seed decoder
done
formats=(at-identifier at-uri cid datetime did handle language nsid record-key tid uri)
values=(did:web:example.com at://did:plc:abc/com.example.foo/3jui7kd54zh2y bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a
	1985-04-12T23:20:50.123+01:45 did:plc:z72i7hdynmk6r22z27h6tvur jay.bsky.social zh-cmn-Hans-CN-a-bbb-x-c com.example.fooBar
	'~1.2-3_:' 3jzfcijpj2z2a 'https://example.com/p?q#f')
format_seed() {	# format_seed NUMBER VALUE
	{ printf '%b' "\\x$(printf %02x "$1")"; printf %s "$2"; } | seed syntax
}
for i in "${!formats[@]}"; do
	format_seed "$i" "${values[i]}"
	[ -n "${ATPROTO_VECTORS:-}" ] || continue
	name=${formats[i]//-/}
	while IFS= read -r line; do format_seed "$i" "$line"; done < <(cat "$ATPROTO_VECTORS/syntax/$name"_*.txt 2>/dev/null)
done
if [ -n "${ATPROTO_VECTORS:-}" ]; then
	while IFS= read -r base64; do
		base64 -di <<<"$base64==" 2>/dev/null | seed decoder || true
	done < <(sed -n 's/.*"cbor_base64": *"\([^"]*\)".*/\1/p' "$ATPROTO_VECTORS/data-model/data-model-fixtures.json")
fi

# a file of blocks; repositories of one record, of some, and one whose tree has
# two nodes, with the digests of car.c
perl -e '
	sub cid { pack("CCCC", 1, $_[0], 0x12, 32) . pack("Cna29", length($_[1]) % 2 ? 63 : 255, length $_[1], "") }
	sub varint { my $n = shift; my $s = ""; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
	sub block { varint(36 + length $_[0]) . cid(0x71, $_[0]) . $_[0] }
	sub head { my ($major, $n) = @_; $n < 24 ? chr($major << 5 | $n) : $n < 256 ? chr($major << 5 | 24) . chr $n : chr($major << 5 | 25) . pack "n", $n }
	sub text { head(3, length $_[0]) . $_[0] }
	sub bytes { head(2, length $_[0]) . $_[0] }
	sub tag { "\xd8\x2a" . bytes("\0" . $_[0]) }
	sub car { my $header = "\xa2" . text("roots") . "\x81" . tag(cid(0x71, $_[0])) . text("version") . "\x01"; varint(length $header) . $header . join "", map { block($_) } @_ }
	sub node { my ($left, @keys) = @_; my $n = 0; my $last = "";
		"\xa2" . text("e") . head(4, scalar @keys) . join("", map {
			my $p = 0; $p++ while $p < length $last && substr($last, $p, 1) eq substr($_, $p, 1); $last = $_;
			"\xa4" . text("k") . bytes(substr $_, $p) . text("p") . head(0, $p) . text("t") . "\xf6" . text("v") . tag(cid(0x71, record($n++)))
		} @keys) . text("l") . ($left ? tag(cid(0x71, $left)) : "\xf6") }
	sub record { "\xa1" . text("n") . bytes("x" x $_[0]) }
	sub repo { my ($n, @nodes) = @_; car("\xa6" . text("did") . text("did:plc:abc") . text("rev") . text("3n37yhkibj22b") . text("sig") . bytes("s" x 64) .
		text("data") . tag(cid(0x71, $nodes[0])) . text("prev") . "\xf6" . text("version") . "\x03", @nodes, map { record($_) } 0 .. $n - 1) }
	sub out { open my $f, ">", "$ARGV[0]/$_[0]" or die; binmode $f; print $f $_[1] }
	out("blocks", car("\xa0", "\xf6", "\x61a"));
	for my $n (0, 1, 5) { out("repo$n", repo($n, node(undef, map { "a.b.c/k$_" } 1 .. $n))) }
	my $left = node(undef, "a.b.c/aa");
	out("two", repo(3, node($left, "a.b.c/b", "a.b.c/c"), $left));
' "$work/corpus/car"

# choices at random, so that not all scripts begin as the shortest
for i in {1..200}; do
	LC_ALL=C awk -v seed="$i" 'BEGIN { srand(seed); for (i = 0; i < 300; i++) printf "%c", 1 + int(rand() * 255) }' | seed script
done

for name in "${targets[@]}"; do
	options=(-runs="$runs" -max_len=600)
	[ $name != car ] || options=(-runs="$runs" -max_len=2000)
	[ $name != script ] || options=(-runs=$((runs / 20)) -max_len=400 -len_control=0 -timeout=120)
	log=$work/$name.log
	if ! (cd "$work" && ASAN_OPTIONS=detect_leaks=0 "./$name" "${options[@]}" -seed="${FUZZ_SEED:-0}" \
		-artifact_prefix="$work/$name-" "corpus/$name") >"$log" 2>&1; then
		tail -n 40 "$log"
		echo "fuzz native: $name failed; the input is $work/$name-*"
		exit 1
	fi
	echo "fuzz native: $name, $(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) .*/\1 inputs in \2 s/p' "$log"), $(sed -n 's/.*DONE *\(cov: [0-9]*\).*/\1/p' "$log"), no violation"
done
