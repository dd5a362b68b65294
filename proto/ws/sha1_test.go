package ws

import (
	"bytes"
	stdsha1 "crypto/sha1"
	"testing"
)

func sha1Long(p []byte) [20]byte { return stdsha1.Sum(p) }

func TestSHA1(t *testing.T) {
	for n := range 120 {
		p := bytes.Repeat([]byte{0xa5, byte(n), 0x80}, 40)[:n]
		if got, want := sha1(p), stdsha1.Sum(p); got != want {
			t.Errorf("%d bytes: %x, want %x", n, got, want)
		}
	}
}
