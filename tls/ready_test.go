package tls

import (
	"bytes"
	stdtls "crypto/tls"
	"errors"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

var suites = map[string]uint16{
	"AES-128-GCM": stdtls.TLS_AES_128_GCM_SHA256, "AES-256-GCM": stdtls.TLS_AES_256_GCM_SHA384,
	"ChaCha20-Poly1305": stdtls.TLS_CHACHA20_POLY1305_SHA256,
}

// far is the other end of a session, which can say whatever it likes.
type far struct {
	t    testing.TB
	s    *Session
	in   half // opens what the session seals
	out  half
	wire mem.Writer
}

// ready is a session as it is after a handshake, and its far end.
func ready(t testing.TB, role Role, suite uint16) *far {
	t.Helper()
	cfg := serverConfig()
	if role == Client {
		cfg = clientConfig()
	}
	l := loopOf(t, engine(t, cfg, role))
	s := l.Accept()
	s.hs, s.client, s.ready, s.info = nil, role == Client, true, &Info{Version: stdtls.VersionTLS13}
	f := &far{t: t, s: s}
	_, n := suiteHash(suite)
	theirs, ours := pattern(48)[:n], pattern(96)[48:48+n]
	for _, err := range []error{s.in.install(suite, theirs), f.out.install(suite, theirs), s.out.install(suite, ours), f.in.install(suite, ours)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f.wire.Init(l.alloc, 512)
	t.Cleanup(func() {
		f.wire.Release()
		s.Abort()
	})
	return f
}

// record seals p.
func (f *far) record(contentType byte, p ...byte) []byte {
	buf := make([]byte, Head+len(p)+Tail)
	copy(buf[Head:], p)
	return f.out.seal(buf, len(p), contentType)
}

// keyUpdate is the record of a KeyUpdate, after which the far end has its next key.
func (f *far) keyUpdate(request byte) []byte {
	rec := f.record(typeHandshake, msgKeyUpdate, 0, 0, 1, request)
	if err := f.out.update(); err != nil {
		f.t.Fatal(err)
	}
	return rec
}

// give has the session open a record.
func (f *far) give(rec []byte) (View, error) {
	f.t.Helper()
	n, missing := f.s.Frame(rec)
	if n != len(rec) {
		f.t.Fatalf("Frame says %d, %d of a record of %d bytes", n, missing, len(rec))
	}
	return f.s.Open(rec)
}

// pending is what the session has to say, in records of the wire. It goes on with the next key
// after a KeyUpdate, as a peer does.
func (f *far) pending() (said []string) {
	f.t.Helper()
	for f.s.Owes() {
		before := f.wire.Len()
		f.s.Pending(&f.wire)
		if f.wire.Len() == before {
			f.t.Fatal("the session owes something, and says nothing")
		}
	}
	return f.read()
}

// read opens everything on the wire.
func (f *far) read() (said []string) {
	f.t.Helper()
	p := bytes.Clone(f.wire.Segments().Flatten())
	f.wire.Release()
	for len(p) > 0 {
		n := Head + int(p[3])<<8 + int(p[4])
		content, contentType, err := f.in.open(p[:n])
		if err != nil {
			f.t.Fatalf("the far end cannot open a record: %v", err)
		}
		p = p[n:]
		switch contentType {
		case typeAlert:
			said = append(said, "alert "+Alert(content[1]).String())
		case typeHandshake:
			said = append(said, "KeyUpdate")
			if !bytes.Equal(content, []byte{msgKeyUpdate, 0, 0, 1, 0}) {
				f.t.Errorf("handshake message % x", content)
			}
			if err := f.in.update(); err != nil {
				f.t.Fatal(err)
			}
		default:
			said = append(said, string(content))
		}
	}
	return said
}

// write has the session send p.
func (f *far) write(p string) int {
	var from mem.Segments
	from.Init(f.s.loop.alloc)
	defer from.Release()
	from.AppendCopy([]byte(p))
	return f.s.Encrypt(&f.wire, &from, len(p))
}

// fails checks that rec ends the session with that violation, with one alert, and that nothing
// goes in or out afterwards.
func (f *far) fails(rec []byte, want *ProtocolError) {
	f.t.Helper()
	later := f.record(typeData, []byte("later")...)
	v, err := f.give(rec)
	if err != error(want) || v.Data != nil {
		f.t.Errorf("got %v and %q, want %v", err, v.Data, want)
	}
	f.over(want, later, "alert "+want.Alert.String())
}

// over checks that the session is over: for that reason, after it has said said.
func (f *far) over(want error, later []byte, said ...string) {
	f.t.Helper()
	if f.s.Err() != want {
		f.t.Errorf("Err is %v, want %v", f.s.Err(), want)
	}
	if got := f.pending(); len(got) != len(said) || len(got) == 1 && got[0] != said[0] {
		f.t.Errorf("it says %q, want %q", got, said)
	}
	if v, err := f.s.Open(later); err != ErrClosed || v.Data != nil {
		f.t.Errorf("a record later: %v, %q", err, v.Data)
	}
	if f.s.Seal(make([]byte, 100), 10) != nil {
		f.t.Error("it seals something still")
	}
	if n := f.write("something"); n != 0 || f.wire.Len() != 0 {
		f.t.Errorf("it encrypts %d bytes to %d still", n, f.wire.Len())
	}
	f.s.Close(&f.wire)
	if f.s.Owes() || f.wire.Len() != 0 {
		f.t.Errorf("it owes %v, and has said %d bytes", f.s.Owes(), f.wire.Len())
	}
	if f.s.Err() != want {
		f.t.Errorf("Err is %v later, want %v", f.s.Err(), want)
	}
	for name, h := range map[string]*half{"in": &f.s.in, "out": &f.s.out} {
		if *h != (half{}) {
			f.t.Errorf("the key for %s is still there", name)
		}
	}
	if f.s.post != nil || f.s.feed != nil {
		f.t.Error("parts of messages, or the feed, are still there")
	}
	if errors.Is(f.s.Err(), ErrTruncated) {
		f.t.Error("an error is not a truncation")
	}
}

// eachSuite runs f with each.
func eachSuite(t *testing.T, f func(t *testing.T, suite uint16)) {
	for name, suite := range suites {
		t.Run(name, func(t *testing.T) { f(t, suite) })
	}
}
