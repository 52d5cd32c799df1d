#!/usr/bin/env bash
# Gives the CRDs, the examples and the table of cases to a real API server, and lets the operator act on it.
#
# Which one: the cluster of KUBECONFIG if that is set; else one made by kind, where kind and a container engine are;
# else an API server built from source, where Go is and namespaces may be made; else the tests are listed as ignored.
# Of a cluster that was given, the CRDs stay installed; whatever else is made, is removed.
set -euo pipefail
cd "$(dirname "$0")/.."

# With the features of the whole workspace, so that nothing is compiled twice.
tests=(--test api_server --test cluster)
run=(cargo test --locked --offline --workspace --all-features "${tests[@]}" --)
build() { cargo test --locked --workspace --all-features "${tests[@]}" --no-run; }

# The namespaces that cluster/with-control-plane.sh needs; without root they need a user namespace.
namespaces() {
    local root=()
    [ "$(id -u)" = 0 ] || root=(--user --map-root-user)
    unshare "${root[@]}" --net --pid --mount-proc --fork true 2>/dev/null
}

# The commands that are missing to build an API server and run it.
missing() {
    local command
    for command in go curl ip openssl unshare; do
        command -v "$command" >/dev/null || echo "$command"
    done
}

on_kind() {
    local name=weft-e2e-$$ kubeconfig
    kubeconfig=$(mktemp)
    # shellcheck disable=SC2064 # with the values of now
    trap "kind delete cluster --name $name; rm -f $kubeconfig" EXIT
    kind create cluster --name "$name" --kubeconfig "$kubeconfig" --wait 120s
    KUBECONFIG=$kubeconfig "${run[@]}" --ignored
}

without_cluster() {
    echo "skipped: the tests below need an API server, and $1" >&2
    "${run[@]}"
}

build
if [ -n "${KUBECONFIG:-}" ]; then
    echo "testing on the cluster of KUBECONFIG" >&2
    "${run[@]}" --ignored
elif command -v kind >/dev/null && docker info >/dev/null 2>&1; then
    echo "testing on a cluster made by kind" >&2
    on_kind
elif [ -n "$(missing)" ]; then
    without_cluster "there is neither KUBECONFIG nor kind with Docker nor, to build one, $(missing | paste -s -d ' ')"
elif ! namespaces; then
    without_cluster "there is neither KUBECONFIG nor kind with Docker, and this user may not make namespaces to run one in"
else
    echo "testing on an API server built from source" >&2
    hyperkube=$(e2e/cluster/build.sh)
    e2e/cluster/with-control-plane.sh "$hyperkube" "${run[@]}" --ignored
fi
