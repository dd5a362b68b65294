package tls

import (
	"testing"
)

// A session that rested goes on as if it had not, in both directions and past a KeyUpdate.
func TestRest(t *testing.T) {
	client, server := sessions(t)
	buf := make([]byte, Head+4+Tail)
	pass := func(from, to *Session) {
		t.Helper()
		copy(buf[Head:], "ping")
		v, err := to.Open(from.Seal(buf, 4))
		if err != nil || string(v.Data) != "ping" {
			t.Fatalf("got %q, %v", v.Data, err)
		}
	}
	for range 2 {
		pass(client, server)
		pass(server, client)
		client.Rest()
		server.Rest()
		if server.in.aead != nil || server.out.aead != nil {
			t.Error("there are ciphers still")
		}
		pass(server, client)
		pass(client, server)
		for _, h := range []*half{&client.in, &client.out, &server.in, &server.out} {
			h.rest()
			if err := h.update(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
