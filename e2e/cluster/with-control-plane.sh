#!/usr/bin/env bash
# Runs a command against an API server of its own: with-control-plane.sh FOLDER COMMAND...
#
# FOLDER is what build.sh printed. The command finds the server through KUBECONFIG. Server and command run in network,
# process and mount namespaces of their own: the fixed ports are free there, nothing outside is touched, and when the
# first process ends, however it ends, the kernel ends all the others. The command has no network but the loopback.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    state=$(mktemp -d)
    trap 'rm -rf "$state"' EXIT
    root=()
    [ "$(id -u)" = 0 ] || root=(--user --map-root-user)
    unshare "${root[@]}" --net --pid --mount-proc --fork --kill-child "$0" --inside "$state" "$@"
    exit
fi
shift

state=$1 hyperkube=$2/hyperkube
shift 2

etcd=http://127.0.0.1:2379
server=https://127.0.0.1:6443
token=$(openssl rand -hex 16)
openssl_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

# wait_for SECONDS PROGRAM COMMAND...: until the command succeeds. PROGRAM is what was started last.
wait_for() {
    local limit=$((SECONDS + $1)) program=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$limit" ] || ! kill -0 "$!"; then
            echo "$program does not come up; the end of its log:" >&2
            tail -n 20 "$state/$program.log" >&2
            return 1
        fi
        sleep 0.1
    done
}

# start PROGRAM FLAGS...: in the background.
start() { "$hyperkube" "$@" >"$state/$1.log" 2>&1 & }

# An authority, and a certificate of it for the server; everyone else is who a token says.
make_identities() {
    cd "$state"
    openssl req -x509 "${openssl_key[@]}" -keyout ca.key -out ca.crt -days 2 -subj /CN=weft-e2e \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,digitalSignature
    openssl req "${openssl_key[@]}" -keyout server.key -out server.csr -subj /CN=kube-apiserver
    openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt \
        -extfile <(printf 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n')
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out accounts.key
    openssl pkey -in accounts.key -pubout -out accounts.pub
    echo "$token,admin,admin,system:masters" >tokens.csv
    cat >kubeconfig <<END
apiVersion: v1
kind: Config
current-context: weft-e2e
contexts: [{name: weft-e2e, context: {cluster: weft-e2e, user: admin}}]
clusters: [{name: weft-e2e, cluster: {server: "$server", certificate-authority-data: $(base64 -w 0 ca.crt)}}]
users: [{name: admin, user: {token: $token}}]
END
    cd "$OLDPWD"
}

start_control_plane() {
    # What it stores is thrown away with $state: no need to wait for the disk.
    start etcd --data-dir "$state/etcd" --log-level warn --unsafe-no-fsync \
        --listen-client-urls "$etcd" --advertise-client-urls "$etcd"
    # No node watches the endpoints of the service `kubernetes`, and the loopback could not be one.
    start kube-apiserver --etcd-servers "$etcd" --bind-address 127.0.0.1 --secure-port 6443 \
        --advertise-address 127.0.0.1 --endpoint-reconciler-type none --service-cluster-ip-range 10.96.0.0/16 \
        --tls-cert-file "$state/server.crt" --tls-private-key-file "$state/server.key" \
        --token-auth-file "$state/tokens.csv" --authorization-mode RBAC \
        --service-account-issuer https://kubernetes.default.svc \
        --service-account-key-file "$state/accounts.pub" --service-account-signing-key-file "$state/accounts.key"
    wait_for 120 kube-apiserver curl --silent --fail --cacert "$state/ca.crt" \
        --header "Authorization: Bearer $token" "$server/readyz"
}

ip link set lo up
make_identities 2>"$state/openssl.log"
start_control_plane
KUBECONFIG=$state/kubeconfig "$@"
