// Command nouring runs a command that may not use io_uring, by a seccomp filter like those
// of container runtimes. It is how the tests are run as on such a machine:
//
//	go build -o /tmp/nouring ./internal/nouring
//	go test -exec /tmp/nouring ./...
//
// With -errno ENOSYS the filter answers as a kernel that has no io_uring.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	answer := flag.String("errno", "EPERM", "what the calls fail with: EPERM or ENOSYS")
	flag.Usage = func() { fmt.Fprintln(os.Stderr, "usage: nouring [-errno ENOSYS] command [argument ...]") }
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*answer, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "nouring:", err)
		os.Exit(126)
	}
}
