#!/usr/bin/env bash
# Says what the last build with --timings spent its time on, if it built much: build-times.sh TARGET_DIR
# Units are compiled side by side, so their times add up to more than the build took.
set -euo pipefail

report=${1:?usage: build-times.sh TARGET_DIR}/cargo-timings/cargo-timing.html
[ -f "$report" ] || exit 0

# One unit a line: its seconds and its name, as they stand in the report's list of units.
units=$(awk '
    /^const UNIT_DATA = / { listed = 1 }
    /^\];/ { listed = 0 }
    listed && /^    "name":/ { name = $2; gsub(/[",]/, "", name) }
    listed && /^    "target":/ { if ($0 ~ /build script.*run/) name = name " (build script)" }
    listed && /^    "duration":/ { sub(/,/, "", $2); print $2, name }
' "$report")
[ "$(wc -l <<<"$units")" -ge 20 ] || exit 0

printf 'Most of the build went into:'
sort -rn <<<"$units" | head -n 6 | awk '{ seconds = $1; $1 = ""; printf "%s%s %.0f s", (NR > 1 ? "," : ""), $0, seconds } END { print "" }'
