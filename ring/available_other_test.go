//go:build !linux

package ring

import (
	"errors"
	"testing"
)

func TestUnavailable(t *testing.T) {
	if err := Available(); !errors.Is(err, errors.ErrUnsupported) {
		t.Fatalf("got %v, want an unsupported error", err)
	}
}
