#!/usr/bin/env bash
# Runs every test that this machine can run. The last line counts them all; anything but 0 failed is an error.
# WEFT_CASES=N runs N cases of each property instead of the default.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
broken=0

# A step may fail: the next one still runs, and the counts below tell.
step() {
    printf '\n== %s\n' "$*" >&2
    "$@" 2>&1 | tee -a "$log" || broken=$((broken + 1))
}

step cargo test --locked --workspace --all-features --no-fail-fast

# Both cargo and the oracle count their cases in lines that begin with "test result:".
awk -v broken="$broken" '
    /^test result:/ {
        for (i = 1; i < NF; i++) {
            if ($(i + 1) ~ /^passed;/) passed += $i
            if ($(i + 1) ~ /^failed;/) failed += $i
            if ($(i + 1) ~ /^ignored;/) skipped += $i
        }
    }
    # A step that ended without a result, such as one that did not compile, is a failure too.
    END {
        if (broken > 0 && failed == 0) failed = broken
        printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit failed > 0
    }
' "$log"
