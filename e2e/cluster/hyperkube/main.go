// hyperkube: the Kubernetes programs that the end-to-end tests run, in one binary. `hyperkube PROGRAM [flags]`.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) > 1 {
		arguments := os.Args[1:]
		switch arguments[0] {
		case "etcd":
			etcdmain.Main(arguments)
			return
		case "kube-apiserver":
			os.Args = arguments
			os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
		}
	}
	fmt.Fprintln(os.Stderr, "usage: hyperkube etcd|kube-apiserver [flags]")
	os.Exit(2)
}
