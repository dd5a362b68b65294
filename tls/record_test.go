package tls

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const aes128 = 0x1301

// Whatever a peer says against the protocol ends the session, with one alert that says why.
func TestViolations(t *testing.T) {
	set := func(at int, v byte) func(*far) []byte {
		return func(f *far) []byte {
			rec := f.record(typeData, []byte("data")...)
			rec[at] = v
			return rec
		}
	}
	sealed := func(contentType byte, p ...byte) func(*far) []byte {
		return func(f *far) []byte { return f.record(contentType, p...) }
	}
	for name, c := range map[string]struct {
		role Role
		rec  func(f *far) []byte
		want *ProtocolError
	}{
		"change_cipher_spec": {rec: func(*far) []byte { return []byte{20, 3, 3, 0, 1, 1} }, want: errOuterType},
		"plaintext alert":    {rec: func(*far) []byte { return []byte{21, 3, 3, 0, 2, 2, 40} }, want: errOuterType},
		"outer handshake":    {rec: set(0, 22), want: errOuterType},
		"version 3.1":        {rec: set(2, 1), want: errOuterVersion},
		"version 3.4":        {rec: set(2, 4), want: errOuterVersion},
		"version 2.3":        {rec: set(1, 2), want: errOuterVersion},
		"too long":           {rec: func(*far) []byte { return slices.Concat([]byte{23, 3, 3, 0x41, 1}, make([]byte, maxRecord+1)) }, want: errOuterLength},
		"longest":            {rec: func(*far) []byte { return slices.Concat([]byte{23, 3, 3, 0x41, 0}, make([]byte, maxRecord)) }, want: errBadMAC},
		"long plaintext":     {rec: func(f *far) []byte { return f.record(typeData, make([]byte, MaxPlaintext+1)...) }, want: errInnerLength},
		"long padding": {rec: func(f *far) []byte {
			return f.record(0, slices.Concat([]byte{'x', typeData}, make([]byte, MaxPlaintext-1))...)
		}, want: errInnerLength},
		"no tag":             {rec: func(*far) []byte { return []byte{23, 3, 3, 0, 0} }, want: errBadMAC},
		"short tag":          {rec: func(*far) []byte { return slices.Concat([]byte{23, 3, 3, 0, 15}, make([]byte, 15)) }, want: errBadMAC},
		"no content type":    {rec: func(f *far) []byte { return f.record(0) }, want: errInnerZero},
		"all zero":           {rec: func(f *far) []byte { return f.record(0, make([]byte, 1000)...) }, want: errInnerZero},
		"inner CCS":          {rec: sealed(typeChangeCipherSpec, 1), want: errInnerType},
		"inner type 24":      {rec: sealed(24, 1), want: errInnerType},
		"inner type 1":       {rec: sealed(1, 1), want: errInnerType},
		"alert of 1 byte":    {rec: sealed(typeAlert, 2), want: errAlertLength},
		"alert of 4 bytes":   {rec: sealed(typeAlert, 1, 0, 1, 0), want: errAlertLength},
		"alert of none":      {rec: sealed(typeAlert), want: errAlertLength},
		"handshake of none":  {rec: sealed(typeHandshake), want: errEmptyHandshake},
		"client hello":       {rec: sealed(typeHandshake, 1, 0, 0, 0), want: errPostType},
		"finished":           {rec: sealed(typeHandshake, 20, 0, 0, 32), want: errPostType},
		"cert request":       {Client, sealed(typeHandshake, 13, 0, 0, 1, 0), errPostType},
		"ticket to a server": {rec: sealed(typeHandshake, msgNewSessionTicket, 0, 0, 1, 0), want: errPostType},
		"long ticket":        {Client, sealed(typeHandshake, msgNewSessionTicket, 1, 0, 1), errPostLength},
		"end of early data":  {rec: sealed(typeHandshake, 5, 0, 0, 0), want: errPostType},
		"update of none":     {rec: sealed(typeHandshake, msgKeyUpdate, 0, 0, 0), want: errUpdateLength},
		"update of 2":        {rec: sealed(typeHandshake, msgKeyUpdate, 0, 0, 2, 0, 0), want: errUpdateLength},
		"update with 2":      {rec: sealed(typeHandshake, msgKeyUpdate, 0, 0, 1, 2), want: errUpdateValue},
		"update not last":    {rec: sealed(typeHandshake, msgKeyUpdate, 0, 0, 1, 0, msgKeyUpdate), want: errUpdateLast},
		"two updates":        {rec: sealed(typeHandshake, msgKeyUpdate, 0, 0, 1, 0, msgKeyUpdate, 0, 0, 1, 0), want: errUpdateLast},
	} {
		t.Run(name, func(t *testing.T) { f := ready(t, c.role, aes128); f.fails(c.rec(f), c.want) })
	}
}

// What a peer may do, and few do.
func TestOddButLegal(t *testing.T) {
	f := ready(t, Server, aes128)
	for _, c := range []struct {
		rec  []byte
		want string
	}{
		{f.record(0, slices.Concat([]byte("data"), []byte{typeData}, make([]byte, 1000))...), "data"},
		{f.record(0, slices.Concat([]byte("data"), []byte{typeData}, make([]byte, MaxPlaintext-5))...), "data"},
		{f.record(typeData, 'd', 0, 0), "d\x00\x00"},
		{f.record(typeData, pattern(MaxPlaintext)...), string(pattern(MaxPlaintext))},
	} {
		if v, err := f.give(c.rec); err != nil || v.Kind != Data || string(v.Data) != c.want {
			t.Errorf("got %v, kind %d, %.20q, want %.20q", err, v.Kind, v.Data, c.want)
		}
	}
}

// An attacker who repeats, drops, swaps, changes or cuts records is noticed at the first.
func TestTampering(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite uint16) {
		t.Run("replay", func(t *testing.T) {
			f := ready(t, Server, suite)
			rec := f.record(typeData, []byte("once")...)
			again := bytes.Clone(rec)
			if v, err := f.give(rec); err != nil || string(v.Data) != "once" {
				t.Fatal(err, v)
			}
			f.fails(again, errBadMAC)
		})
		t.Run("order", func(t *testing.T) {
			f := ready(t, Server, suite)
			f.record(typeData, []byte("lost")...)
			f.fails(f.record(typeData, []byte("second")...), errBadMAC)
		})
		t.Run("reflection", func(t *testing.T) {
			f := ready(t, Server, suite)
			f.write("ours")
			rec := bytes.Clone(f.wire.Segments().Flatten())
			f.read()
			f.fails(rec, errBadMAC)
		})
		t.Run("bits", func(t *testing.T) {
			for bit := range 8 * len(ready(t, Server, suite).record(typeData, []byte("data")...)) {
				f := ready(t, Server, suite)
				rec := f.record(typeData, []byte("data")...)
				if rec[bit/8] ^= 1 << (bit % 8); bit/8 == 3 || bit/8 == 4 {
					// Another length: what Open gets is then of another length, too.
					if n, missing := f.s.Frame(rec); n == 0 && missing > 0 {
						continue
					} else if n < len(rec) {
						rec = rec[:n]
					}
				}
				want := errBadMAC
				switch {
				case rec[0] != typeData:
					want = errOuterType
				case rec[1] != 3 || rec[2] != 3:
					want = errOuterVersion
				case int(rec[3])<<8+int(rec[4]) > maxRecord:
					want = errOuterLength
				}
				if _, err := f.s.Open(rec); err != error(want) {
					t.Fatalf("bit %d: %v, want %v", bit, err, want)
				}
			}
		})
		t.Run("cut", func(t *testing.T) {
			for n := range len(ready(t, Server, suite).record(typeData, []byte("data")...)) {
				f := ready(t, Server, suite)
				rec := f.record(typeData, []byte("data")...)[:n]
				if got, missing := f.s.Frame(rec); got != 0 || missing <= 0 || missing > 26-n {
					t.Fatalf("Frame of %d bytes of 26 says %d, %d", n, got, missing)
				}
				if n < Head {
					continue
				}
				rec[3], rec[4] = 0, byte(n-Head)
				if _, err := f.s.Open(rec); err != error(errBadMAC) {
					t.Fatalf("cut to %d: %v", n, err)
				}
			}
		})
	})
}

// Sixteen records in a row may bring nothing, and not one more; data begins the count again.
func TestUseless(t *testing.T) {
	for name, useless := range map[string]func(f *far) []byte{
		"empty":         func(f *far) []byte { return f.record(typeData) },
		"padded":        func(f *far) []byte { return f.record(0, slices.Concat([]byte{typeData}, make([]byte, 100))...) },
		"KeyUpdate":     func(f *far) []byte { return f.keyUpdate(0) },
		"asking":        func(f *far) []byte { return f.keyUpdate(1) },
		"user_canceled": func(f *far) []byte { return f.record(typeAlert, 1, byte(AlertUserCanceled)) },
	} {
		t.Run(name, func(t *testing.T) {
			f := ready(t, Server, aes128)
			for round := range 3 {
				for i := range maxUseless {
					if v, err := f.give(useless(f)); err != nil || v.Data != nil {
						t.Fatalf("round %d, record %d: %v", round, i, err)
					}
				}
				if v, err := f.give(f.record(typeData, 'x')); err != nil || string(v.Data) != "x" {
					t.Fatal(err)
				}
				f.pending()
			}
			for range maxUseless {
				_, _ = f.give(useless(f))
			}
			f.pending()
			f.fails(useless(f), errUseless)
		})
	}
}

// The peer's close_notify ends one direction, its other alerts everything.
func TestAlerts(t *testing.T) {
	t.Run("close_notify", func(t *testing.T) {
		f := ready(t, Server, aes128)
		if err := f.s.End(); err != ErrTruncated {
			t.Errorf("End before: %v", err)
		}
		if v, err := f.give(f.record(typeAlert, 1, 0)); err != nil || v.Kind != CloseNotify {
			t.Fatal(err, v.Kind)
		}
		if v, err := f.s.Open(f.record(typeData, []byte("ignored")...)); err != nil || v.Kind != Consumed || v.Data != nil {
			t.Errorf("data afterwards: %v, %+v (RFC 8446 §6.1)", err, v)
		}
		if f.write("still here"); fmt.Sprint(f.read()) != "[still here]" {
			t.Error("the other direction must go on (RFC 8446 §6.1)")
		}
		f.s.Close(&f.wire)
		f.s.Close(&f.wire)
		if got := fmt.Sprint(f.read()); got != "[alert close_notify]" {
			t.Error(got)
		}
		if err := f.s.End(); err != nil || f.s.Err() != nil {
			t.Errorf("End: %v, Err: %v", err, f.s.Err())
		}
		if f.s.in != (half{}) || f.s.out != (half{}) {
			t.Error("keys are still there")
		}
	})
	for _, level := range []byte{1, 2, 77} { // it says nothing (RFC 8446 §6)
		f := ready(t, Server, aes128)
		_, err := f.give(f.record(typeAlert, level, 42))
		if e, ok := err.(*PeerError); !ok || e.Alert != 42 || !strings.Contains(err.Error(), "bad_certificate") {
			t.Errorf("level %d: %v", level, err)
		}
		f.over(err, f.record(typeData, []byte("later")...))
	}
}

// An end of the session while a KeyUpdate is due leaves nothing to be sealed.
func TestUpdateDueAtTheEnd(t *testing.T) {
	t.Run("alert of the peer", func(t *testing.T) {
		f := ready(t, Server, aes128)
		_, _ = f.give(f.keyUpdate(1))
		_, err := f.give(f.record(typeAlert, 2, 40))
		f.over(err, f.record(typeData, 'x'))
	})
	t.Run("violation", func(t *testing.T) {
		f := ready(t, Server, aes128)
		_, _ = f.give(f.keyUpdate(1))
		f.fails([]byte{20, 3, 3, 0, 1, 1}, errOuterType)
	})
	t.Run("Close", func(t *testing.T) {
		f := ready(t, Server, aes128)
		_, _ = f.give(f.keyUpdate(1))
		f.s.Close(&f.wire)
		if got := f.pending(); !slices.Contains(got, "alert close_notify") || got[len(got)-1] != "alert close_notify" {
			t.Errorf("it says %q", got)
		}
	})
	t.Run("Abort", func(t *testing.T) {
		f := ready(t, Server, aes128)
		_, _ = f.give(f.keyUpdate(1))
		f.s.Abort()
		f.over(ErrClosed, f.record(typeData, 'x'))
	})
}

// A violation after our close_notify has no alert: nothing may follow that (RFC 8446 §6.1).
func TestViolationAfterClose(t *testing.T) {
	f := ready(t, Server, aes128)
	f.s.Close(&f.wire)
	f.read()
	_, err := f.give([]byte{20, 3, 3, 0, 1, 1})
	f.over(err, f.record(typeData, 'x'))
}

// Before the handshake is over nothing is opened, sealed or said.
func TestNotReady(t *testing.T) {
	l := loopOf(t, engine(t, serverConfig(), Server))
	s := l.Accept()
	defer s.Abort()
	if v, err := s.Open([]byte{23, 3, 3, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}); err == nil || v.Data != nil {
		t.Errorf("Open: %v, %+v", err, v)
	}
	f := &far{t: t, s: s}
	f.wire.Init(l.alloc, 512)
	if s.Seal(make([]byte, 100), 1) != nil || f.write("x") != 0 {
		t.Error("something was sealed")
	}
	s.Close(&f.wire)
	if f.wire.Len() != 0 || s.Owes() {
		t.Error("something was said")
	}
}

// scripted makes a stream of records from a fuzzer's bytes: sealed ones of any inner type, with
// what a length and a value make for content, and raw bytes.
func scripted(f *far, script []byte) (stream []byte) {
	for len(script) >= 3 && len(stream) < 1<<20 {
		op, n, v := script[0], int(script[1]), script[2]
		script = script[3:]
		switch op % 8 {
		case 0:
			stream = append(stream, f.record(typeData, bytes.Repeat([]byte{v}, n)...)...)
		case 1:
			stream = append(stream, f.record(typeData, bytes.Repeat([]byte{v}, n<<6)...)...)
		case 2:
			stream = append(stream, f.record(typeHandshake, msgKeyUpdate, 0, 0, 1, v)...)
			_ = f.out.update()
		case 3:
			k := min(n, len(script))
			stream = append(stream, f.record(typeHandshake, script[:k]...)...)
			script = script[k:]
		case 4:
			stream = append(stream, f.record(typeAlert, byte(n), v)...)
		case 5:
			stream = append(stream, f.record(v, bytes.Repeat([]byte{0}, n)...)...)
		case 6:
			k := min(n, len(script))
			stream = append(stream, script[:k]...)
			script = script[k:]
		case 7: // damage
			if len(stream) > n {
				stream[len(stream)-1-n] ^= v
			}
		}
	}
	return stream
}

// tell opens a stream that arrives in pieces of that many bytes, and says what came of it.
func (f *far) tell(stream []byte, piece int) (story []string) {
	var have []byte
	note := func(format string, args ...any) { story = append(story, fmt.Sprintf(format, args...)) }
	for len(stream) > 0 {
		n := min(piece, len(stream))
		have = append(have, stream[:n]...)
		stream = stream[n:]
		for {
			n, missing := f.s.Frame(have)
			if n == 0 {
				if missing <= 0 {
					f.t.Fatalf("Frame of %d bytes: 0, %d", len(have), missing)
				}
				break
			}
			failed, closed := f.s.Err() != nil, f.s.closedIn
			v, err := f.s.Open(have[:n])
			have = have[n:]
			if failed {
				if err != ErrClosed || v.Data != nil {
					f.t.Fatalf("after the end: %v, %q", err, v.Data)
				}
				return story
			}
			if closed { // what follows is thrown away, in whatever pieces it comes
				if v.Data != nil || v.Kind != Consumed || err != nil {
					f.t.Fatalf("after close_notify: %d, %v, %q", v.Kind, err, v.Data)
				}
				continue
			}
			if err != nil && (v.Data != nil || f.s.Err() != err) {
				f.t.Fatalf("an error %v with data, or that does not stay", err)
			}
			note("%d %v %x", v.Kind, err, v.Data)
			story = append(story, f.pending()...)
		}
	}
	return story
}

// Whatever arrives, it is the same whole and in pieces, and nothing follows an error.
func FuzzOpen(f *testing.F) {
	for _, seed := range [][]byte{
		{0, 5, 'x', 0, 0, 0, 1, 255, 'y', 2, 0, 1, 0, 3, 'z', 4, 1, 0, 0, 1, 'q'},
		{3, 2, 0, 24, 0, 3, 3, 0, 0, 1, 1, 0, 1, 'x'},
		{0, 9, 'a', 7, 3, 1, 0, 1, 'b'},
		{6, 6, 0, 20, 3, 3, 0, 1, 1},
		{4, 2, 40, 0, 1, 'x'},
		{2, 0, 1, 4, 2, 40},
		{5, 100, 0},
		bytes.Repeat([]byte{0, 0, 0}, 18),
	} {
		for _, role := range []byte{0, 1} {
			f.Add(role, uint16(7), seed)
		}
	}
	f.Fuzz(func(t *testing.T, role byte, piece uint16, script []byte) {
		if len(script) > 4096 {
			return
		}
		var stories [2][]string
		for i, n := range []int{1 << 24, 1 + int(piece)%600} {
			end := ready(t, Role(role%2), aes128)
			stories[i] = end.tell(scripted(end, script), n)
		}
		if !slices.Equal(stories[0], stories[1]) {
			t.Fatalf("whole:     %.500q\nin pieces: %.500q", stories[0], stories[1])
		}
	})
}
