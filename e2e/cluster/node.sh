# shellcheck shell=bash
# The parts of a node, to be sourced after control-plane.sh; $group is the control group of its own.

: "${state:?}" "${hyperkube:?}" "${address:?}" "${group:?}"
pods=10.244.0.0/24 services=10.96.0.0/16
socket=$state/containerd.sock

# The bridge has to be there before the API server: its address is the node's. What is sent to the address of a service
# that nothing has translated yet goes there too, where nobody answers.
make_network() {
    ip link add cni0 type bridge
    ip address add "$address/24" dev cni0
    ip link set cni0 up
    ip route add "$services" dev cni0 src "$address"
    echo 1 >/proc/sys/net/ipv4/ip_forward
}

start_controllers() {
    # The default of 20 requests a second would make the start four seconds longer.
    local fast=(--kube-api-qps 1000 --kube-api-burst 1000 --leader-elect=false --bind-address 127.0.0.1)
    start kube-controller-manager "$hyperkube" kube-controller-manager --kubeconfig "$state/manager.kubeconfig" --use-service-account-credentials \
        --service-account-private-key-file "$state/accounts.key" --root-ca-file "$state/ca.crt" "${fast[@]}"
    start kube-scheduler "$hyperkube" kube-scheduler --kubeconfig "$state/scheduler.kubeconfig" "${fast[@]}"
}

# What listens here can be asked for by the names that the documentation gives to a user's servers, in pods too.
name_servers() {
    cp /etc/hosts "$state/hosts"
    echo "$address postgres.example.com redis.example.com kafka.example.com" | tee "$state/servers" >>"$state/hosts"
    mount --bind "$state/hosts" /etc/hosts
}

# What containerd, CNI and the kubelet write to places that cannot be chosen is not written there.
hide_fixed_places() {
    mount -t tmpfs weft /run
    mount -t tmpfs weft /var/log
    mkdir "$state/lib" "$state/lib.work"
    mount -t overlay -o "lowerdir=/var/lib,upperdir=$state/lib,workdir=$state/lib.work" weft /var/lib
    # What a pod mounts has to show in its own namespace.
    mount --make-rshared /
}

start_containerd() {
    hide_fixed_places
    mkdir "$state/cni.d"
    cat >"$state/cni.d/10-bridge.conflist" <<END
{"cniVersion": "1.0.0", "name": "weft-e2e", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$state/addresses", "ranges": [[{"subnet": "$pods"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
END
    cat >"$state/containerd.toml" <<END
version = 2
root = "$state/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "$socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:e2e"
  disable_apparmor = true
  # Root may lack the right to lower what makes a process the first to go when memory ends.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "$state/cni.d"
END
    start containerd containerd --config "$state/containerd.toml"
}

import_images() {
    local image
    wait_for 30 containerd ctr -a "$socket" version
    for image in "$@"; do
        ctr -a "$socket" -n k8s.io images import "$image" >/dev/null
    done
}

start_node() {
    local controllers
    # Each hierarchy of version 1 has groups of its own, version 2 has one for all.
    if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
        mkdir "/sys/fs/cgroup/$group"
    else
        for controllers in /sys/fs/cgroup/*/; do mkdir -p "$controllers$group"; done
    fi
    : >"$state/resolv.conf"
    name_servers
    cat >"$state/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://$socket
cgroupDriver: cgroupfs
cgroupRoot: /$group
failCgroupV1: false
failSwapOn: false
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $state/ca.crt}}
authorization: {mode: Webhook}
clusterDNS: [$address]
clusterDomain: cluster.local
resolvConf: $state/resolv.conf
# How full the machine's disk is, is not the cluster's business.
evictionHard: {memory.available: 100Mi, nodefs.available: "0%", imagefs.available: "0%", nodefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
kubeAPIQPS: 1000
kubeAPIBurst: 1000
END
    cat >"$state/proxy.yaml" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: $pods
clientConnection: {kubeconfig: $state/proxy.kubeconfig}
conntrack: {maxPerCore: 0}
END
    cat >"$state/Corefile" <<END
.:53 {
    bind $address
    errors
    hosts $state/servers {
        fallthrough
    }
    kubernetes cluster.local {
        kubeconfig $state/dns.kubeconfig weft-e2e
    }
    cache 5
}
END
    start kube-proxy "$hyperkube" kube-proxy --config "$state/proxy.yaml" --hostname-override node-1
    start coredns "$hyperkube" coredns -conf "$state/Corefile" -quiet
    start kubelet "$hyperkube" kubelet --config "$state/kubelet.yaml" --kubeconfig "$state/kubelet.kubeconfig" \
        --root-dir "$state/kubelet-data" --hostname-override node-1 --node-ip "$address"
    wait_for 60 kubelet "$hyperkube" kubectl get node node-1
    "$hyperkube" kubectl wait --for=condition=Ready node/node-1 --timeout=60s >/dev/null
    # The last act of the controllers at their start; a pod made before it would be refused.
    wait_for 30 kubelet "$hyperkube" kubectl get serviceaccount default
}
