// Package oldkernel lets tests run as on an older kernel. A test file imports it for that alone:
//
//	RINGWIRE_TEST_KERNEL=6.0 go test -count=1 ./conn/conntest
//
// The process then has the io_uring of that kernel, as far as the real one has it: see
// ring.EmulateKernel. Without the variable nothing happens. The -count=1 is because go test does not
// see that a result hangs on the variable.
package oldkernel

import (
	"fmt"
	"os"
)

// Env is the variable that names the kernel.
const Env = "RINGWIRE_TEST_KERNEL"

func init() {
	text := os.Getenv(Env)
	if text == "" {
		return
	}
	if err := emulate(text); err != nil {
		fmt.Fprintf(os.Stderr, "%s=%s: %v\n", Env, text, err)
		os.Exit(2)
	}
}
