#!/usr/bin/env bash
# The servers that tests start, by Debian's package and the feature whose tests need it: servers.sh missing|features
#   missing   the packages that are not installed, one a line
#   features  the cargo features whose servers are installed, one a line
set -euo pipefail

question=${1:?usage: servers.sh missing|features}

answer() { # answer PACKAGE FEATURE COMMAND...: one of the commands will do
    local package=$1 feature=$2 command
    shift 2
    for command; do
        if command -v "$command" >/dev/null 2>&1; then
            [ "$question" = missing ] || echo "$feature"
            return
        fi
    done
    [ "$question" = features ] || echo "$package"
}

answer redis-server weft-store/redis redis-server
# Debian has PostgreSQL's programs on no PATH.
answer postgresql weft-warehouse/postgres initdb /usr/lib/postgresql/*/bin/initdb
