// Package certs holds what a TLS server or client knows beside the protocol: which
// certificate is for which name, ticket keys, OCSP staples, pinned keys, keys of Encrypted
// Client Hello. It works with a plain crypto/tls Config:
//
//	set, err := certs.New(certs.Config{Sources: []certs.Source{
//		{CertFile: "example.org.pem", KeyFile: "example.org.key"}, // also the default
//		{CertFile: "example.net.pem", KeyFile: "example.net.key"},
//	}})
//	...
//	defer set.Close()
//	cfg := &tls.Config{GetCertificate: set.GetCertificate} // no Certificates
//
// # What is in
//
//	Set      certificates by server name, reloaded while serving, with OCSP staples
//	Tickets  session ticket keys that change, alike in several processes
//	Pins     the public keys that a client insists on
//	ECH      keys of Encrypted Client Hello, and the list to publish
//	Development   a certificate made on the spot, for examples
//
// Set, Tickets and ECH look at their files every ten seconds, so that a renewed file is taken
// without a restart. Handshakes in flight go on with what they have begun with, and
// connections do not notice. What a handshake asks of them takes no lock.
//
// # Files
//
// A file has changed when its modification time, size or identity (device and inode) is
// another, symbolic links followed: that covers writing in place, renaming a new file over an old
// one, and the swapped directory link by which Kubernetes updates a mounted secret. A file that
// was written within the last two seconds is read again at the next look, because a second
// write need not have moved its time.
//
// A certificate and its key are two files, and a look may fall between the two writes. So a
// failure that is found by looking is told only when the next look finds it again;
// explicit calls ([Set.Reload]) tell at once.
//
// # Limits
//
// Names are those of the certificate's subjectAltName; the common name is not one (RFC 9525 §2).
// Addresses are never asked for by name (RFC 6066 §3): a certificate for an address has to be the default.
//
// Private keys that crypto/tls has parsed are Go objects, which the collector may have moved
// or copied: they cannot be wiped. The bytes that were read from files are.
package certs
