package world

import "math/rand/v2"

// newRand are the random numbers of one client, or, with number 0, of the world itself.
func newRand(seed, number uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, mix(number)))
}

// size is a length up to most: short as a rule, long now and then.
func size(r *rand.Rand, most int) int {
	top := 200
	switch n := r.IntN(100); {
	case n == 0:
		top = most
	case n < 8:
		top = 20_000
	case n < 35:
		top = 3000
	}
	return r.IntN(min(top, most) + 1)
}
