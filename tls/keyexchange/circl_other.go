//go:build !amd64 || purego

package keyexchange

import "runtime"

// circl is not even linked where nobody has measured it.
var circl [len(specs)]impl

func circlUnfit() string {
	return "circl was measured to be faster on amd64, with assembly; this is " + runtime.GOARCH
}

func wipeDecapsulationKey(any) {} // the standard library's cannot be reached
