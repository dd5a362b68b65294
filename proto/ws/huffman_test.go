package ws

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// Any lengths are a code for the table if they are one for the oracle, and then each code stands for the same symbol, whatever
// follows it.
func FuzzHuffman(f *testing.F) {
	full := make([]byte, 286)
	for i := range full {
		full[i] = byte(min(i+1, 15)) // as deep as can be, and too many
	}
	for _, p := range [][]byte{{1}, {1, 1}, {0, 2}, {1, 2, 2}, {2, 2, 2, 2, 2}, {}, full, full[:16]} {
		f.Add(p, uint64(1))
	}
	f.Fuzz(func(t *testing.T, p []byte, seed uint64) {
		lengths := slices.Clone(p[:min(len(p), 286)])
		if len(p) == 0 {
			lengths = randomLengths(rand.New(rand.NewPCG(seed, 1)))
		}
		n := make([]int, len(lengths))
		for i := range lengths {
			lengths[i] &= 15
			n[i] = int(lengths[i])
		}
		want, bad := oracleCodes(n)
		h := huffman{table: make([]huffEntry, litTable)}
		if ok := h.build(litRoot, lengths, litMeans[:]); ok == bad {
			t.Fatalf("%v: a code: %v", lengths, ok)
		}
		if bad {
			return
		}
		for code, symbol := range want {
			size := bits.Len(uint(code)) - 1
			first := bits.Reverse64(uint64(code) << (64 - size)) // without the one in front, the first bit lowest
			for _, behind := range []uint64{0, ^uint64(0)} {
				e, used := h.look(first | behind<<size)
				if e>>4 != litMeans[symbol]>>4 || used != uint(size) {
					t.Fatalf("%v: code %b is %x of %d bits, want symbol %d", lengths, code, e, used, symbol)
				}
			}
		}
	})
}

func oracleCodes(lengths []int) (cs codes, bad bool) {
	defer func() { bad = recover() != nil }()
	return codesOf(lengths), false
}

// randomLengths is a complete code of up to 286 symbols: leaves of a tree that is split at random.
func randomLengths(rng *rand.Rand) []byte {
	leaves := []byte{1, 1}
	for range rng.IntN(285) {
		i := rng.IntN(len(leaves))
		if rng.IntN(3) > 0 {
			i = len(leaves) - 1 // deep
		}
		if leaves[i] < maxCode {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		}
	}
	rng.Shuffle(len(leaves), func(i, j int) { leaves[i], leaves[j] = leaves[j], leaves[i] })
	return leaves
}
