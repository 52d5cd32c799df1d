#!/usr/bin/env bash
# Builds hyperkube, unless it was built before, and prints the folder it is in.
#
# The folder lies outside the checkout, named by the hash of what goes into it, so that a clone finds what another one
# built. The first build takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/hyperkube"

cache=${WEFT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weft}
version=$(sed -n 's/^[[:space:]]*k8s.io\/kubernetes v//p' go.mod)
folder=$cache/hyperkube-$version-$(cat go.mod go.sum main.go ../build.sh | sha256sum | cut -c 1-12)

mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9
if [ ! -x "$folder/hyperkube" ]; then
    echo "building Kubernetes $version into $folder (once for this machine)" >&2
    # Without its version the API server would take itself for 0.0 and serve the APIs of no release.
    package=k8s.io/component-base/version
    minor=${version#*.}
    ldflags="-s -w -X $package.gitVersion=v$version -X $package.gitMajor=${version%%.*} -X $package.gitMinor=${minor%%.*}"
    CGO_ENABLED=0 GOFLAGS=-mod=readonly GOGC=400 nice go build -trimpath -tags grpcnotrace -ldflags "$ldflags" \
        -o "$folder/hyperkube.new" . >&2
    for program in kubectl helm; do ln -sf hyperkube "$folder/$program"; done
    mv "$folder/hyperkube.new" "$folder/hyperkube"
fi
echo "$folder"
