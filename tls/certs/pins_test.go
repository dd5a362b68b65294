package certs

import (
	stdtls "crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParsePins(t *testing.T) {
	const good = "n2VxQQ0Dk0VVE9TWuVWXbVYwIlxL1hFh2QkVn4Q3nlg="
	for _, text := range []string{"sha256/" + good, `pin-sha256="` + good + `"`} {
		if p, err := ParsePins(text); err != nil || len(p.sums) != 1 {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", good, "sha1/" + good, "sha256/" + good[:40], "sha256/" + good[:43], "sha256/" + good + " ",
		`pin-sha256="` + good, "sha256/" + strings.Replace(good, "lg=", "lh=", 1), "sha256/%%%"} {
		if _, err := ParsePins("sha256/"+good, text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, err := ParsePins(); err == nil {
		t.Error("no pins were taken")
	}
}

// A pin has one spelling in each form: flipping any bit gives another pin, or none.
func FuzzParsePins(f *testing.F) {
	f.Add("sha256/n2VxQQ0Dk0VVE9TWuVWXbVYwIlxL1hFh2QkVn4Q3nlg=")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePins(text)
		if err != nil {
			return
		}
		for i := range text { // no other text is the same pin
			other := text[:i] + string(text[i]^1) + text[i+1:]
			if q, err := ParsePins(other); err == nil && q.sums[0] == p.sums[0] {
				t.Errorf("%q and %q are the same pin", text, other)
			}
		}
	})
}

func pins(t testing.TB, texts ...string) *Pins {
	t.Helper()
	p, err := ParsePins(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPins(t *testing.T) {
	ca, mallory := newAuthority(t), newAuthority(t)
	cert, spare := ca.issue("ecdsa", []string{"a.example"}), ca.issue("ecdsa", []string{"a.example"})
	// Mallory has a certificate of her own, and shows the pinned ones behind it.
	forged := mallory.issue("ecdsa", []string{"a.example"})
	forged.Certificate = append(forged.Certificate, cert.Certificate...)
	for _, c := range []struct {
		name   string
		pinned *Pins
		server stdtls.Certificate
		bare   bool // without normal verification
		good   bool
	}{
		{"the server's key", pins(t, PinOf(spare.Leaf), PinOf(cert.Leaf)), cert, false, true},
		{"the issuer's key", pins(t, PinOf(ca.cert)), cert, false, true},
		{"another key", pins(t, PinOf(spare.Leaf)), cert, false, false},
		{"bare, the server's key", pins(t, PinOf(cert.Leaf)), cert, true, true},
		{"bare, another key", pins(t, PinOf(spare.Leaf)), cert, true, false},
		{"bare, an issuer proves nothing", pins(t, PinOf(ca.cert)), cert, true, false},
		{"bare, pinned certificates behind another", pins(t, PinOf(cert.Leaf), PinOf(ca.cert)), forged, true, false},
		{"verification comes first", pins(t, PinOf(forged.Leaf)), forged, false, false},
	} {
		client := &stdtls.Config{RootCAs: ca.pool(), ServerName: "a.example", InsecureSkipVerify: c.bare}
		c.pinned.Require(client)
		_, _, err, _ := handshake(t, client, &stdtls.Config{Certificates: []stdtls.Certificate{c.server}})
		if (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
		var typed *PinError
		if errors.As(err, &typed) && (!slices.Contains(typed.Offered, PinOf(c.server.Leaf)) || typed.ServerName != "a.example" ||
			!strings.Contains(err.Error(), PinOf(c.server.Leaf))) {
			t.Errorf("%s: %v does not name the pin that was offered", c.name, err)
		}
	}
}

// A session that was begun before a key was distrusted is not resumed after it.
func TestPinsOnResumption(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue("ecdsa", []string{"a.example"})
	server := &stdtls.Config{Certificates: []stdtls.Certificate{cert}}
	for _, version := range []uint16{stdtls.VersionTLS12, stdtls.VersionTLS13} {
		for _, bare := range []bool{false, true} {
			cache := stdtls.NewLRUClientSessionCache(1)
			connect := func(p *Pins) (stdtls.ConnectionState, error) {
				client := &stdtls.Config{RootCAs: ca.pool(), ServerName: "a.example", MaxVersion: version, ClientSessionCache: cache, InsecureSkipVerify: bare}
				p.Require(client)
				state, _, err, _ := handshake(t, client, server)
				return state, err
			}
			good := pins(t, PinOf(cert.Leaf))
			if _, err := connect(good); err != nil {
				t.Fatal(err)
			}
			if state, err := connect(good); err != nil || !state.DidResume {
				t.Errorf("version %x: resumed is %v, %v, want a resumed session", version, state.DidResume, err)
			}
			var typed *PinError
			if _, err := connect(pins(t, PinOf(newAuthority(t).cert))); !errors.As(err, &typed) {
				t.Errorf("version %x: a session was resumed with a key that is not pinned: %v", version, err)
			}
		}
	}
}

func TestPinsComeAfterOtherChecks(t *testing.T) {
	p := pins(t, PinOf(newAuthority(t).cert))
	mine := errors.New("mine")
	cfg := &stdtls.Config{VerifyConnection: func(stdtls.ConnectionState) error { return mine }}
	p.Require(cfg)
	if err := cfg.VerifyConnection(stdtls.ConnectionState{}); err != mine {
		t.Errorf("got %v, want the error of what was there", err)
	}
	if err := p.VerifyConnection(stdtls.ConnectionState{}); err == nil {
		t.Error("a connection without certificates was taken")
	}
}
