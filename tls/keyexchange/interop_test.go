package keyexchange

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// The hellos of crypto/tls, with our share in the place of theirs: what crypto/tls makes of it is the
// handshake traffic secret in its key log, and that is to follow from our secret.

func TestServesCryptoTLS(t *testing.T) {
	allGroups(t)
	eachWay(t, func(t *testing.T, by *impl) {
		hello, answerWith, log := tlsClient(t, by.group)
		answer, secret, err := by.serve(keyShare(t, hello, by.group, by.point+by.ek), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		serverHello := tlsServer(t, by.group, hello, nil)
		copy(keyShare(t, serverHello, by.group, len(answer)), answer)
		answerWith(serverHello)
		wantSecret(t, log(), "c hs traffic", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", secret, hello, serverHello)
	})
}

func TestFinishesWithCryptoTLS(t *testing.T) {
	allGroups(t)
	eachWay(t, func(t *testing.T, by *impl) {
		share, c := offer(t, by)
		hello, _, _ := tlsClient(t, by.group)
		copy(keyShare(t, hello, by.group, len(share)), share)
		var log bytes.Buffer
		serverHello := tlsServer(t, by.group, hello, &log)
		secret, err := c.Finish(by.group, keyShare(t, serverHello, by.group, by.point+by.ct), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantSecret(t, log.String(), "s hs traffic", "SERVER_HANDSHAKE_TRAFFIC_SECRET", secret, hello, serverHello)
	})
}

// tlsClient returns the ClientHello message of a crypto/tls client, how to give it a
// ServerHello, and its key log once it has taken that.
func tlsClient(t *testing.T, g Group) (hello []byte, answer func([]byte), log func() string) {
	ours, theirs := net.Pipe()
	var keys bytes.Buffer
	done := make(chan error, 1)
	go func() {
		done <- stdtls.Client(theirs, &stdtls.Config{ServerName: "x", MinVersion: stdtls.VersionTLS13,
			CurvePreferences: []stdtls.CurveID{stdtls.CurveID(g)}, KeyLogWriter: &keys}).Handshake()
		_ = theirs.Close()
	}()
	t.Cleanup(func() { _ = ours.Close() })
	_ = ours.SetDeadline(time.Now().Add(10 * time.Second))
	hello, err := readRecord(ours)
	if err != nil {
		t.Skipf("this Go's crypto/tls does not offer %v: %v", g, <-done)
	}
	answer = func(serverHello []byte) {
		record := append([]byte{22, 3, 3, byte(len(serverHello) >> 8), byte(len(serverHello))}, serverHello...)
		if _, err := ours.Write(record); err != nil {
			t.Fatal(err)
		}
	}
	log = func() string {
		_ = ours.Close()
		<-done
		return keys.String()
	}
	return hello, answer, log
}

// tlsServer gives a crypto/tls server a ClientHello and returns its ServerHello.
func tlsServer(t *testing.T, g Group, hello []byte, log io.Writer) []byte {
	ours, theirs := net.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- stdtls.Server(theirs, &stdtls.Config{Certificates: []stdtls.Certificate{certificate(t)},
			CurvePreferences: []stdtls.CurveID{stdtls.CurveID(g)}, KeyLogWriter: log}).Handshake()
		_ = theirs.Close()
	}()
	_ = ours.SetDeadline(time.Now().Add(10 * time.Second))
	record := append([]byte{22, 3, 1, byte(len(hello) >> 8), byte(len(hello))}, hello...)
	if _, err := ours.Write(record); err != nil {
		t.Fatal(err)
	}
	serverHello, err := readRecord(ours)
	_ = ours.Close()
	if tlsErr := <-done; err != nil {
		t.Fatalf("no ServerHello: %v, %v", err, tlsErr)
	}
	return serverHello
}

func readRecord(c net.Conn) ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint16(head[3:]))
	_, err := io.ReadFull(c, body)
	return body, err
}

// keyShare is a view of the key_exchange field of g's entry in a hello (RFC 8446 §4.2.8).
func keyShare(t *testing.T, hello []byte, g Group, size int) []byte {
	t.Helper()
	head := binary.BigEndian.AppendUint16(nil, uint16(g))
	head = binary.BigEndian.AppendUint16(head, uint16(size))
	i := bytes.Index(hello, head)
	if i < 0 || len(hello) < i+4+size {
		t.Fatalf("no share of %v with %d bytes in %x", g, size, hello)
	}
	return hello[i+4:][:size]
}

// allGroups turns on what a main module with an older go line has not by default.
func allGroups(t *testing.T) { t.Setenv("GODEBUG", os.Getenv("GODEBUG")+",tlsmlkem=1,tlssecpmlkem=1") }

// wantSecret derives a handshake traffic secret (RFC 8446 §7.1) and looks for it in a key log.
func wantSecret(t *testing.T, log, label, name string, shared, clientHello, serverHello []byte) {
	t.Helper()
	// TLS_AES_128_GCM_SHA256 or TLS_CHACHA20_POLY1305_SHA256: clients of Go prefer them.
	empty := sha256.Sum256(nil)
	early, err := hkdf.Extract(sha256.New, make([]byte, 32), nil)
	if err != nil {
		t.Fatal(err)
	}
	handshake, err := hkdf.Extract(sha256.New, shared, expandLabel(t, early, "derived", empty[:]))
	if err != nil {
		t.Fatal(err)
	}
	transcript := sha256.Sum256(append(bytes.Clone(clientHello), serverHello...))
	want := hex.EncodeToString(expandLabel(t, handshake, label, transcript[:]))
	for line := range strings.Lines(log) {
		if f := strings.Fields(line); f[0] == name {
			if f[2] != want {
				t.Errorf("crypto/tls has %s %s, we %s", name, f[2], want)
			}
			return
		}
	}
	t.Errorf("crypto/tls logged no %s: %q", name, log)
}

func expandLabel(t *testing.T, secret []byte, label string, context []byte) []byte {
	info := []byte{0, sha256.Size, byte(len("tls13 ") + len(label))}
	info = append(append(info, "tls13 "+label...), byte(len(context)))
	out, err := hkdf.Expand(sha256.New, secret, string(append(info, context...)), sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func certificate(t *testing.T) stdtls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return stdtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
