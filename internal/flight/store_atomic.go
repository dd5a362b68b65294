//go:build !amd64 || race

package flight

import "sync/atomic"

// store is a store that releases: who sees it sees what was stored before.
func store(p *atomic.Uint64, v uint64) { p.Store(v) }
