#!/usr/bin/env bash
# Runs a command in network, process and mount namespaces of its own: isolated.sh COMMAND...
#
# Fixed ports are free there, nothing outside is touched, and the command has no network but the loopback. WEFT_STATE
# names a folder for what it writes, in memory and seen by no one else; temporary files go there too. WEFT_GROUP names
# the control group that it may make. However this script ends, killed or not, the kernel ends all that the command has
# started; folder and group are removed then.
set -euo pipefail

if [ "${1:-}" = --inside ]; then
    shift
    mount -t tmpfs -o mode=0755 weft "$WEFT_STATE"
    mkdir -m 1777 "$TMPDIR"
    ip link set lo up
    exec "$@"
fi

# Control groups have no namespace to end with. Those of scripts that are gone are removed, each named by its script's id.
remove_groups() {
    local group
    for group in /sys/fs/cgroup/weft-e2e-* /sys/fs/cgroup/*/weft-e2e-*; do
        if [ -d "$group" ] && [ ! -d "/proc/${group##*-}" ]; then
            for _ in $(seq 100); do
                find "$group" -depth -type d -exec rmdir {} + && break
                sleep 0.1
            done
        fi
    done
}

WEFT_GROUP=weft-e2e-$$
WEFT_STATE=$(mktemp -d)
(
    trap '' HUP INT TERM
    tail --pid=$$ -f /dev/null
    remove_groups
    rmdir "$WEFT_STATE"
) </dev/null >/dev/null 2>&1 &
export WEFT_GROUP WEFT_STATE TMPDIR=$WEFT_STATE/tmp

root=()
[ "$(id -u)" = 0 ] || root=(--user --map-root-user)
# With this script ends unshare, and with unshare its child, which is the first process of the namespaces.
setpriv --pdeathsig KILL unshare "${root[@]}" --net --pid --mount-proc --fork --kill-child "$0" --inside "$@" &
trap 'kill -KILL $!; exit 130' HUP INT TERM
wait $!
