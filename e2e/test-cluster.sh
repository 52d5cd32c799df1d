#!/usr/bin/env bash
# Installs the charts on a real cluster with a node, and enriches events there: images of the debug binaries, PostgreSQL,
# Redis and Kafka outside the cluster. Where the machine cannot run such a cluster, the tests are listed as ignored.
set -euo pipefail
cd "$(dirname "$0")/.."

# With the features of the whole workspace, so that nothing is compiled twice. The first two are there for the binaries
# that cargo builds along with a test of the same package.
tests=(--test completion --test cluster --test on_cluster)
cargo test --locked --workspace --all-features "${tests[@]}" --no-run
run=(cargo test --locked --offline --workspace --all-features --test on_cluster --)

# What this machine lacks to run a node and the servers.
missing() {
    local command
    for command in cc containerd ctr go initdb iptables java mvn openssl redis-server runc strip unshare; do
        PATH=$PATH:/usr/sbin:$(echo /usr/lib/postgresql/*/bin) command -v "$command" >/dev/null || echo "$command"
    done
    [ -x /usr/lib/cni/bridge ] || echo "the CNI plugins in /usr/lib/cni"
    [ "$(id -u)" != 0 ] || [ -w /sys/fs/cgroup ] || echo "control groups that may be written to"
    [ "$(id -u)" = 0 ] || echo "root"
}

lacks=$(missing | paste -s -d , | sed 's/,/, /g')
if [ -n "$lacks" ]; then
    echo "skipped: the tests below need a Kubernetes node, and to run one this machine lacks $lacks" >&2
    "${run[@]}"
    exit
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
binaries=${CARGO_TARGET_DIR:-target}/debug
image() { # image NAME:TAG DOCKERFILE PROGRAM
    python3 e2e/image --dockerfile "$2" --program "$3" --name "$1" "$folder/${3##*/}.tar"
}
cc -Os -static -o "$folder/pause" e2e/cluster/pause/pause.c
image localhost/pause:e2e e2e/cluster/pause/Dockerfile "$folder/pause"
# As the documentation names them.
image registry.example.com/weft:0.1.0 enricher/Dockerfile "$binaries/weft"
image registry.example.com/weft-operator:0.1.0 operator/Dockerfile "$binaries/weft-operator"

e2e/kafka/kafka.sh fetch >/dev/null
hyperkube=$(e2e/cluster/build.sh)
# A thread for each test of the module `installed`: those of `installing` come after them by name and wait for them. What
# all requests together tell is looked at when all were made.
e2e/cluster/with-node.sh "$hyperkube" "$folder"/*.tar -- bash -ec \
    '"$@" --test-threads 8 --skip afterwards:: && "$@" afterwards::' suite "${run[@]}" --ignored
