#!/usr/bin/env bash
# ./dev soak [MINUTES]: the races, crashes and histories of test/t with ten times the
# work, and the isolation specs, over and over; ends at the first failure.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
end=$(($(date +%s) + ${1:-30} * 60))
round=0
while [ "$(date +%s)" -lt "$end" ]; do
	round=$((round + 1))
	printf '== round %d\n' $round
	UPSERT_SOAK=${UPSERT_SOAK:-10} "$here/dev" tap test/t/001_concurrency.pl test/t/002_crash.pl test/t/011_ddl_storm.pl test/t/012_history.pl
	"$here/dev" isolation
	PGOPTIONS='-c upsert.direct=off' "$here/dev" isolation
done
printf '%d rounds passed, 0 failed\n' $round
