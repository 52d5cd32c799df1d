#!/usr/bin/env bash
# Writes go.mod and go.sum for a version of Kubernetes and the versions of CoreDNS and Helm that use its client:
# write-go-mod.sh 1.34.4 1.12.4 4.0.5
#
# k8s.io/kubernetes requires the modules it publishes (k8s.io/api and so on) at v0.0.0 and replaces them by folders of
# its own; from outside, each has to be replaced by the version it was published as, v0.MINOR.PATCH. The etcd server is
# of the version of the etcd client that Kubernetes uses.
set -euo pipefail
cd "$(dirname "$0")"

usage="usage: write-go-mod.sh KUBERNETES COREDNS HELM, such as 1.34.4 1.12.4 4.0.5"
kubernetes=${1:?$usage} coredns=${2:?$usage} helm=${3:?$usage}
published=0.${kubernetes#1.}
upstream=$(go mod download -json "k8s.io/kubernetes@v$kubernetes" | sed -n 's/.*"GoMod": "\(.*\)",*/\1/p')
etcd=$(sed -n 's#^[[:space:]]*go.etcd.io/etcd/client/v3 \(v[0-9.]*\).*#\1#p' "$upstream")
{
    printf 'module hyperkube\n\n'
    sed -n '/^go /p; /^godebug /p' "$upstream"
    printf '\nrequire (\n'
    printf '\tgithub.com/coredns/coredns v%s\n' "$coredns"
    printf '\tgo.etcd.io/etcd/server/v3 %s\n' "$etcd"
    printf '\thelm.sh/helm/v4 v%s\n' "$helm"
    printf '\tk8s.io/kubernetes v%s\n' "$kubernetes"
    printf ')\n\nreplace (\n'
    sed -n "s#^[[:space:]]*\(k8s.io/[a-z-]*\) => ./staging/.*#\t\1 => \1 v$published#p" "$upstream"
    printf ')\n'
} >go.mod
rm -f go.sum
go mod tidy
