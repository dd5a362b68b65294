package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/ringwire/ringwire/tls/certs"
)

// A server for two names, from files. A pair that is renewed is taken within ten seconds.
func ExampleSet() {
	dir, err := os.MkdirTemp("", "certs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	var sources []certs.Source
	for _, name := range []string{"a.example", "b.example"} {
		cert, err := certs.Development(1, name)
		if err != nil {
			log.Fatal(err)
		}
		source := certs.Source{CertFile: filepath.Join(dir, name+".pem"), KeyFile: filepath.Join(dir, name+".key")}
		if err := certs.WritePair(cert, source.CertFile, source.KeyFile); err != nil {
			log.Fatal(err)
		}
		sources = append(sources, source)
	}
	set, err := certs.New(certs.Config{Sources: sources})
	if err != nil {
		log.Fatal(err)
	}
	defer set.Close()

	cfg := &tls.Config{GetCertificate: set.GetCertificate}
	cert, err := cfg.GetCertificate(&tls.ClientHelloInfo{ServerName: "B.example"})
	fmt.Println(cert.Leaf.DNSNames, err)
	// Output: [b.example] <nil>
}

// A client that takes one key only, for a server without an authority.
func ExamplePins() {
	cert, err := certs.Development(1)
	if err != nil {
		log.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Handler:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}},
	}
	go func() { _ = server.ServeTLS(ln, "", "") }()
	defer server.Close()

	pins, err := certs.ParsePins(certs.PinOf(cert.Leaf))
	if err != nil {
		log.Fatal(err)
	}
	cfg := &tls.Config{InsecureSkipVerify: true} // the pin says who it is
	pins.Require(cfg)
	conn, err := tls.Dial("tcp", ln.Addr().String(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(certs.IsDevelopment(conn.ConnectionState().PeerCertificates[0]))
	// Output: true
}

// Processes that share a file resume each other's sessions.
func ExampleTickets() {
	name := filepath.Join(os.TempDir(), "ringwire-example.secret")
	if err := os.WriteFile(name, []byte("48 bytes of /dev/urandom, and not a sentence ..."), 0o600); err != nil {
		log.Fatal(err)
	}
	defer os.Remove(name)
	tickets, err := certs.NewTickets(certs.TicketConfig{SecretFile: name})
	if err != nil {
		log.Fatal(err)
	}
	defer tickets.Close()

	cfg := new(tls.Config) // of one loop
	seen := tickets.Apply(cfg)
	for range 3 { // handshakes
		if g := tickets.Generation(); g != seen {
			seen = tickets.Apply(cfg)
		}
	}
	fmt.Println("generation", seen)
	// Output: generation 1
}

// A key of Encrypted Client Hello, and what DNS says of it.
func ExampleECH() {
	name := filepath.Join(os.TempDir(), "ringwire-example.ech")
	key, err := certs.NewECHKey("public.example", 1)
	if err != nil {
		log.Fatal(err)
	}
	if err := key.WriteFile(name); err != nil {
		log.Fatal(err)
	}
	defer os.Remove(name)
	ech, err := certs.NewECH(certs.ECHConfig{Files: []string{name}})
	if err != nil {
		log.Fatal(err)
	}
	defer ech.Close()

	server := &tls.Config{GetEncryptedClientHelloKeys: ech.Keys}
	client := &tls.Config{ServerName: "secret.example", EncryptedClientHelloConfigList: ech.ConfigList()}
	fmt.Println(server.GetEncryptedClientHelloKeys != nil, len(client.EncryptedClientHelloConfigList), "bytes")
	// Output: true 75 bytes
}

// A certificate for the machine at hand. Nothing trusts it that was not told to.
func ExampleDevelopment() {
	cert, err := certs.Development(7)
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	fmt.Println(cert.Leaf.Subject.CommonName)
	fmt.Println(cert.Leaf.DNSNames, cert.Leaf.IPAddresses)
	// Output:
	// ringwire development certificate, not for production
	// [localhost] [127.0.0.1 ::1]
}
