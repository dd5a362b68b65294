// Package keyexchange computes the (EC)DHE and hybrid ML-KEM key exchanges of TLS 1.3: from
// random bytes to a client's key share, from that to the server's share and the
// shared secret, and from the server's share to the same secret.
//
//	var c keyexchange.Client
//	offer, err := c.Generate(keyexchange.X25519MLKEM768, nil)         // into key_share of ClientHello
//	answer, secret, err := keyexchange.Serve(group, offer, nil, nil)  // the server, with what it received
//	secret, err = c.Finish(group, answer, nil)                        // the client, with what came back
//
// Shares are the key_exchange field of a KeyShareEntry, without its length (RFC 8446
// §4.2.8); the secret is what enters the key schedule as (EC)DHE (RFC 8446 §7.1). Both
// are appended to buffers of the caller, who wipes the secret when it has been used.
//
// # Who computes
//
// On amd64, X25519 and ML-KEM come from github.com/cloudflare/circl, which takes half of
// the standard library's time there; the NIST curves, and everything elsewhere or in FIPS
// 140 mode, come from the standard library. Before a group is used for the first time in a
// process, circl and the standard library exchange keys with each other, in both
// directions, and show each other what must be refused. If they disagree on anything, or one
// panics, the standard library takes the group over for good. [ProviderOf] says who
// computes a group and why; calling it beforehand takes the check, about a millisecond
// for each group, out of the first handshake.
//
// # Errors
//
// A share that breaks the protocol is an [*Error] and is answered with an
// illegal_parameter alert, whichever it is. Other errors are ours.
//
// # Limits
//
// Random bytes come from crypto/rand. What is ours of a secret is wiped after use:
// scalars, seeds and intermediate secrets. The libraries keep copies on their stacks and, of
// ML-KEM decapsulation keys and of NIST scalars, on the heap, until those are
// reused: Go has no way to wipe them.
//
// Nothing here sends, waits or locks beyond the check. Functions may be called from any
// goroutine; a Client belongs to one at a time.
package keyexchange
