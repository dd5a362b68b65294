//go:build linux

package ring

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// On a kernel that has them, the required ways must be found to work, and the
// answer must come fast.
func TestSelfTest(t *testing.T) {
	rep := Probe()
	if rep.Refused != nil || rep.Kernel.Less(Version{6, 1}) {
		t.Skipf("needs Linux 6.1 with io_uring: %v", rep.Refused)
	}
	res := SelfTest()
	if err := res.Err(); err != nil {
		t.Errorf("%s: %v", rep.Release, err)
	}
	if res.Took <= 0 || res.Took > 10*time.Second {
		t.Errorf("took %v", res.Took)
	}
	if again := SelfTest(); again != res {
		t.Error("tested twice")
	}
	for name, verdict := range map[string]struct {
		err error
		f   Feature
	}{"bundles": {res.Bundles, CanBundles}, "incremental": {res.Incremental, CanIncremental}} {
		var e *Error
		switch {
		case verdict.err == nil && !rep.Has(verdict.f):
			t.Errorf("%s work though the probe says %v", name, rep.Why(verdict.f))
		case errors.As(verdict.err, &e) && e.Kind == Misbehaves:
			t.Logf("%s: %v", name, e) // a verdict on the kernel, not on this package
		}
	}
}

func TestSelfTestResultErr(t *testing.T) {
	boom := errors.New("boom")
	for name, res := range map[string]SelfTestResult{
		"accept": {Accept: boom}, "receive": {Receive: boom}, "cancel": {Cancel: boom}, "finish": {Finish: boom},
	} {
		if res.Err() != boom {
			t.Errorf("%s is not required", name)
		}
	}
	if res := (SelfTestResult{Reset: boom, Bundles: boom, Incremental: boom}); res.Err() != nil {
		t.Error("an optional way is required")
	}
}

// newTester is a self-test's ring and connection, with a stream set up on it.
func newTester(t *testing.T) *tester {
	needs(t, CanMultishotAccept)
	newRing(t, Config{Entries: 4}).Close() // locks the thread, or skips
	tt := &tester{}
	t.Cleanup(tt.close)
	if err := tt.open(); err != nil {
		t.Skip(err)
	}
	if err := tt.accept(); err != nil {
		t.Fatal(err)
	}
	return tt
}

// A self-test that cannot fail would be worthless: each kind of misbehaviour is
// shown to the stream's checker as the kernel would.
func TestStreamNotices(t *testing.T) {
	tt := newTester(t)
	if err := tt.provide(BufRingConfig{Entries: 4, Size: 64}); err != nil {
		t.Skip(err)
	}
	fresh := func() *stream {
		return &stream{tester: tt, what: "x", data: []byte("0123456789"), sent: 10, sending: true, armed: true}
	}
	copy(tt.bufs.Buffer(1), "0123456789")
	copy(tt.bufs.Buffer(2), "0132456789")
	recv := func(bid uint32, res int32, flags uint32) CQE {
		return CQE{UserData: tagRecv, Res: res, Flags: flags | bid<<CQEBufferShift}
	}
	for name, c := range map[string]struct {
		cqe  CQE
		want string
	}{
		"good":                 {recv(1, 10, CQEFBuffer|CQEFMore), ""},
		"good, not armed":      {recv(1, 10, CQEFBuffer), ""},
		"swapped bytes":        {recv(2, 10, CQEFBuffer|CQEFMore), "byte 2 of 10"},
		"too many bytes":       {recv(1, 11, CQEFBuffer|CQEFMore), "byte 10 of 10"},
		"no buffer":            {recv(1, 10, CQEFMore), "receive: result 10"},
		"an error":             {recv(0, -int32(unix.EINVAL), 0), "receive: result -22"},
		"dry and armed":        {recv(0, -int32(unix.ENOBUFS), CQEFMore), "armed after ENOBUFS"},
		"dry":                  {recv(0, -int32(unix.ENOBUFS), 0), ""},
		"short send":           {CQE{UserData: tagSend, Res: 9}, "send: result 9 of 10"},
		"somebody else's":      {CQE{UserData: 99}, "stray"},
		"end of stream before": {recv(0, 0, 0), "receive: result 0"},
	} {
		s := fresh()
		cqe := c.cqe
		err := s.complete(&cqe, 10)
		for _, id := range s.used {
			tt.bufs.Recycle(id)
		}
		var e *Error
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (!errors.As(err, &e) || e.Kind != Misbehaves || !strings.Contains(e.Cause, c.want)):
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestDrainTimesOut(t *testing.T) {
	tt := newTester(t)
	start := time.Now()
	err := tt.drain("silence", func(*CQE) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "no completion") || time.Since(start) < selfTestWait {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

// A trial that is made up for does not hold a start up for as long.
func TestDrainHasty(t *testing.T) {
	tt := newTester(t)
	tt.hasty = true
	start := time.Now()
	if err := tt.drain("silence", func(*CQE) error { return nil }); err == nil || time.Since(start) < hastyWait || time.Since(start) >= selfTestWait {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

// The chunks reach every case that the stream test promises.
func TestStreamChunks(t *testing.T) {
	total, over := 0, 0
	for _, n := range streamChunks {
		total += n
		if n > 1024 {
			over++
		}
	}
	if over < 2 || total < 4096 {
		t.Errorf("%d bytes with %d chunks larger than a group", total, over)
	}
}
