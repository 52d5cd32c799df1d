# shellcheck shell=bash
# The parts of a control plane, to be sourced: $state is the folder it writes to, $hyperkube the binary, $address where
# the API server listens.

: "${state:?}" "${hyperkube:?}" "${address:?}"
declare -A pids
etcd=http://127.0.0.1:2379
server=https://$address:6443
openssl_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

# wait_for SECONDS PROGRAM COMMAND...: until the command succeeds, for which the program has to run.
wait_for() {
    local limit=$((SECONDS + $1)) program=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$limit" ] || ! kill -0 "${pids[$program]}"; then
            echo "$program does not come up; the end of its log:" >&2
            tail -n 20 "$state/$program.log" >&2
            return 1
        fi
        sleep 0.1
    done
}

# start PROGRAM COMMAND...: in the background.
start() {
    "${@:2}" >"$state/$1.log" 2>&1 &
    pids[$1]=$!
}

# An authority, and a certificate of it for the server.
make_authority() {
    openssl req -x509 "${openssl_key[@]}" -keyout "$state/ca.key" -out "$state/ca.crt" -days 2 -subj /CN=weft-e2e \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,digitalSignature
    sign server /CN=kube-apiserver serverAuth "DNS:localhost,IP:127.0.0.1,IP:$address,IP:10.96.0.1"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$state/accounts.key"
    openssl pkey -in "$state/accounts.key" -pubout -out "$state/accounts.pub"
}

# sign NAME SUBJECT USAGE ADDRESSES: a key and a certificate of the authority.
sign() {
    openssl req "${openssl_key[@]}" -keyout "$state/$1.key" -out "$state/$1.csr" -subj "$2"
    openssl x509 -req -in "$state/$1.csr" -CA "$state/ca.crt" -CAkey "$state/ca.key" -CAcreateserial -days 2 \
        -out "$state/$1.crt" -extfile <(printf 'extendedKeyUsage=%s\nsubjectAltName=%s\n' "$3" "$4")
}

# make_user FILE NAME [GROUP]: a token, and the kubeconfig with it. Everyone is who a token says.
make_user() {
    local token
    token=$(openssl rand -hex 16)
    echo "$token,$2,$2,${3:-}" >>"$state/tokens.csv"
    cat >"$state/$1" <<END
apiVersion: v1
kind: Config
current-context: weft-e2e
contexts: [{name: weft-e2e, context: {cluster: weft-e2e, user: weft-e2e}}]
clusters: [{name: weft-e2e, cluster: {server: "$server", certificate-authority-data: $(base64 -w 0 "$state/ca.crt")}}]
users: [{name: weft-e2e, user: {token: $token}}]
END
}

# start_api_server FLAGS...: with the store below it.
start_api_server() {
    # What it stores is thrown away with $state: no need to wait for the disk.
    start etcd "$hyperkube" etcd --data-dir "$state/etcd" --log-level warn --unsafe-no-fsync \
        --listen-client-urls "$etcd" --advertise-client-urls "$etcd"
    start kube-apiserver "$hyperkube" kube-apiserver --etcd-servers "$etcd" --bind-address "$address" --secure-port 6443 \
        --advertise-address "$address" --service-cluster-ip-range 10.96.0.0/16 \
        --tls-cert-file "$state/server.crt" --tls-private-key-file "$state/server.key" \
        --token-auth-file "$state/tokens.csv" --service-account-issuer https://kubernetes.default.svc \
        --service-account-key-file "$state/accounts.pub" --service-account-signing-key-file "$state/accounts.key" "$@"
    local token
    token=$(sed -n 's/,.*//p; q' "$state/tokens.csv")
    wait_for 120 kube-apiserver curl --silent --fail --cacert "$state/ca.crt" \
        --header "Authorization: Bearer $token" "$server/readyz"
}
