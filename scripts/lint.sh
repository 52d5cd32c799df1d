#!/usr/bin/env bash
# Every check that runs no test, the cheap ones first. That crds/ is what the types say is a test, which costs no build of
# its own.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*" >&2; "$@"; }
skip() { printf '\n== skipped: %s\n' "$*" >&2; }

mapfile -t shell_scripts < <(git ls-files '*.sh' .ci/run)
compile='import pathlib, sys; [compile(pathlib.Path(name).read_text("utf-8"), name, "exec") for name in sys.argv[1:]]'
mapfile -t python_files < <(git ls-files '*.py')

step cargo fmt --all --check
step shellcheck "${shell_scripts[@]}"
[ ${#python_files[@]} -eq 0 ] || step python3 -W error -c "$compile" "${python_files[@]}"
step cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
# What the quickstart builds, which no test does.
step cargo clippy --locked -p weft --bin weft -- -D warnings
if command -v cargo-deny >/dev/null; then
    step cargo deny --locked check
else
    skip "cargo deny check (licences, sources and advisories of the dependencies): cargo-deny is not installed"
fi
