// Command nouring runs a command that may not use io_uring, by a seccomp filter like those
// of container runtimes. It is how the tests are run as on such a machine:
//
//	go build -o /tmp/nouring ./internal/nouring
//	go test -exec /tmp/nouring ./...
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: nouring command [argument ...]")
		os.Exit(2)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "nouring:", err)
		os.Exit(126)
	}
}
