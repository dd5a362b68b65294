package tls

import (
	"bytes"
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/internal/leak"
)

// duet is two sessions of ours that talk through memory, a step at a time.
type duet struct {
	client, server *link
}

func newDuet(t testing.TB, client, server *stdtls.Config) *duet {
	return &duet{newLink(t, loopOf(t, engine(t, client, Client)).Dial(""), nil, 0), newLink(t, loopOf(t, engine(t, server, Server)).Accept(), nil, 0)}
}

// step gives a what b has said, or nothing, and returns whether that was anything.
func (d *duet) step(a, b *link) (state State, err error, any bool) {
	if b != nil {
		a.in = append(a.in, b.out.Segments().Flatten()...)
		b.out.Release()
	}
	n := len(a.in)
	used, state, err := a.s.Step(a.in, &a.out)
	a.in = a.in[used:]
	return state, err, n > 0
}

// run shakes hands for at most n steps, and reports whether it is over.
func (d *duet) run(n int) (over bool, err error) {
	for i := range n {
		a, b := d.client, d.server
		if i%2 == 1 {
			a, b = b, a
		}
		if _, err, _ := d.step(a, b); err != nil {
			return true, err
		}
		if d.client.s.Ready() && d.server.s.Ready() {
			return true, nil
		}
	}
	return false, nil
}

// A handshake that is given up after any of its steps leaves nothing behind.
func TestAbortAtEveryStep(t *testing.T) {
	for name, version := range versions {
		t.Run("TLS "+name, func(t *testing.T) {
			leak.Check(t)
			for n := 0; ; n++ {
				server := serverConfig()
				server.MaxVersion = version
				server.ClientAuth = stdtls.RequireAnyClientCert
				client := clientConfig()
				client.Certificates = server.Certificates
				d := newDuet(t, client, server)
				over, err := d.run(n)
				if err != nil {
					t.Fatal(err)
				}
				for _, k := range []*link{d.client, d.server} {
					k.s.Abort()
					k.s.Abort()
					if _, _, err := k.s.Step([]byte{22}, &k.out); err != ErrClosed {
						t.Errorf("Step after Abort: %v", err)
					}
					if _, err := k.s.Open([]byte{23, 3, 3, 0, 0}); err != ErrClosed {
						t.Errorf("Open after Abort: %v", err)
					}
					if k.s.Owes() || k.s.Ready() {
						t.Error("it owes something, or is ready")
					}
				}
				if over {
					break
				}
			}
		})
	}
}

// Whoever does not speak TLS is told so by an alert, at the first byte.
func TestPlaintext(t *testing.T) {
	for name, p := range map[string]string{
		"HTTP": "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "one byte": "G", "SSH": "SSH-2.0-x\r\n", "zeros": "\x00\x00\x00\x00\x00\x00",
		"SSLv2": "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80", "data": "\x17\x03\x03\x00\x01x", "CCS": "\x14\x03\x03\x00\x01\x01",
	} {
		t.Run(name, func(t *testing.T) {
			k := newLink(t, loopOf(t, engine(t, serverConfig(), Server)).Accept(), nil, 0)
			if !Greeted([]byte(p)) {
				t.Error("it is waited for more")
			}
			if _, _, err := k.s.Step([]byte(p), &k.out); err != ErrPlaintext || k.s.Err() != ErrPlaintext {
				t.Errorf("got %v", err)
			}
			if got := k.out.Segments().Flatten(); !bytes.Equal(got, []byte{21, 3, 1, 0, 2, 2, 10}) {
				t.Errorf("the answer is % x", got)
			}
			if k.s.Owes() {
				t.Error("another alert follows")
			}
		})
	}
}

// Greeted waits for a record, but not for one that no handshake could begin with.
func TestGreeted(t *testing.T) {
	hello := realHello(t, clientConfig())
	for n := range hello {
		if Greeted(hello[:n]) {
			t.Fatalf("after %d bytes of %d", n, len(hello))
		}
	}
	if !Greeted(hello) || Greeted(nil) {
		t.Error("a whole hello, or nothing")
	}
	if Greeted([]byte{22, 3, 1, 0x40, 0}) || !Greeted([]byte{22, 3, 1, 0xff, 0xff}) {
		t.Error("2^14 bytes may come, 2^16 are not waited for")
	}
	k := newLink(t, loopOf(t, engine(t, serverConfig(), Server)).Accept(), nil, 0)
	if _, _, err := k.s.Step([]byte{22, 3, 1, 0xff, 0xff}, &k.out); err == nil {
		t.Error("an overlong record was taken")
	}
}

// A hello comes in any pieces, and in any records.
func TestHelloInPieces(t *testing.T) {
	hello := realHello(t, clientConfig())
	for _, cut := range []int{1, 4, 5, 6, 9, 43, len(hello) / 2, len(hello) - 1} {
		k := newLink(t, loopOf(t, engine(t, serverConfig(), Server)).Accept(), nil, 0)
		for _, p := range [][]byte{hello[:cut], hello[cut:]} {
			for len(p) > 0 {
				used, state, err := k.s.Step(p, &k.out)
				if err != nil || state != NeedInput || used == 0 {
					t.Fatalf("cut at %d: %d used, state %d, %v", cut, used, state, err)
				}
				p = p[used:]
			}
		}
		if k.out.Len() < 500 {
			t.Errorf("cut at %d: an answer of %d bytes", cut, k.out.Len())
		}
	}
	t.Run("a record for each byte", func(t *testing.T) {
		k := newLink(t, loopOf(t, engine(t, serverConfig(), Server)).Accept(), nil, 0)
		for _, b := range hello[Head:] {
			if _, _, err := k.s.Step([]byte{22, 3, 1, 0, 1, b}, &k.out); err != nil {
				t.Fatal(err)
			}
		}
		if k.out.Len() < 500 {
			t.Errorf("an answer of %d bytes", k.out.Len())
		}
	})
}

// What follows the handshake in the same bytes is left for Open, to the byte.
func TestStepLeavesTheRest(t *testing.T) {
	d := newDuet(t, clientConfig(), serverConfig())
	for !d.client.s.Ready() {
		if _, err, _ := d.step(d.client, d.server); err != nil {
			t.Fatal(err)
		}
		if d.client.s.Ready() {
			break
		}
		if _, err, _ := d.step(d.server, d.client); err != nil {
			t.Fatal(err)
		}
	}
	k := &link{t: t, s: d.client.s}
	k.out.Init(d.client.s.loop.alloc, 512)
	var early bytes.Buffer
	k.conn = &early
	k.write([]byte("first request"))
	rest := early.Len()
	d.client.out.Segments().AppendCopy(early.Bytes())
	if _, err, _ := d.step(d.server, d.client); err != nil || !d.server.s.Ready() {
		t.Fatal(err)
	}
	if len(d.server.in) != rest {
		t.Fatalf("%d bytes are left, want the record of %d", len(d.server.in), rest)
	}
	if v, err := d.server.s.Open(d.server.in); err != nil || string(v.Data) != "first request" {
		t.Errorf("%v, %q", err, v.Data)
	}
}

// A panic in a callback ends that handshake, and nothing else.
func TestPanicInCallback(t *testing.T) {
	leak.Check(t)
	bad := serverConfig()
	bad.GetConfigForClient = func(*stdtls.ClientHelloInfo) (*stdtls.Config, error) { panic("bug") }
	l := loopOf(t, engine(t, bad, Server))
	k := newLink(t, l.Accept(), nil, 0)
	_, _, err := k.s.Step(realHello(t, clientConfig()), &k.out)
	if crash := (*PanicError)(nil); !errors.As(err, &crash) || crash.Value != "bug" || !strings.Contains(string(crash.Stack), "TestPanicInCallback") {
		t.Errorf("got %v", err)
	}
	if l.current != nil {
		t.Error("the loop believes to be in a step still")
	}
}

// Encrypted Client Hello, accepted and refused, in both roles.
func TestECH(t *testing.T) {
	key, list := echKey(t, 1)
	_, otherList := echKey(t, 2)
	server := func() *stdtls.Config {
		c := serverConfig()
		c.Certificates = append(c.Certificates, newCertificate("public.test"))
		c.EncryptedClientHelloKeys = []stdtls.EncryptedClientHelloKey{key}
		return c
	}
	client := func(list []byte) *stdtls.Config {
		c := clientConfig()
		c.RootCAs = c.RootCAs.Clone()
		c.EncryptedClientHelloConfigList = list
		return c
	}
	if info := agree(t, loopOf(t, engine(t, server(), Server)).Accept(), clientOf(client(list))); !info.ECHAccepted || info.ServerName != "example.test" {
		t.Errorf("as server: %+v", info)
	}
	if info := agree(t, loopOf(t, engine(t, client(list), Client)).Dial(""), serverOf(server())); !info.ECHAccepted {
		t.Errorf("as client: %+v", info)
	}
	std := server()
	c := client(otherList)
	c.EncryptedClientHelloRejectionVerify = func(stdtls.ConnectionState) error { return nil }
	ours, theirs := pair(t)
	go func() { _ = echo(stdtls.Server(theirs, std)) }()
	err := newLink(t, loopOf(t, engine(t, c, Client)).Dial(""), ours, 1<<16).handshake()
	var refused *stdtls.ECHRejectionError
	if !errors.As(err, &refused) || !bytes.Equal(refused.RetryConfigList, list) {
		t.Errorf("refused: %v", err)
	}
}

// Where FIPS 140 is enforced crypto/tls keeps the records, and everything works.
func TestFIPSOnly(t *testing.T) {
	if os.Getenv("RINGWIRE_TEST_FIPS") == "1" {
		e := engine(t, serverConfig(), Server)
		if e.Plane() != RecordStream {
			t.Errorf("plane %v", e.Plane())
		}
		info := agree(t, loopOf(t, e).Accept(), clientOf(clientConfig()))
		if info.Plane != RecordStream || info.Version != stdtls.VersionTLS13 {
			t.Errorf("%+v", info)
		}
		agree(t, loopOf(t, engine(t, clientConfig(), Client)).Dial(""), serverOf(serverConfig()))
		fmt.Println("it ran")
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFIPSOnly$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only", "RINGWIRE_TEST_FIPS=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "it ran") {
		t.Errorf("%v\n%s", err, out)
	}
}

// fuzzHellos are what clients say first, whole.
func fuzzHellos(t testing.TB) (all [][]byte) {
	_, list := echKey(t, 1)
	for _, c := range []*stdtls.Config{
		clientConfig(), caching(), {InsecureSkipVerify: true}, {InsecureSkipVerify: true, MaxVersion: stdtls.VersionTLS12},
		{InsecureSkipVerify: true, MinVersion: stdtls.VersionTLS10, MaxVersion: stdtls.VersionTLS11},
		{ServerName: "example.test", CurvePreferences: []stdtls.CurveID{stdtls.CurveP384}},
		{ServerName: "example.test", EncryptedClientHelloConfigList: list},
	} {
		all = append(all, realHello(t, c))
	}
	return append(all, []byte{0x80, 0x2e, 1, 3, 1}, []byte("GET / HTTP/1.1\r\n\r\n"), []byte{21, 3, 1, 0, 2, 2, 40}, []byte{22, 3, 1, 0, 0})
}

// A server's answer to anything at all is the same whole and in pieces; it never panics, and
// what it refuses is refused once.
func FuzzStep(f *testing.F) {
	for _, hello := range fuzzHellos(f) {
		f.Add(uint16(3), hello)
		f.Add(uint16(100), append(hello, 20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 30))
	}
	server := serverConfig()
	f.Fuzz(func(t *testing.T, piece uint16, in []byte) {
		if len(in) > 1<<16 {
			return
		}
		var stories [2]string
		for i, n := range []int{1 << 16, 1 + int(piece)%600} {
			k := newLink(t, loopOf(t, engine(t, server, Server)).Accept(), nil, 0)
			var failed error
			for rest := in; len(rest) > 0 && failed == nil; {
				p := rest[:min(n, len(rest))]
				used, state, err := k.s.Step(p, &k.out)
				if failed = err; err == nil && (used != len(p) || state != NeedInput) {
					t.Fatalf("%d of %d bytes used, state %d", used, len(p), state)
				}
				rest = rest[used:]
			}
			if crash := (*PanicError)(nil); errors.As(failed, &crash) {
				t.Fatalf("panic: %v\n%s", crash.Value, crash.Stack)
			}
			out := k.out.Segments().Flatten()
			if failed != nil {
				if _, _, err := k.s.Step(in, &k.out); err != ErrClosed || k.s.Owes() {
					t.Fatalf("a step later: %v", err)
				}
				if out = out[max(0, len(out)-7):]; !bytes.HasPrefix(out, []byte{typeAlert, 3}) {
					out = nil // an alert that is sealed
				}
			} else {
				out = out[:min(len(out), 3)]
			}
			stories[i] = fmt.Sprintf("%v %x", failed, out)
			k.out.Release()
			k.s.Abort()
		}
		if stories[0] != stories[1] {
			t.Fatalf("whole:     %s\nin pieces: %s", stories[0], stories[1])
		}
	})
}
