package tls

import (
	"bytes"
	stdtls "crypto/tls"
	"fmt"
	"testing"
)

var versions = map[string]uint16{"1.2": stdtls.VersionTLS12, "1.3": stdtls.VersionTLS13}

// Both roles talk to crypto/tls, whatever the pieces are in which bytes arrive.
func TestTalksToSystem(t *testing.T) {
	for name, version := range versions {
		for _, chunk := range []int{1, 7, 1 << 16} {
			for _, role := range []Role{Server, Client} {
				t.Run(fmt.Sprintf("TLS %s, role %d, pieces of %d", name, role, chunk), func(t *testing.T) {
					t.Parallel()
					ours, theirs := pair(t)
					var s *Session
					var peer *stdtls.Conn
					if role == Server {
						peer = stdtls.Client(theirs, clientConfig())
						cfg := serverConfig()
						cfg.MaxVersion = version
						s = loopOf(t, engine(t, cfg, Server)).Accept()
					} else {
						cfg := serverConfig()
						cfg.MaxVersion = version
						peer = stdtls.Server(theirs, cfg)
						s = loopOf(t, engine(t, clientConfig(), Client)).Dial("")
					}
					done := make(chan error, 1)
					go func() { done <- echo(peer) }()
					k := newLink(t, s, ours, chunk)
					if err := k.handshake(); err != nil {
						t.Fatal(err)
					}
					wantPlane := RecordInPlace
					if version == stdtls.VersionTLS12 {
						wantPlane = RecordStream
					}
					if i := s.Info(); i.Version != version || i.Protocol != "http/1.1" || i.ServerName != "example.test" || i.Plane != wantPlane {
						t.Errorf("agreed on %+v", i)
					}
					sizes := []int{1, 100, 20_000}
					if chunk > 1 {
						sizes = append(sizes, 200_000)
					}
					for _, n := range sizes {
						p := pattern(n)
						k.write(p)
						if got := k.read(n); !bytes.Equal(got, p) {
							t.Fatalf("%d bytes came back as others", n)
						}
					}
					s.Close(&k.out)
					k.flush()
					if v, err := k.next(); err != nil || v.Kind != CloseNotify {
						t.Errorf("at the end: %v, kind %d", err, v.Kind)
					}
					if err := s.End(); err != nil {
						t.Errorf("End: %v", err)
					}
					if err := <-done; err != nil {
						t.Errorf("the peer: %v", err)
					}
				})
			}
		}
	}
}
