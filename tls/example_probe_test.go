package tls_test

import (
	stdtls "crypto/tls"
	"fmt"

	"github.com/ringwire/ringwire/tls"
)

// What a configuration needs is compared with what there is when it is built, not when the
// first client comes.
func ExampleCapabilities_Missing() {
	have := tls.Probe()
	need := []tls.Capability{
		tls.CanTLS13,
		tls.GroupCapability(stdtls.CurveP256),
		tls.GroupCapability(0x6a6a), // nobody's
	}
	for _, m := range have.Missing(need...) {
		fmt.Println("missing", m)
	}
	// Output: missing group CurveID(27242): it is not known here
}
