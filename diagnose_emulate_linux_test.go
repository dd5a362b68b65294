package ringwire

import (
	"testing"

	"github.com/ringwire/ringwire/ring"
)

// emulateOld pretends to be on 5.19.
func emulateOld(*testing.T) (restore func()) {
	return ring.EmulateKernel(ring.Version{Major: 5, Minor: 19})
}
