#!/usr/bin/env bash
# Runs a command against an API server of its own: with-control-plane.sh FOLDER COMMAND...
#
# FOLDER is what build.sh printed. The command finds the server through KUBECONFIG. Server and command run isolated
# (isolated.sh), the command with no network but the loopback.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

[ -n "${WEFT_STATE:-}" ] || exec "$here/isolated.sh" "$0" "$@"
state=$WEFT_STATE address=127.0.0.1 hyperkube=$1/hyperkube
unset WEFT_STATE WEFT_GROUP
shift
# shellcheck source-path=SCRIPTDIR
. "$here/control-plane.sh"

{
    make_authority
    make_user kubeconfig admin system:masters
} 2>"$state/openssl.log"
# No node watches the endpoints of the service `kubernetes`, and the loopback could not be one.
start_api_server --authorization-mode RBAC --endpoint-reconciler-type none
KUBECONFIG=$state/kubeconfig "$@"
