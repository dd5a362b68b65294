package payload

import (
	"bytes"
	"testing"
)

func TestBytes(t *testing.T) {
	if n := len(Bytes(Max + 1)); n != Max {
		t.Errorf("%d bytes of more than there are, want all %d", n, Max)
	}
	// A server that sends a piece twice, or leaves one out, must be found out.
	p := Bytes(3 << 14)
	if first, second := p[:1<<14], p[1<<14:2<<14]; bytes.Equal(first, second) {
		t.Error("two records' worth are the same")
	}
	if cap(p) != len(p) {
		t.Error("an append would write to what is shared")
	}
}
