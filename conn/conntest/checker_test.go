package conntest

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/ringwire/ringwire/conn"
)

// silent is a user that does nothing.
type silent struct{}

func (silent) Opened(uint32)           {}
func (silent) Received(uint32, []byte) {}
func (silent) Ended(uint32, error)     {}
func (silent) Sent(uint32, int, error) {}
func (silent) Closed(uint32)           {}
func (silent) AcceptFailed(error)      {}
func (silent) Turn(int64) int64        { return 0 }

// hollow is a driver that does nothing. What it would have done is played by the test.
type hollow struct {
	conn.Driver
	onSend  func()
	onClose func()
	now     int64

	onAdopt func()
	adopts  uint32
	refuses error
}

func (h *hollow) Receive(uint32) {}
func (h *hollow) Send(uint32, [][]byte) {
	if h.onSend != nil {
		h.onSend()
	}
}
func (h *hollow) Close(uint32) {
	if h.onClose != nil {
		h.onClose()
	}
}
func (h *hollow) Now() int64   { return h.now }
func (h *hollow) Clock() int64 { return h.now }
func (h *hollow) Adopt(net.Conn) (uint32, error) {
	if h.onAdopt != nil {
		h.onAdopt()
	}
	return h.adopts, h.refuses
}
func (h *hollow) Stop() {}

func adopt(k *Checker) { _, _ = k.Adopt(nil) }

// adopter adopts in Closed.
type adopter struct {
	silent
	k *Checker
}

func (a *adopter) Closed(uint32) { adopt(a.k) }

// TestCheckerAdoptsInClosed: the old id ends although the table of ids moves meanwhile.
func TestCheckerAdoptsInClosed(t *testing.T) {
	h := &hollow{adopts: 1}
	k := NewChecker(h)
	k.Wrap(&adopter{k: k})
	k.Opened(0)
	k.Close(0)
	k.Closed(0)
	if k.state(0).open || !k.state(1).open {
		t.Error("id 0 counts as open, or 1 does not")
	}
}

// TestCheckerCatches plays drivers with one fault each.
func TestCheckerCatches(t *testing.T) {
	one := [][]byte{{1, 2, 3}}
	for _, c := range []struct {
		want string
		play func(k *Checker, h *hollow)
	}{
		{"the id is open", func(k *Checker, _ *hollow) { k.Opened(0); k.Opened(0) }},
		{"ids so far", func(k *Checker, _ *hollow) { k.Opened(3) }},
		{"a new id although", func(k *Checker, _ *hollow) { k.Opened(0); k.Close(0); k.Closed(0); k.Opened(1) }},
		{"Adopt(0): the id is open", func(k *Checker, _ *hollow) { k.Opened(0); adopt(k) }},
		{"Adopt(3): ids so far", func(k *Checker, h *hollow) { h.adopts = 3; adopt(k) }},
		{"Adopt(1): a new id although", func(k *Checker, h *hollow) {
			adopt(k)
			k.Close(0)
			k.Closed(0)
			h.adopts = 1
			adopt(k)
		}},
		{"inside or beside", func(k *Checker, h *hollow) {
			h.onAdopt = func() { k.Opened(0) }
			k.Task(func() { adopt(k) }).RunTask()
		}},
		{"Adopt: 0 after Run returned", func(k *Checker, _ *hollow) { k.Finished(); adopt(k) }},
		{"not open", func(k *Checker, h *hollow) {
			h.refuses = syscall.EMFILE
			adopt(k)
			k.Received(0, []byte{1})
		}},
		{"EOF) before Receive", func(k *Checker, _ *hollow) { adopt(k); k.Ended(0, io.EOF) }},
		{"before Receive", func(k *Checker, _ *hollow) { k.Opened(0); k.Received(0, []byte{1}) }},
		{"EOF) before Receive", func(k *Checker, _ *hollow) { k.Opened(0); k.Ended(0, io.EOF) }},
		{"of no bytes", func(k *Checker, _ *hollow) { k.Opened(0); k.Receive(0); k.Received(0, nil) }},
		{"after Ended", func(k *Checker, _ *hollow) {
			k.Opened(0)
			k.Receive(0)
			k.Ended(0, io.EOF)
			k.Received(0, []byte{1})
		}},
		{"twice", func(k *Checker, _ *hollow) {
			k.Opened(0)
			k.Receive(0)
			k.Ended(0, io.EOF)
			k.Ended(0, syscall.ECONNRESET)
		}},
		{"without an error", func(k *Checker, _ *hollow) { k.Opened(0); k.Receive(0); k.Ended(0, nil) }},
		{"not open", func(k *Checker, _ *hollow) { k.Received(5, []byte{1}) }},
		{"without Send", func(k *Checker, _ *hollow) { k.Opened(0); k.Sent(0, 0, nil) }},
		{"of 3 bytes", func(k *Checker, _ *hollow) { k.Opened(0); k.Send(0, one); k.Sent(0, 2, nil) }},
		{"of 3 bytes", func(k *Checker, _ *hollow) { k.Opened(0); k.Send(0, one); k.Sent(0, 4, nil) }},
		{"inside Send", func(k *Checker, h *hollow) {
			k.Opened(0)
			h.onSend = func() { k.Sent(0, 3, nil) }
			k.Send(0, one)
		}},
		{"after Close", func(k *Checker, _ *hollow) { k.Opened(0); k.Send(0, one); k.Close(0); k.Sent(0, 3, nil) }},
		{"inside Close", func(k *Checker, h *hollow) {
			k.Opened(0)
			h.onClose = func() { k.Closed(0) }
			k.Close(0)
		}},
		{"without Close or Stop", func(k *Checker, _ *hollow) { k.Opened(0); k.Closed(0) }},
		{"not open", func(k *Checker, _ *hollow) { k.Opened(0); k.Close(0); k.Closed(0); k.Closed(0) }},
		{"without Closed", func(k *Checker, _ *hollow) { k.Opened(0); k.Stop(); k.Finished() }},
		{"after Run returned", func(k *Checker, _ *hollow) { k.Finished(); k.Opened(0) }},
		{"AcceptFailed without", func(k *Checker, _ *hollow) { k.AcceptFailed(nil) }},
		{"time went back", func(k *Checker, h *hollow) { h.now = 5; k.Turn(5); h.now = 4; k.Turn(4) }},
		{"Now is", func(k *Checker, h *hollow) { h.now = 5; k.Turn(6) }},
		{"inside or beside", func(k *Checker, _ *hollow) { k.enter("Turn", 0); k.Opened(0) }},
		{"inside or beside", func(k *Checker, _ *hollow) { k.Task(func() { k.Opened(0) }).RunTask() }},
	} {
		h := &hollow{}
		k := NewChecker(h)
		k.Wrap(silent{})
		c.play(k, h)
		if f := strings.Join(k.Faults(), "\n"); !strings.Contains(f, c.want) {
			t.Errorf("faults %q do not tell of %q", f, c.want)
		}
	}
}

// TestCheckerContent: a driver that keeps the contract has no faults.
func TestCheckerContent(t *testing.T) {
	k := NewChecker(&hollow{})
	k.Wrap(silent{})
	k.poison = []byte{0xEE}
	for range 2 {
		k.Opened(0)
		k.Receive(0)
		p := []byte("lent")
		k.Received(0, p)
		if string(p) == "lent" {
			t.Error("what was lent to Received survives it")
		}
		b := []byte("sent")
		k.Send(0, [][]byte{b})
		k.Sent(0, 4, nil)
		if string(b) == "sent" {
			t.Error("what was sent survives Sent")
		}
		k.Ended(0, io.EOF)
		k.Turn(0)
		k.Close(0)
		k.Closed(0)
	}
	k.Stop()
	k.Finished()
	if f := k.Faults(); len(f) > 0 {
		t.Errorf("faults of a good driver: %q", f)
	}
}
