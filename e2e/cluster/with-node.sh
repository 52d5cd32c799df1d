#!/usr/bin/env bash
# Runs a command against a Kubernetes cluster of one node: with-node.sh FOLDER IMAGE.tar... -- COMMAND...
#
# FOLDER is what build.sh printed; the images are on the node. The command finds the cluster through KUBECONFIG, with
# kubectl and helm on its path, and what pods of the namespace weft-system ask it through WEFT_AUDIT_LOG. Everything runs isolated (isolated.sh): API server, controllers, scheduler, kubelet,
# containerd, kube-proxy, DNS and the command. A pod, as the command, reaches at 10.244.0.1 what listens there; there is
# no other network. Needs root, containerd, runc and the CNI plugins of Debian.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

[ -n "${WEFT_STATE:-}" ] || exec "$here/isolated.sh" "$0" "$@"
state=$WEFT_STATE group=$WEFT_GROUP address=10.244.0.1 hyperkube=$1/hyperkube
unset WEFT_STATE WEFT_GROUP
export PATH=$1:$PATH
shift
images=()
while [ "$1" != -- ]; do
    images+=("$1")
    shift
done
shift
# shellcheck source-path=SCRIPTDIR
. "$here/control-plane.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/node.sh"

make_network
{
    make_authority
    sign kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth DNS:kube-apiserver
    make_user kubeconfig admin system:masters
    make_user manager.kubeconfig system:kube-controller-manager
    make_user scheduler.kubeconfig system:kube-scheduler
    make_user proxy.kubeconfig system:kube-proxy
    make_user kubelet.kubeconfig system:node:node-1 system:nodes
    make_user dns.kubeconfig dns system:masters
} 2>"$state/openssl.log"
start_containerd
export WEFT_AUDIT_LOG=$state/audit.log
cat >"$state/audit.yaml" <<END
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  userGroups: [system:serviceaccounts:weft-system]
END
start_api_server --audit-policy-file "$state/audit.yaml" --audit-log-path "$WEFT_AUDIT_LOG" \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
    --client-ca-file "$state/ca.crt" --kubelet-preferred-address-types InternalIP \
    --kubelet-client-certificate "$state/kubelet-client.crt" --kubelet-client-key "$state/kubelet-client.key"
export KUBECONFIG=$state/kubeconfig KUBECACHEDIR=$state/kubectl HELM_CACHE_HOME=$state/helm HELM_CONFIG_HOME=$state/helm
start_controllers
import_images "${images[@]}"
start_node
"$@"
