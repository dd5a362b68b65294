package tls

import (
	"bytes"
	stdtls "crypto/tls"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

var recordSizes = []int{64, 256, 1 << 10, 4 << 10, MaxPlaintext}

// BenchmarkRecords passes n bytes through one record: sealed by one side and opened by the
// other, where they lie, against crypto/tls's Write and Read, and against what the cipher alone takes:
// the floor of both.
func BenchmarkRecords(b *testing.B) {
	for _, n := range recordSizes {
		b.Run(fmt.Sprintf("%d/in-place", n), func(b *testing.B) { benchInPlace(b, n) })
		b.Run(fmt.Sprintf("%d/crypto-tls", n), func(b *testing.B) { benchSystem(b, n) })
		b.Run(fmt.Sprintf("%d/cipher", n), func(b *testing.B) { benchCipher(b, n) })
	}
}

func benchInPlace(b *testing.B, n int) {
	client, server := sessions(b)
	buf := make([]byte, Head+n+Tail)
	pass := func() {
		v, err := server.Open(client.Seal(buf, n))
		if err != nil || len(v.Data) != n {
			b.Fatal(err)
		}
	}
	if allocs := testing.AllocsPerRun(100, pass); allocs != 0 {
		b.Fatalf("%v allocations per record", allocs)
	}
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		pass()
	}
}

func benchCipher(b *testing.B, n int) {
	client, _ := sessions(b)
	aead, err := newAEAD(client.out.suite, make([]byte, keyLen(client.out.suite)))
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, Head+n+Tail)
	head, nonce := buf[:Head], make([]byte, aead.NonceSize())
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		sealed := aead.Seal(buf[Head:Head], nonce, buf[Head:Head+n+1], head)
		if _, err := aead.Open(sealed[:0], nonce, sealed, head); err != nil {
			b.Fatal(err)
		}
	}
}

func benchSystem(b *testing.B, n int) {
	// Handshake over a pipe, then records over a buffer: the same goroutine writes and reads.
	pipeA, pipeB := net.Pipe()
	a, z := &buffered{conn: pipeA}, &buffered{conn: pipeB}
	client, server := stdtls.Client(a, clientConfig()), stdtls.Server(z, serverConfig())
	failed := make(chan error, 1)
	go func() { failed <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		b.Fatal(err)
	}
	if err := <-failed; err != nil {
		b.Fatal(err)
	}
	var line bytes.Buffer
	a.line, z.line = &line, &line
	out, in := make([]byte, n), make([]byte, n)
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Write(out); err != nil {
			b.Fatal(err)
		}
		for got := 0; got < n; {
			m, err := server.Read(in[got:])
			if err != nil {
				b.Fatal(err)
			}
			got += m
		}
	}
}

// buffered is a connection whose bytes go by way of a buffer once it has one.
type buffered struct {
	conn net.Conn
	line *bytes.Buffer
}

func (c *buffered) Read(p []byte) (int, error) {
	if c.line != nil {
		return c.line.Read(p)
	}
	return c.conn.Read(p)
}

func (c *buffered) Write(p []byte) (int, error) {
	if c.line != nil {
		return c.line.Write(p)
	}
	return c.conn.Write(p)
}

func (c *buffered) Close() error                     { return c.conn.Close() }
func (c *buffered) LocalAddr() net.Addr              { return c.conn.LocalAddr() }
func (c *buffered) RemoteAddr() net.Addr             { return c.conn.RemoteAddr() }
func (c *buffered) SetDeadline(time.Time) error      { return nil }
func (c *buffered) SetReadDeadline(time.Time) error  { return nil }
func (c *buffered) SetWriteDeadline(time.Time) error { return nil }

// sessions are two of ours that have shaken hands.
func sessions(t testing.TB) (client, server *Session) {
	t.Helper()
	client = loopOf(t, engine(t, clientConfig(), Client)).Dial("")
	server = loopOf(t, engine(t, serverConfig(), Server)).Accept()
	t.Cleanup(func() { client.Abort(); server.Abort() })
	meet(t, client, server)
	return client, server
}

// meet makes the handshake of two sessions in memory.
func meet(t testing.TB, client, server *Session) {
	t.Helper()
	var up, down mem.Writer
	up.Init(client.loop.alloc, 4096)
	down.Init(server.loop.alloc, 4096)
	defer up.Release()
	defer down.Release()
	for !client.Ready() || !server.Ready() {
		for _, step := range []struct {
			s       *Session
			in, out *mem.Writer
		}{{client, &down, &up}, {server, &up, &down}} {
			if step.s.Ready() {
				continue
			}
			in := step.in.Segments()
			used, _, err := step.s.Step(in.Flatten(), step.out)
			if err != nil {
				t.Fatal(err)
			}
			in.Discard(used)
		}
	}
	for rest := down.Segments(); rest.Len() > 0; { // tickets
		p := rest.Flatten()
		n, _ := client.Frame(p)
		if _, err := client.Open(p[:n]); err != nil {
			t.Fatal(err)
		}
		rest.Discard(n)
	}
}

// BenchmarkHandshake is the server's part of a full handshake, and of a resumed one.
func BenchmarkHandshake(b *testing.B) {
	for name, cache := range map[string]stdtls.ClientSessionCache{"full": nil, "resumed": stdtls.NewLRUClientSessionCache(4)} {
		b.Run(name, func(b *testing.B) {
			cfg := clientConfig()
			cfg.ClientSessionCache = cache
			clients := loopOf(b, engine(b, cfg, Client))
			servers := loopOf(b, engine(b, serverConfig(), Server))
			b.ReportAllocs()
			for b.Loop() {
				client, server := clients.Dial(""), servers.Accept()
				meet(b, client, server)
				client.Abort()
				server.Abort()
			}
		})
	}
}
