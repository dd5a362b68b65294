package tls

import (
	"bytes"
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
)

// shake has a session of ours and a crypto/tls peer shake hands, over loopback. finish has the
// peer read and write until the end; it is the test's to call.
func shake(t *testing.T, s *Session, peer func(net.Conn) *stdtls.Conn) (k *link, finish func() error) {
	t.Helper()
	ours, theirs := pair(t)
	done := make(chan error, 1)
	go func() { done <- echo(peer(theirs)) }()
	k = newLink(t, s, ours, 1<<16)
	if err := k.handshake(); err != nil {
		t.Fatal(err)
	}
	return k, func() error {
		s.Close(&k.out)
		k.flush()
		if v, err := k.next(); err != nil || v.Kind != CloseNotify {
			return errors.Join(errors.New("no close_notify came"), err)
		}
		return <-done
	}
}

// exchange sends some and gets it back.
func (k *link) exchange() {
	k.t.Helper()
	for _, n := range []int{10, 40_000} {
		k.write(pattern(n))
		if got := k.read(n); !bytes.Equal(got, pattern(n)) {
			k.t.Fatalf("%d bytes came back as others", n)
		}
	}
}

// agree is shake, an exchange and the end.
func agree(t *testing.T, s *Session, peer func(net.Conn) *stdtls.Conn) *Info {
	t.Helper()
	k, finish := shake(t, s, peer)
	k.exchange()
	if err := finish(); err != nil {
		t.Error(err)
	}
	return s.Info()
}

func clientOf(c *stdtls.Config) func(net.Conn) *stdtls.Conn {
	return func(conn net.Conn) *stdtls.Conn { return stdtls.Client(conn, c) }
}

func serverOf(c *stdtls.Config) func(net.Conn) *stdtls.Conn {
	return func(conn net.Conn) *stdtls.Conn { return stdtls.Server(conn, c) }
}

// longChain is a certificate with so many others behind it that a ticket with it is longer
// than a record.
func longChain() stdtls.Certificate {
	long := testIdentity().cert
	for range 60 {
		long.Certificate = append(slices.Clone(long.Certificate), testIdentity().cert.Certificate[0])
	}
	return long
}

// The first number that we seal with is that of the ticket's records, however many there are.
func TestTicketsAreCounted(t *testing.T) {
	cert, long := testIdentity().cert, longChain()
	for name, c := range map[string]struct {
		auth      stdtls.ClientAuthType
		noTickets bool
		cert      *stdtls.Certificate
		least     uint64
		most      uint64
	}{
		"tickets":                        {least: 1, most: 1},
		"none":                           {noTickets: true},
		"client certificate":             {auth: stdtls.RequireAndVerifyClientCert, cert: &cert, least: 1, most: 1},
		"asked for in vain":              {auth: stdtls.RequestClientCert, least: 1, most: 1},
		"client certificate, no tickets": {auth: stdtls.RequireAnyClientCert, noTickets: true, cert: &cert},
		"long chain":                     {auth: stdtls.RequireAnyClientCert, cert: &long, least: 2, most: 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client := serverConfig(), clientConfig()
			client.ClientSessionCache = stdtls.NewLRUClientSessionCache(1) // who has none is sent no ticket
			server.ClientCAs, server.ClientAuth, server.SessionTicketsDisabled = testIdentity().pool, c.auth, c.noTickets
			if c.cert != nil {
				client.Certificates = []stdtls.Certificate{*c.cert}
			}
			s := loopOf(t, engine(t, server, Server)).Accept()
			hs := s.hs
			agree(t, s, clientOf(client))
			if n := hs.tickets; n < c.least || n > c.most {
				t.Errorf("%d ticket records, want %d to %d", n, c.least, c.most)
			}
		})
	}
}

// Flights end with no, one or several records under the application's key, of any suite.
func TestNoteFlight(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite uint16) {
		for k := range 6 {
			for _, before := range []int{0, 1, 6, 30} {
				s := loopOf(t, engine(t, serverConfig(), Server)).Accept()
				var app, shaking half
				_, n := suiteHash(suite)
				hs := s.hs
				hs.serverSecret.n = copy(hs.serverSecret.buf[:n], pattern(n))
				if err := errors.Join(app.install(suite, hs.serverSecret.bytes()), shaking.install(suite, pattern(n + 1)[1:])); err != nil {
					t.Fatal(err)
				}
				var flight []byte
				seal := func(h *half, size int) {
					buf := make([]byte, Head+size+Tail)
					flight = append(flight, h.seal(buf, size, typeHandshake)...)
				}
				flight = append(flight, 22, 3, 3, 0, 4, 1, 2, 3, 4, 20, 3, 3, 0, 1, 1)
				for range before {
					seal(&shaking, 100)
				}
				for range k {
					seal(&app, 200)
				}
				sent := bytes.Clone(flight)
				hs.noteFlight(flight)
				if hs.tickets != uint64(k) || !bytes.Equal(flight, sent) {
					t.Errorf("%d records, %d before: counted %d, unchanged %v", k, before, hs.tickets, bytes.Equal(flight, sent))
				}
				if k > 0 { // another one, later, follows in number
					flight = nil
					seal(&app, 50)
					if hs.noteFlight(flight); hs.tickets != uint64(k)+1 {
						t.Errorf("one more: counted %d", hs.tickets)
					}
				}
				s.Abort()
			}
		}
	})
}

// What was told is forgotten when it has been taken over, and when the handshake is given up.
func TestSecretsAreWiped(t *testing.T) {
	t.Run("taken over", func(t *testing.T) {
		for _, cfg := range []*stdtls.Config{serverConfig(), {Certificates: serverConfig().Certificates, MaxVersion: stdtls.VersionTLS12}} {
			s := loopOf(t, engine(t, cfg, Server)).Accept()
			hs := s.hs
			_, finish := shake(t, s, clientOf(clientConfig()))
			if hs.clientSecret != (secret{}) || hs.serverSecret != (secret{}) {
				t.Error("the secrets are there still")
			}
			if bytes.ContainsFunc(s.loop.scratch[:cap(s.loop.scratch)], func(r rune) bool { return r != 0 }) {
				t.Error("a ticket is in the scratch still")
			}
			_ = finish()
		}
	})
	t.Run("given up", func(t *testing.T) { // after the first flight
		l := loopOf(t, engine(t, serverConfig(), Server))
		s := l.Accept()
		k := newLink(t, s, nil, 1)
		if _, state, err := s.Step(realHello(t, clientConfig()), &k.out); err != nil || state != NeedInput {
			t.Fatal(err)
		}
		hs := s.hs
		if hs.serverSecret.n == 0 {
			t.Fatal("the test is wrong: no secret is there")
		}
		s.Abort()
		if hs.clientSecret != (secret{}) || hs.serverSecret != (secret{}) {
			t.Error("the secrets are there still")
		}
	})
	t.Run("failed", func(t *testing.T) {
		s := loopOf(t, engine(t, serverConfig(), Server)).Accept()
		k := newLink(t, s, nil, 1)
		_, _, _ = s.Step(realHello(t, clientConfig()), &k.out)
		hs := s.hs
		if _, _, err := s.Step([]byte{23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, &k.out); err == nil {
			t.Fatal("no error")
		}
		if hs.clientSecret != (secret{}) || hs.serverSecret != (secret{}) {
			t.Error("the secrets are there still")
		}
	})
}

// realHello is what crypto/tls says first.
func realHello(t testing.TB, c *stdtls.Config) []byte {
	t.Helper()
	rec := &recorder{}
	_ = stdtls.Client(rec, c).Handshake()
	return rec.sent.Bytes()
}

// recorder takes what is written, and has nothing to be read.
type recorder struct {
	net.Conn
	sent bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) { return r.sent.Write(p) }
func (r *recorder) Read([]byte) (int, error)    { return 0, io.EOF }
func (r *recorder) Close() error                { return nil }

// Without the secrets a handshake fails, whichever is missing.
func TestMissingSecrets(t *testing.T) {
	for _, drop := range []string{"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "SECRET"} {
		for _, role := range []Role{Server, Client} {
			var s *Session
			cfg := serverConfig()
			if role == Client {
				cfg = clientConfig()
			}
			l := loopOf(t, engine(t, cfg, role))
			l.std.KeyLogWriter = dropping{keySink{l}, drop}
			ours, theirs := pair(t)
			if role == Server {
				s = l.Accept()
				go func() { _ = echo(stdtls.Client(theirs, clientConfig())) }()
			} else {
				s = l.Dial("")
				go func() { _ = echo(stdtls.Server(theirs, serverConfig())) }()
			}
			k := newLink(t, s, ours, 1<<16)
			if err := k.handshake(); !errors.Is(err, ErrNoSecrets) || s.Err() != err {
				t.Errorf("role %d without %s: %v, want ErrNoSecrets", role, drop, err)
			}
			k.write(nil)
			if s.in != (half{}) || s.out != (half{}) || s.Seal(make([]byte, 50), 1) != nil {
				t.Error("something can be sealed")
			}
			_ = ours.Close()
		}
	}
}

// dropping is a sink that some lines do not reach.
type dropping struct {
	to   io.Writer
	what string
}

func (d dropping) Write(p []byte) (int, error) {
	if strings.Contains(string(p[:min(len(p), 30)]), d.what) {
		return len(p), nil
	}
	return d.to.Write(p)
}

// A KeyLogWriter of the application's gets everything, and its failures end the handshake
// of that connection alone.
func TestKeyLogWriter(t *testing.T) {
	var log bytes.Buffer
	cfg := serverConfig()
	cfg.KeyLogWriter = &log
	s := loopOf(t, engine(t, cfg, Server)).Accept()
	agree(t, s, clientOf(clientConfig()))
	if n := strings.Count(log.String(), "\n"); n < 4 || strings.Contains(log.String(), "\x00") {
		t.Errorf("%d lines:\n%q", n, log.String())
	}
	for what, w := range map[string]io.Writer{"error": writerFunc(func([]byte) (int, error) { return 0, io.ErrClosedPipe }), "panic": writerFunc(func([]byte) (int, error) { panic("disk") })} {
		cfg := serverConfig()
		cfg.KeyLogWriter = w
		s := loopOf(t, engine(t, cfg, Server)).Accept()
		k := newLink(t, s, nil, 1)
		_, _, err := s.Step(realHello(t, clientConfig()), &k.out)
		if crash := (*PanicError)(nil); what == "error" && !errors.Is(err, io.ErrClosedPipe) || what == "panic" && (!errors.As(err, &crash) || crash.Value != "disk") {
			t.Errorf("%s: %v", what, err)
		}
	}
	agree(t, loopOf(t, engine(t, serverConfig(), Server)).Accept(), clientOf(clientConfig())) // nothing is locked for ever
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
