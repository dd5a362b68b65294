package ringwire

import (
	"fmt"
	"strings"
	"testing"
)

// What docs/MEMORY.md says that one connection holds at most, without its response, by the
// defaults and in bytes of leases, which are up to four times what is in them.
const worstConnection = 256<<10 + // kept input: conn.Config.MaxPending and one receive
	256<<10 + // output: conn.Config.HighWater
	16<<10 + // head: Config.MaxHeaderBytes
	16<<10 + // trailers: h1.Limits.Trailers
	maxDecoded + maxDecoded + // decoded text, and the room behind it
	1<<20 + 1<<20 + // body: Config.BodyBuffer, twice
	64<<10 // the last piece of each before

// A connection that does its worst stays within that sum.
func TestWorstConnection(t *testing.T) {
	if raceEnabled {
		t.Skip("checking builds round to pages")
	}
	_, encoded := escaped(2000)
	most := 0
	var p *nullPeer
	measure := func() {
		flattened := p.svc.alloc.Stats().Classes[6].Leased // above the largest class
		most = max(most, leased(p.svc.alloc)+flattened<<20)
	}
	p = newNullPeer(t, &Server{Handler: HandlerFunc(func(w *ResponseWriter, r *Request) {
		measure()
		if body, err := r.Body.View(); err != nil || len(body) != 1<<20 {
			t.Errorf("%d bytes of body, %v", len(body), err)
		}
		for range 100 {
			_, _ = r.QueryView("q")
		}
		measure()
	})})
	head := fmt.Sprintf("POST /?q=%s HTTP/1.1\r\nHost: h\r\nX-Pad: %s\r\nTransfer-Encoding: chunked\r\n\r\n", encoded, strings.Repeat("p", 9000))
	p.receive([]byte(head))
	for range 256 {
		p.receive([]byte(chunk(pattern(4096))))
	}
	p.receive([]byte("0\r\nX: "))
	p.receive([]byte(strings.Repeat("t", 7000) + "\r\n\r\n"))
	t.Logf("%d KiB", most>>10)
	if most < 1<<20 || most > worstConnection {
		t.Errorf("%d bytes were leased, want at least the body, and %d at most", most, worstConnection)
	}
	if n := leased(p.svc.alloc); n != 0 {
		t.Errorf("%d bytes are leased at the end", n)
	}
}
