#!/usr/bin/env bash
# Installs what is missing to build or to test Weft; silent and quick when nothing is: setup.sh build|install|test
#   build    what the default features need
#   install  what all features need
#   test     all that, and what the tests need
#
# Debian packages are installed as root only; anyone else is told the one line to run. Rust comes from rustup, into the
# home directory.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:?usage: setup.sh build|install|test}
cargo_bin=${CARGO_HOME:-$HOME/.cargo}/bin
export PATH=$cargo_bin:$PATH

has() { command -v "$1" >/dev/null 2>&1; }
fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# The Debian packages that are missing, each with what stands in for it elsewhere.
packages=()
needs() { # needs PACKAGE COMMAND...: one of the commands will do
    local package=$1 command
    shift
    for command; do has "$command" && return; done
    case " ${packages[*]} " in *" $package "*) ;; *) packages+=("$package") ;; esac
}
# Those without which some tests are skipped by name (scripts/test.sh).
servers=()

rust_wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
rust_is_recent() {
    has cargo && has rustc || return 1
    local found
    found=$(rustc --version | cut -d ' ' -f 2)
    [ "$(printf '%s\n' "$rust_wanted" "${found%%-*}" | sort -V | head -n 1)" = "$rust_wanted" ]
}

needs gcc cc
needs libc6-dev cc # the headers; a machine with another compiler has them
needs sqlite3 sqlite3 python3
rust_is_recent || has rustup || { needs curl curl; needs ca-certificates curl update-ca-certificates; }
if [ "$purpose" = install ]; then
    while read -r package; do packages+=("$package"); done < <(scripts/servers.sh libraries)
fi
if [ "$purpose" = test ]; then
    needs python3 python3
    needs sqlite3 sqlite3 # the README uses it
    needs shellcheck shellcheck
    needs openssl openssl # certificates for the tests of TLS
    while read -r package; do servers+=("$package"); done < <(scripts/servers.sh missing)
    # The API server's tests run as root only and are skipped by name otherwise, so only root needs their packages.
    if [ "$(id -u)" = 0 ] && has dpkg-query && [ -f e2e/packages.txt ]; then
        while read -r package; do
            dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || packages+=("$package")
        done < <(sed 's/#.*//; /^[[:space:]]*$/d' e2e/packages.txt)
    fi
fi

install_packages() {
    echo "setup: installing $*" >&2
    quietly() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
    quietly "$@" 2>/dev/null || { apt-get update -qq && quietly "$@"; }
}

if [ ${#packages[@]} -gt 0 ]; then
    has apt-get || fail "these are missing: ${packages[*]} (names of Debian's packages); install them and run make again"
    if [ "$(id -u)" != 0 ]; then
        fail "these packages are missing; install them and run make again:" \
            "  sudo apt-get install -y --no-install-recommends ${packages[*]} ${servers[*]}"
    fi
    install_packages "${packages[@]}"
fi

if [ ${#servers[@]} -gt 0 ]; then
    if has apt-get && [ "$(id -u)" = 0 ]; then
        # The tests start servers of their own; Debian's package would start one that nobody asked for.
        if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
            mkdir -p /etc/postgresql-common
            echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
        fi
        install_packages "${servers[@]}" || echo "setup: failed to install ${servers[*]}; their tests are skipped" >&2
    else
        echo "setup: not installed: ${servers[*]}; their tests are skipped" >&2
    fi
fi

if ! rust_is_recent; then
    echo "setup: installing Rust (Weft needs $rust_wanted or newer)" >&2
    if has rustup; then
        rustup toolchain install stable --profile minimal --component clippy,rustfmt --no-self-update
    else
        curl --proto '=https' --tlsv1.2 -fsS https://sh.rustup.rs |
            sh -s -- -y --quiet --no-modify-path --profile minimal --component clippy,rustfmt ||
            fail "failed to install Rust; install $rust_wanted or newer by other means and run make again"
    fi
    rust_is_recent || fail "cargo is still older than $rust_wanted; run: rustup default stable"
fi

if [ "$purpose" = test ] && ! { has cargo-clippy && has cargo-fmt; }; then
    has rustup || fail "cargo clippy and cargo fmt are missing; install them beside your Rust toolchain"
    rustup component add clippy rustfmt
fi
