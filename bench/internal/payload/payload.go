// Package payload is the body of downloads: bytes that every server has in memory, or nginx in a file, before the
// first request, so that a download costs what sending costs.
package payload

import "sync"

// Max is the longest download.
const Max = 16 << 20

// all is made when first asked for: a server without downloads must not have a larger heap for it, which is collected
// less often.
var all = sync.OnceValue(func() []byte {
	p := make([]byte, Max)
	for i := range p {
		p[i] = 'a' + byte((i+i/26)%26)
	}
	return p
})

// Bytes returns the first n bytes. The slice is shared and must not be written to.
func Bytes(n int) []byte { return all()[:min(n, Max):min(n, Max)] }
