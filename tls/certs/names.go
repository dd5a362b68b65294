package certs

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"slices"
	"strings"
)

// names finds the pairs that are for a name. It is built once and then only read. Its pairs are in order of
// preference.
type names struct {
	exact    map[string][]*pair
	wildcard map[string][]*pair // by what stands behind "*."
	pairs    []*pair            // all, in the order of their sources
}

// maxName is the longest name in DNS, in bytes of its text (RFC 1035 §2.3.4).
const maxName = 253

func newNames(pairs []*pair) *names {
	n := &names{make(map[string][]*pair), make(map[string][]*pair), pairs}
	for _, p := range pairs {
		for _, name := range p.leaf().DNSNames {
			n.add(strings.ToLower(strings.TrimSuffix(name, ".")), p)
		}
	}
	for _, m := range []map[string][]*pair{n.exact, n.wildcard} {
		for _, list := range m {
			slices.SortStableFunc(list, func(a, b *pair) int { return cmp.Compare(rank(a), rank(b)) })
		}
	}
	return n
}

// add files p under a name of its certificate. A wildcard is the whole of the first label and
// stands for one label (RFC 9525 §6.3); any other use of "*" is for no name.
func (n *names) add(name string, p *pair) {
	m := n.exact
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		name, m = rest, n.wildcard
	}
	if name == "" || strings.Contains(name, "*") || slices.Contains(m[name], p) {
		return
	}
	m[name] = append(m[name], p)
}

// rank orders the certificates of one name. ECDSA signs many times faster than RSA and makes a shorter
// flight; a kind that few clients know comes after the one that all know, because they choose.
func rank(p *pair) int {
	switch p.leaf().PublicKey.(type) {
	case *ecdsa.PublicKey:
		return 0
	case ed25519.PublicKey:
		return 1
	case *rsa.PublicKey:
		return 3
	}
	return 2
}

// find returns the pairs for a name, those that have it as it stands and those with a wildcard.
// Case does not matter. It does not allocate.
func (n *names) find(name string) (exact, wildcard []*pair) {
	if name == "" || len(name) > maxName {
		return nil, nil
	}
	var room [maxName]byte
	lower := room[:len(name)]
	dot := -1
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c == '.' && dot < 0 {
			dot = i
		}
		lower[i] = c
	}
	if dot > 0 {
		wildcard = n.wildcard[string(lower[dot+1:])]
	}
	return n.exact[string(lower)], wildcard
}

// len is how many names there are.
func (n *names) len() int { return len(n.exact) + len(n.wildcard) }
