package mem

import (
	"bytes"
	"testing"
)

func filled(a *Allocator, text []byte) *Payload {
	var w Writer
	w.Init(a, 512)
	_, _ = w.Write(text)
	p := new(Payload)
	p.Fill(&w)
	return p
}

// Whatever becomes of a body, each of its leases goes home once, and nobody can use it again.
func TestPayloadGoesHomeOnce(t *testing.T) {
	body := text(5000, 1)
	for name, fate := range map[string]func(t *testing.T, p *Payload, out *Segments){
		"dropped": func(t *testing.T, p *Payload, out *Segments) { p.Release() },
		"sent": func(t *testing.T, p *Payload, out *Segments) {
			if err := p.AppendTo(out); err != nil {
				t.Error(err)
			}
			if got := contents(t, out); !bytes.Equal(got, body) {
				t.Error("sent bytes differ")
			}
		},
		"handed over, tried three times, given up": func(t *testing.T, p *Payload, out *Segments) {
			var sender Payload
			if err := p.MoveTo(&sender); err != nil {
				t.Error(err)
			}
			for sent := range 3 {
				if err := sender.ShareTo(out); err != nil {
					t.Error(err)
				}
				if got := contents(t, out); !bytes.Equal(got, body) {
					t.Error("an attempt's bytes differ")
				}
				out.Discard(sent * 1700) // the connection fails somewhere
				out.Release()
			}
			sender.Release()
		},
		"handed over and still being sent when given up": func(t *testing.T, p *Payload, out *Segments) {
			var sender Payload
			_ = p.MoveTo(&sender)
			_ = sender.ShareTo(out)
			sender.Release()
			if got := contents(t, out); !bytes.Equal(got, body) {
				t.Error("bytes on their way changed with the release")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(Config{})
			defer closeAll(t, a)
			p := filled(a, body)
			if p.Len() != len(body) || p.Spent() {
				t.Fatalf("Len %d, Spent %v before", p.Len(), p.Spent())
			}
			var out Segments
			out.Init(a)
			fate(t, p, &out)
			if !p.Spent() || p.Len() != 0 {
				t.Errorf("Spent %v, Len %d afterwards", p.Spent(), p.Len())
			}
			var other Payload
			for _, err := range []error{p.AppendTo(&out), p.ShareTo(&out), p.MoveTo(&other)} {
				if err != ErrSpent {
					t.Errorf("a second use: %v, want ErrSpent", err)
				}
			}
			p.Release() // the giver's, deferred
			out.Release()
		})
	}
}

func TestPayloadEmptyIsABody(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	p := filled(a, nil)
	if p.Spent() || p.Len() != 0 {
		t.Errorf("Spent %v, Len %d", p.Spent(), p.Len())
	}
	var out Segments
	out.Init(a)
	if err := p.AppendTo(&out); err != nil || out.Len() != 0 {
		t.Errorf("AppendTo: %v, %d bytes", err, out.Len())
	}
}

// What a writer reserved and never wrote goes home with the hand-over.
func TestPayloadLeavesReservations(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	w.Init(a, 512)
	w.Reserve(10)
	var p Payload
	p.Fill(&w)
	p.Release()
}

func TestPayloadRefill(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	p := filled(a, []byte("one"))
	var w Writer
	w.Init(a, 512)
	_, _ = w.WriteString("two")
	if got := panicOf(func() { p.Fill(&w) }); got != panicFill {
		t.Errorf("Fill of a full one: panic %v", got)
	}
	var q Payload
	q.Fill(&w)
	if got := panicOf(func() { _ = p.MoveTo(&q) }); got != panicFill {
		t.Errorf("MoveTo a full one: panic %v", got)
	}
	p.Release()
	_ = q.MoveTo(p)
	if got := p.s.Flatten(); string(got) != "two" {
		t.Errorf("refilled with %q", got)
	}
	p.Release()
}

func TestPayloadAllocatesNothing(t *testing.T) {
	if guard {
		t.Skip("checking builds remember stacks")
	}
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	var p, q Payload
	var out Segments
	w.Init(a, 512)
	out.Init(a)
	body := text(5000, 1)
	if n := testing.AllocsPerRun(100, func() {
		_, _ = w.Write(body)
		p.Fill(&w)
		_ = p.MoveTo(&q)
		_ = q.ShareTo(&out)
		out.Release()
		_ = q.ShareTo(&out)
		q.Release()
		out.Release()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
