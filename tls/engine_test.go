package tls

import (
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

// connect is one connection of a client that keeps tickets to a loop; it returns whether it
// was resumed, as both ends see it.
func connect(t *testing.T, l *Loop, client *stdtls.Config) bool {
	t.Helper()
	var peer *stdtls.Conn
	info := agree(t, l.Accept(), func(c net.Conn) *stdtls.Conn {
		peer = stdtls.Client(c, client)
		return peer
	})
	if theirs := peer.ConnectionState().DidResume; theirs != info.Resumed {
		t.Errorf("resumed: we say %v, they say %v", info.Resumed, theirs)
	}
	return info.Resumed
}

func caching() *stdtls.Config {
	c := clientConfig()
	c.ClientSessionCache = stdtls.NewLRUClientSessionCache(8)
	return c
}

// A ticket of one loop is good on another, of the same Config or of one with the same keys.
func TestResumption(t *testing.T) {
	for name, version := range versions {
		t.Run("TLS "+name, func(t *testing.T) {
			cfg := serverConfig()
			cfg.MaxVersion = version
			e := engine(t, cfg, Server)
			a, b := loopOf(t, e), loopOf(t, e)
			client := caching()
			for i, l := range []*Loop{a, b, a, b} {
				if got := connect(t, l, client); got != (i > 0) {
					t.Errorf("connection %d: resumed %v", i, got)
				}
			}
			keys := func(k ...byte) *stdtls.Config {
				c := serverConfig()
				c.MaxVersion = version
				var all [][32]byte
				for _, b := range k {
					all = append(all, [32]byte{b})
				}
				c.SetSessionTicketKeys(all)
				return c
			}
			client = caching()
			cfg1 := keys(1)
			e1 := loopOf(t, engine(t, cfg1, Server))
			connect(t, e1, client)
			if !connect(t, loopOf(t, engine(t, keys(2, 1), Server)), client) {
				t.Error("another process with the key: not resumed")
			}
			if connect(t, e1, client) {
				t.Error("a ticket under a key that is not known here was taken")
			}
			cfg1.SetSessionTicketKeys([][32]byte{{3}}) // rotated while it runs
			if connect(t, e1, client) {
				t.Error("a ticket under a key that has been rotated out was taken")
			}
			if !connect(t, e1, client) {
				t.Error("a ticket under the new key was not taken")
			}
		})
	}
}

// What GetConfigForClient gives is made to tell its secrets, resumes as crypto/tls would,
// and is refused if it cannot be honoured.
func TestGetConfigForClient(t *testing.T) {
	with := func(given *stdtls.Config) *Loop {
		cfg := serverConfig()
		cfg.GetConfigForClient = func(*stdtls.ClientHelloInfo) (*stdtls.Config, error) { return given, nil }
		return loopOf(t, engine(t, cfg, Server))
	}
	t.Run("none", func(t *testing.T) {
		l, client := with(nil), caching()
		if connect(t, l, client) || !connect(t, l, client) {
			t.Error("not resumed")
		}
	})
	t.Run("without keys", func(t *testing.T) {
		l, client := with(serverConfig()), caching()
		if connect(t, l, client) || !connect(t, l, client) || len(l.clones) != 1 {
			t.Errorf("not resumed, %d clones", len(l.clones))
		}
	})
	t.Run("with keys", func(t *testing.T) {
		given := serverConfig()
		given.SetSessionTicketKeys([][32]byte{{7}})
		l, client := with(given), caching()
		if connect(t, l, client) || !connect(t, l, client) {
			t.Error("not resumed")
		}
		direct := loopOf(t, engine(t, given, Server))
		if !connect(t, direct, client) {
			t.Error("the ticket is not under its keys")
		}
	})
	t.Run("without tickets", func(t *testing.T) {
		given := serverConfig()
		given.SessionTicketsDisabled = true
		l, client := with(given), caching()
		for range 2 {
			if connect(t, l, client) {
				t.Error("resumed")
			}
		}
	})
	t.Run("a new one each time", func(t *testing.T) {
		cfg := serverConfig()
		cfg.GetConfigForClient = func(*stdtls.ClientHelloInfo) (*stdtls.Config, error) { return serverConfig(), nil }
		l, client := loopOf(t, engine(t, cfg, Server)), caching()
		for i := range maxClones + 3 {
			if i < 3 || i > maxClones {
				if connect(t, l, client) != (i > 0) {
					t.Errorf("connection %d: resumed %v", i, i == 0)
				}
				continue
			}
			if _, err := l.cloneOf(serverConfig()); err != nil {
				t.Fatal(err)
			}
		}
		if len(l.clones) != maxClones {
			t.Errorf("%d clones are kept", len(l.clones))
		}
	})
	t.Run("its version", func(t *testing.T) {
		given := serverConfig()
		given.MinVersion = stdtls.VersionTLS10
		s := with(given).Accept()
		k := newLink(t, s, nil, 1)
		_, _, err := s.Step(realHello(t, clientConfig()), &k.out)
		if bad := (*ConfigError)(nil); !errors.As(err, &bad) || bad.Field != "System.MinVersion" {
			t.Errorf("TLS 1.0 in a Config of GetConfigForClient: %v", err)
		}
	})
	t.Run("what no backend has", func(t *testing.T) {
		given := serverConfig()
		given.CurvePreferences = []stdtls.CurveID{30}
		s := with(given).Accept()
		k := newLink(t, s, nil, 1)
		_, _, err := s.Step(realHello(t, clientConfig()), &k.out)
		if bad := (*ConfigError)(nil); !errors.As(err, &bad) || !strings.Contains(bad.Reason, "crypto/tls has no") {
			t.Errorf("an unknown group in a Config of GetConfigForClient: %v", err)
		}
	})
}

// Resumption asks VerifyConnection again, on both sides, and a change of policy counts.
func TestResumptionIsVerified(t *testing.T) {
	refused := errors.New("not any more")
	for name, version := range versions {
		t.Run("server, TLS "+name, func(t *testing.T) {
			calls, refuse := 0, false
			cfg := serverConfig()
			cfg.MaxVersion = version
			cfg.VerifyConnection = func(cs stdtls.ConnectionState) error {
				calls++
				if refuse {
					return refused
				}
				return nil
			}
			l, client := loopOf(t, engine(t, cfg, Server)), caching()
			if connect(t, l, client); !connect(t, l, client) || calls != 2 {
				t.Errorf("VerifyConnection was called %d times for two connections", calls)
			}
			refuse = true
			ours, theirs := pair(t)
			go func() { _ = echo(stdtls.Client(theirs, client)) }()
			k := newLink(t, l.Accept(), ours, 1<<16)
			if err := k.handshake(); !errors.Is(err, refused) {
				t.Errorf("a refusal on resumption: %v", err)
			}
		})
		t.Run("client, TLS "+name, func(t *testing.T) {
			server := serverConfig()
			server.MaxVersion = version
			calls, refuse := 0, false
			cfg := caching()
			cfg.VerifyConnection = func(cs stdtls.ConnectionState) error {
				calls++
				if refuse {
					return refused
				}
				return nil
			}
			l := loopOf(t, engine(t, cfg, Client))
			for i := range 2 {
				if info := agree(t, l.Dial(""), serverOf(server)); info.Resumed != (i > 0) {
					t.Errorf("connection %d: resumed %v", i, info.Resumed)
				}
			}
			refuse = true
			ours, theirs := pair(t)
			go func() { _ = echo(stdtls.Server(theirs, server)) }()
			k := newLink(t, l.Dial(""), ours, 1<<16)
			if err := k.handshake(); !errors.Is(err, refused) || calls != 3 {
				t.Errorf("a refusal on resumption: %v after %d calls", err, calls)
			}
		})
	}
	t.Run("client authentication that came later", func(t *testing.T) {
		keys := [][32]byte{{9}}
		open, strict := serverConfig(), serverConfig()
		open.SetSessionTicketKeys(keys)
		strict.SetSessionTicketKeys(keys)
		strict.ClientAuth, strict.ClientCAs = stdtls.RequireAndVerifyClientCert, testIdentity().pool
		client := caching()
		connect(t, loopOf(t, engine(t, open, Server)), client)
		ours, theirs := pair(t)
		go func() { _ = echo(stdtls.Client(theirs, client)) }()
		k := newLink(t, loopOf(t, engine(t, strict, Server)).Accept(), ours, 1<<16)
		if err := k.handshake(); err == nil {
			t.Error("a ticket of a client without certificate got in")
		}
	})
}

// ALPN and SNI decide as crypto/tls does, and what does not fit has its alert.
func TestNegotiation(t *testing.T) {
	t.Run("no common protocol", func(t *testing.T) {
		s := loopOf(t, engine(t, serverConfig(), Server)).Accept()
		ours, theirs := pair(t)
		client := clientConfig()
		client.NextProtos = []string{"h3"}
		got := make(chan error, 1)
		go func() { got <- stdtls.Client(theirs, client).Handshake() }()
		if err := newLink(t, s, ours, 1<<16).handshake(); err == nil {
			t.Error("no error")
		}
		if err := <-got; err == nil || !strings.Contains(err.Error(), "no application protocol") {
			t.Errorf("the client is told %v", err)
		}
	})
	t.Run("protocols of the application", func(t *testing.T) {
		std := serverConfig()
		std.NextProtos = nil
		e, err := NewEngine(Config{System: std, Protocols: []string{"http/1.1"}}, Server)
		if err != nil {
			t.Fatal(err)
		}
		if info := agree(t, loopOf(t, e).Accept(), clientOf(clientConfig())); info.Protocol != "http/1.1" {
			t.Errorf("agreed on %q", info.Protocol)
		}
		std.NextProtos = []string{"h2"}
		if _, err := NewEngine(Config{System: std, Protocols: []string{"http/1.1"}}, Server); err == nil || !strings.Contains(err.Error(), "NextProtos") {
			t.Errorf("a protocol that is not spoken: %v", err)
		}
	})
	t.Run("wildcard", func(t *testing.T) {
		wild := newCertificate("*.wild.test")
		std := serverConfig()
		std.Certificates = append(std.Certificates, wild)
		l := loopOf(t, engine(t, std, Server))
		for name, want := range map[string]string{"example.test": "example.test", "a.wild.test": "*.wild.test", "b.wild.test": "*.wild.test"} {
			client := clientConfig()
			client.RootCAs = client.RootCAs.Clone()
			client.RootCAs.AddCert(wild.Leaf)
			client.ServerName = name
			var peer *stdtls.Conn
			info := agree(t, l.Accept(), func(c net.Conn) *stdtls.Conn { peer = stdtls.Client(c, client); return peer })
			if got := peer.ConnectionState().PeerCertificates[0].DNSNames[0]; got != want || info.ServerName != name {
				t.Errorf("%s: got the certificate of %s, and %q for a name", name, got, info.ServerName)
			}
		}
	})
	t.Run("HelloRetryRequest", func(t *testing.T) {
		std := serverConfig()
		std.CurvePreferences = []stdtls.CurveID{stdtls.CurveP384}
		if info := agree(t, loopOf(t, engine(t, std, Server)).Accept(), clientOf(clientConfig())); info.Group != uint16(stdtls.CurveP384) {
			t.Errorf("group %d", info.Group)
		}
		if info := agree(t, loopOf(t, engine(t, clientConfig(), Client)).Dial(""), serverOf(std)); info.Group != uint16(stdtls.CurveP384) {
			t.Errorf("group %d", info.Group)
		}
	})
	t.Run("names of a client", func(t *testing.T) {
		std := clientConfig()
		std.ServerName = ""
		l := loopOf(t, engine(t, std, Client))
		for range 2 {
			if info := agree(t, l.Dial("example.test"), serverOf(serverConfig())); info.ServerName != "example.test" {
				t.Errorf("%+v", info)
			}
		}
		ours, theirs := pair(t)
		go func() { _ = echo(stdtls.Server(theirs, serverConfig())) }()
		var wrong *stdtls.CertificateVerificationError
		if err := newLink(t, l.Dial("other.test"), ours, 1<<16).handshake(); !errors.As(err, &wrong) {
			t.Errorf("a certificate for another name: %v", err)
		}
		for i := range maxClones + 5 {
			l.configFor(fmt.Sprint(i))
		}
		if len(l.clients) > maxClones {
			t.Errorf("%d configs are kept", len(l.clients))
		}
	})
}

// Old versions are not spoken, whoever proposes them.
func TestVersions(t *testing.T) {
	client := clientConfig()
	client.MinVersion, client.MaxVersion = stdtls.VersionTLS10, stdtls.VersionTLS11
	s := loopOf(t, engine(t, serverConfig(), Server)).Accept()
	k := newLink(t, s, nil, 1)
	if _, _, err := s.Step(realHello(t, client), &k.out); err == nil {
		t.Error("TLS 1.1 was taken")
	}
	if got := k.out.Segments().Flatten(); len(got) != 7 || got[0] != typeAlert || got[6] != 70 {
		t.Errorf("the answer is % x, want protocol_version", got)
	}
	for _, c := range []*stdtls.Config{{MinVersion: stdtls.VersionTLS11}, {MaxVersion: stdtls.VersionTLS11}} {
		c.Certificates = serverConfig().Certificates
		if _, err := NewEngine(Config{System: c}, Server); err == nil {
			t.Errorf("a Config of versions %#x to %#x was taken", c.MinVersion, c.MaxVersion)
		}
	}
}
