package ringwire

import (
	"testing"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/h1"
)

// Trailers that outlive the receive buffer cost no allocation, and nothing of them stays.
func TestTrailersAllocs(t *testing.T) {
	if raceEnabled || testConfig("").DisablePooling {
		t.Skip("here every lease is an allocation")
	}
	a := mem.NewAllocator(mem.Config{})
	from := a.Account("trailers")
	var eng h1.Engine
	limits := h1.Limits{}.WithDefaults()
	eng.Init(h1.Server, &limits)
	var head h1.Head
	raw := []byte(postChunked("/") + "0\r\nX-Sum: 12\r\nEmpty:\r\ny:z \r\n\r\n")
	for len(raw) > 0 {
		ev := eng.Next(raw, &head)
		if ev.Kind == h1.Fail {
			t.Fatal(ev.Err)
		}
		raw = raw[ev.N:]
	}
	var tr trailers
	n := testing.AllocsPerRun(100, func() {
		tr.keep(&head, from)
		tr.keep(&head, from) // once is enough
		if len(tr.fields) != 3 || string(tr.fields[0].value) != "12" || string(tr.fields[1].name) != "Empty" ||
			len(tr.fields[1].value) != 0 || string(tr.fields[2].value) != "z" {
			t.Errorf("kept %q", tr.fields)
		}
		tr.release()
	})
	if n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	if all := tr.fields[:3]; all[0].name != nil || all[2].value != nil {
		t.Error("released memory is still reachable")
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// Many of them are not kept room for.
func TestTrailersMany(t *testing.T) {
	a := mem.NewAllocator(mem.Config{})
	tr := trailers{fields: make([]field, 0, 2*maxKeptFields), lease: a.Lease(1)}
	tr.release()
	tr.release()
	if tr.fields != nil {
		t.Errorf("room for %d fields is kept", cap(tr.fields))
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
