package world

import (
	"bytes"
	"testing"
)

// A stream is the same in one piece and in several, and another's, or the same a byte further on, is seen.
func TestStream(t *testing.T) {
	key := Key(7, 3, FromServer)
	whole := make([]byte, 1000)
	Fill(whole, key, 0)
	for at := range 40 {
		for _, n := range []int{0, 1, 7, 8, 9, 500} {
			piece := make([]byte, n)
			if Fill(piece, key, int64(at)); !bytes.Equal(piece, whole[at:at+n]) {
				t.Fatalf("%d bytes at %d are not those of the whole", n, at)
			}
			if i := Check(piece, key, int64(at)); i != -1 {
				t.Fatalf("%d bytes at %d: wrong at %d", n, at, i)
			}
			if n == 0 {
				continue
			}
			piece[n-1] ^= 1
			if i := Check(piece, key, int64(at)); i != n-1 {
				t.Fatalf("%d bytes at %d, of which the last is wrong: it is said to be %d", n, at, i)
			}
		}
	}
	for _, other := range []uint64{Key(8, 3, FromServer), Key(7, 4, FromServer), Key(7, 3, FromClient)} {
		if Check(whole, other, 0) < 0 || Check(whole, other, 0) > 8 {
			t.Errorf("the stream passes for another's")
		}
	}
	if i := Check(whole[1:], key, 0); i < 0 || i > 8 {
		t.Error("the stream passes for itself a byte earlier")
	}
}
