#!/usr/bin/env bash
# The servers that tests start, by Debian's package, and the features whose tests need them: servers.sh missing|features
#   missing   the packages that are not installed, one a line
#   features  the cargo features of which every server is installed, one a line
set -euo pipefail

question=${1:?usage: servers.sh missing|features}

has() { # has COMMAND...: one of them will do
    local command
    for command; do
        ! command -v "$command" >/dev/null 2>&1 || return 0
    done
    return 1
}

missing=()
has redis-server || missing+=(redis-server)
# Debian has PostgreSQL's programs on no PATH.
has initdb /usr/lib/postgresql/*/bin/initdb || missing+=(postgresql)

needs() { # needs "PACKAGE..." FEATURE...
    local package
    for package in $1; do
        [[ " ${missing[*]} " != *" $package "* ]] || return 0
    done
    shift
    printf '%s\n' "$@"
}

case $question in
missing)
    [ ${#missing[@]} = 0 ] || printf '%s\n' "${missing[@]}"
    ;;
features)
    needs redis-server weft-store/servers weft/redis
    needs postgresql weft-warehouse/servers weft/postgres
    needs "redis-server postgresql" weft-sync/servers
    ;;
*)
    echo "servers.sh: unknown question $question" >&2
    exit 2
    ;;
esac
