#!/usr/bin/env bash
# Runs every test that this machine can run. The last line counts them all; anything but 0 failed is an error.
# WEFT_CASES=N runs N cases of each property and a hundredth as many of the oracle's, instead of the defaults.
set -euo pipefail
cd "$(dirname "$0")/.."

weft=${CARGO_TARGET_DIR:-target}/debug/weft
oracle_cases=${WEFT_CASES:+$((WEFT_CASES / 100))}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
broken=0

# A step may fail: the next one still runs, and the counts below tell.
step() {
    printf '\n== %s\n' "$*" | tee -a "$log"
    "$@" 2>&1 | tee -a "$log" || broken=$((broken + 1))
}

# Kubernetes takes some minutes to build, once for a machine; meanwhile the other tests run.
if command -v go >/dev/null && [ -z "${KUBECONFIG:-}" ]; then
    e2e/cluster/build.sh >/dev/null 2>&1 &
fi

# The tests of a store or warehouse whose server is not installed are not built, and counted as skipped.
mapfile -t missing < <(scripts/servers.sh missing)
if [ ${#missing[@]} -gt 0 ]; then
    mapfile -t features < <(scripts/servers.sh features)
    step cargo test --locked --workspace --no-fail-fast --features "weft/manifests ${features[*]}"
    # The documentation shows what needs no server but a weft that could reach one.
    mapfile -t libraries < <(scripts/servers.sh libraries)
    if [ ${#libraries[@]} -gt 0 ]; then
        step cargo build --locked -p weft --features redis,postgres
    else
        step cargo build --locked -p weft --all-features
    fi
else
    step cargo test --locked --workspace --all-features --no-fail-fast
fi
step python3 e2e/oracle --weft "$weft" --cases "${oracle_cases:-500}"
step python3 e2e/docs --weft "$weft" README.md docs/*.md
step e2e/test-crds.sh
step e2e/test-cluster.sh

# cargo and the scripts above all count in lines that begin with "test result:". What needs an API server or a node is
# ignored at first and run, or skipped, by the last steps.
[ ${#missing[@]} = 0 ] || printf '\nskipped: the tests that need %s, not installed here\n' "${missing[*]}"
awk -v broken="$broken" -v missing="${#missing[@]}" '
    /^== / { is_first_round = /^== cargo test / }
    /^test result:/ {
        for (i = 1; i < NF; i++) {
            if ($(i + 1) ~ /^passed;/) passed += $i
            if ($(i + 1) ~ /^failed;/) failed += $i
            if ($(i + 1) ~ /^ignored;/ && !is_first_round) skipped += $i
        }
    }
    # A step that ended without a result, such as one that did not compile, is a failure too.
    END {
        if (broken > 0 && failed == 0) failed = broken
        printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped + missing
        exit failed > 0
    }
' "$log"
