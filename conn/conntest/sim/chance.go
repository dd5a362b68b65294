package sim

// chances are a stream of random numbers (splitmix64). Each connection has its own, made from the
// seed and the connection's key, so that what befalls one does not depend on which others there are:
// that is what lets a failing run be made smaller.
type chances struct{ state uint64 }

func newChances(seed, key uint64) chances {
	c := chances{seed ^ key*0x9e3779b97f4a7c15}
	c.next()
	return c
}

func (c *chances) next() uint64 {
	c.state += 0x9e3779b97f4a7c15
	z := c.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intN is a number from 0 to n-1.
func (c *chances) intN(n int) int { return int(c.next() >> 33 * uint64(n) >> 31) }

// of is true in permille of 1000 cases.
func (c *chances) of(permille int) bool { return permille > 0 && c.intN(1000) < permille }
