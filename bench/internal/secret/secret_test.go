package secret

import (
	"crypto/tls"
	"net"
	"testing"
)

// handshake is one connection, as its client sees it.
func handshake(t *testing.T, server, client *tls.Config) tls.ConnectionState {
	t.Helper()
	there, here := net.Pipe()
	srv := tls.Server(there, server)
	failed := make(chan error, 1)
	go func() {
		failed <- srv.Handshake()
		there.Close()
	}()
	c := tls.Client(here, client)
	defer here.Close()
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	c.Read(make([]byte, 1)) // the ticket, which is part of the server's handshake, and the end
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return c.ConnectionState()
}

func TestServerAndClientAgree(t *testing.T) {
	files, err := Make(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server, err := files.Server()
	if err != nil {
		t.Fatal(err)
	}
	state := handshake(t, server, Client())
	if err := Agreed(state.Version, state.CipherSuite); err != nil {
		t.Error(err)
	}
	if state.NegotiatedProtocol != Protocol {
		t.Errorf("protocol %q, want %q", state.NegotiatedProtocol, Protocol)
	}

	server.MinVersion, server.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	other := Client()
	other.MinVersion = tls.VersionTLS12
	if state := handshake(t, server, other); Agreed(state.Version, state.CipherSuite) == nil {
		t.Error("TLS 1.2 passes for what was agreed")
	}
}

func TestFiles(t *testing.T) {
	if cfg, err := (Files{}).Server(); cfg != nil || err != nil {
		t.Errorf("without files: %v, %v, want no TLS", cfg, err)
	}
	for _, f := range []Files{{Cert: "x"}, {Key: "x"}, {Cert: "not there", Key: "not there"}} {
		if _, err := f.Server(); err == nil {
			t.Errorf("%+v: no error", f)
		}
		if _, err := f.Listener(nil); err == nil {
			t.Errorf("%+v: a listener", f)
		}
	}
}
