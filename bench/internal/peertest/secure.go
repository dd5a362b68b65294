package peertest

import (
	"crypto/tls"
	"io"
	"net/http"
	"testing"

	"github.com/ringwire/ringwire/bench/internal/endpoint"
	"github.com/ringwire/ringwire/bench/internal/payload"
	"github.com/ringwire/ringwire/bench/internal/peer"
	"github.com/ringwire/ringwire/bench/internal/secret"
)

// Files is a certificate for a test.
func Files(t testing.TB) secret.Files {
	t.Helper()
	files, err := secret.Make(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Secure checks a peer that takes part in HTTPS.
func Secure(t *testing.T, start peer.Start) {
	o := peer.Options{Addr: FreeAddr(t), TLS: Files(t)}
	srv, err := start(o)
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Shutdown(t.Context())
	HTTPS(t, o.Addr)
	o.Addr, o.TLS.Key = FreeAddr(t), ""
	if _, err := start(o); err == nil {
		t.Error("a certificate without its key is no error")
	}
}

// RefusesTLS checks a peer that does not: it must not serve plaintext when it was given a certificate.
func RefusesTLS(t *testing.T, start peer.Start) {
	if _, err := start(peer.Options{Addr: FreeAddr(t), TLS: Files(t)}); err == nil {
		t.Error("no error for a certificate")
	}
}

// HTTPS checks what every server does over TLS: the handshake that package secret wants, tickets that are good for
// another, and the endpoints of the profiles.
func HTTPS(t *testing.T, addr string) {
	cfg := secret.Client()
	cfg.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	client := &http.Client{Timeout: limit, Transport: &http.Transport{TLSClientConfig: cfg, DisableKeepAlives: true}}
	for i, c := range []struct{ path, want string }{
		{endpoint.Pipeline, endpoint.OK},
		{endpoint.BytesPrefix + "65536", string(payload.Bytes(65536))},
		{endpoint.BytesPrefix + "16777216", string(payload.Bytes(16 << 20))},
	} {
		resp, err := client.Get("https://" + addr + c.path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || string(got) != c.want {
			t.Errorf("%s: status %d, %d bytes, %v", c.path, resp.StatusCode, len(got), err)
		}
		if err := secret.Agreed(resp.TLS.Version, resp.TLS.CipherSuite); err != nil {
			t.Error(err)
		}
		if resumed := resp.TLS.DidResume; resumed != (i > 0) {
			t.Errorf("connection %d resumed: %v", i, resumed)
		}
	}
}
