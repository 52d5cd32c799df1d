#!/usr/bin/env bash
# The servers that tests start and the libraries that clients of them are built with, by Debian's package, and the features
# that need them: servers.sh missing|features|libraries
#   missing    the packages that are not installed, one a line
#   features   the cargo features of which every server and library is installed, one a line
#   libraries  the packages that are not installed and without which `weft` cannot be built with all features
set -euo pipefail

question=${1:?usage: servers.sh missing|features|libraries}

has() { # has COMMAND...: one of them will do
    local command
    for command; do
        ! command -v "$command" >/dev/null 2>&1 || return 0
    done
    return 1
}

has_header() { # has_header FILE
    command -v cc >/dev/null && cc -E -include "$1" -x c /dev/null >/dev/null 2>&1
}

libraries=()
# librdkafka is built from source, and asks for curl's header without linking curl.
has cmake || libraries+=(cmake)
has g++ clang++ || libraries+=(g++)
has pkg-config || libraries+=(pkg-config)
has_header openssl/ssl.h || libraries+=(libssl-dev)
has_header curl/curl.h || libraries+=(libcurl4-openssl-dev)

missing=("${libraries[@]}")
has redis-server || missing+=(redis-server)
# Debian has PostgreSQL's programs on no PATH.
has initdb /usr/lib/postgresql/*/bin/initdb || missing+=(postgresql)
# Apache Kafka runs on Java and comes from Maven Central.
has java || missing+=(default-jre-headless)
has mvn || missing+=(maven)

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
    kafka="cmake g++ pkg-config libssl-dev libcurl4-openssl-dev"
    needs "$kafka redis-server default-jre-headless maven" weft-kafka-broker/servers weft/kafka
    ;;
libraries)
    [ ${#libraries[@]} = 0 ] || printf '%s\n' "${libraries[@]}"
    ;;
*)
    echo "servers.sh: unknown question $question" >&2
    exit 2
    ;;
esac
