package tls

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/ringwire/ringwire/mem"
)

// maxSessionSize is what an established session may take of the heap.
const maxSessionSize = 2560

// maxRestingSize is what one may take that rests.
const maxRestingSize = 768

func TestSessionSize(t *testing.T) {
	if mem.Checking {
		t.Skip("the race detector has memory of its own in every object")
	}
	clients := loopOf(t, engine(t, clientConfig(), Client))
	servers := loopOf(t, engine(t, serverConfig(), Server))
	kept := make([]*Session, 200)
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	connect := func(i int) {
		client, server := clients.Dial(""), servers.Accept()
		meet(t, client, server)
		client.Abort()
		kept[i] = server
	}
	connect(0)
	before := heap()
	for i := range kept {
		connect(i)
	}
	each := (heap() - before) / uint64(len(kept))
	t.Logf("%d bytes a session, of them %d the struct", each, unsafe.Sizeof(Session{}))
	if each > maxSessionSize {
		t.Errorf("%d bytes a session, want at most %d", each, maxSessionSize)
	}
	for _, s := range kept {
		s.Rest()
	}
	rests := (heap() - before) / uint64(len(kept))
	t.Logf("%d bytes a session that rests", rests)
	if rests > maxRestingSize {
		t.Errorf("%d bytes a session that rests, want at most %d", rests, maxRestingSize)
	}
	for _, s := range kept {
		s.Abort()
	}
}
