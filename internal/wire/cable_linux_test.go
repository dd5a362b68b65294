package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

func newCable(t *testing.T) *Cable {
	t.Helper()
	c, err := New(1)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// joined is a connection over the cable.
func joined(t *testing.T, c *Cable) (a, b net.Conn) {
	t.Helper()
	ln, err := c.A.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if b, err = c.B.Dial(ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if a, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a, b
}

// transfer sends bytes from b to a and returns how long that took.
func transfer(t *testing.T, a, b net.Conn, n int) time.Duration {
	t.Helper()
	began, sent := time.Now(), bytes.Repeat([]byte("0123456789abcdef"), n/16)
	go func() { _, _ = b.Write(sent) }()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(a, got); err != nil || !bytes.Equal(got, sent) {
		t.Fatal("what came is not what was sent: ", err)
	}
	return time.Since(began)
}

// TCP makes up for every fault; each of them is there.
func TestFaults(t *testing.T) {
	c := newCable(t)
	a, b := joined(t, c)
	transfer(t, a, b, 1<<20)
	var packets atomic.Int32
	c.Tap(func(*End, []byte) { packets.Add(1) })
	transfer(t, a, b, 256<<10)
	c.Tap(nil)
	if n := packets.Load(); n < 256<<10/1500 {
		t.Errorf("%d packets were seen", n)
	}
	for _, f := range []Faults{{Loss: .05}, {Double: .5}, {Delay: time.Millisecond, Jitter: 2 * time.Millisecond}} {
		c.Set(f)
		took := transfer(t, a, b, 256<<10)
		if f.Delay > 0 && took < f.Delay {
			t.Errorf("%v: with a delay of %v", took, f.Delay)
		}
	}
	c.Set(Faults{Cut: true})
	_, _ = b.Write([]byte("lost"))
	_ = a.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := a.Read(make([]byte, 9)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("through a cable that is cut: %d, %v", n, err)
	}
}

// What is too long vanishes; an interface that may not send it helps.
func TestMTU(t *testing.T) {
	c := newCable(t)
	a, b := joined(t, c)
	c.Set(Faults{Max: 600})
	_, _ = b.Write(make([]byte, 4096))
	_ = a.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := io.ReadFull(a, make([]byte, 4096)); err == nil {
		t.Errorf("%d bytes came through", n)
	}
	_ = a.SetReadDeadline(time.Time{})
	if err := c.B.SetMTU(600); err != nil {
		t.Fatal(err)
	}
	c.Set(Faults{})
	a, b = joined(t, c)
	c.Set(Faults{Max: 600})
	transfer(t, a, b, 64<<10)
}

// A link that is down and up again.
func TestLink(t *testing.T) {
	c := newCable(t)
	a, b := joined(t, c)
	if err := c.B.SetLink(false); err != nil {
		t.Fatal(err)
	}
	if _, err := c.B.Dial(c.A.Addr + ":1"); !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("over a link that is down: %v", err)
	}
	if err := c.B.SetLink(true); err != nil {
		t.Fatal(err)
	}
	transfer(t, a, b, 64<<10)
}

// A reset made from a segment that was seen ends the connection.
func TestInject(t *testing.T) {
	c := newCable(t)
	a, b := joined(t, c)
	c.Tap(func(from *End, packet []byte) {
		if s, ok := ParseTCP(packet); ok && from == c.B && len(s.Data) > 0 {
			reset := TCP{Src: s.Src, Dst: s.Dst, SrcPort: s.SrcPort, DstPort: s.DstPort, Seq: s.Seq, Flags: RST}
			c.Inject(c.A, reset.Packet())
		}
	})
	_, _ = b.Write([]byte("x"))
	if n, err := a.Read(make([]byte, 9)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%d, %v, want a reset", n, err)
	}
}
