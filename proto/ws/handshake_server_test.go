package ws

import (
	"slices"
	"strings"
	"testing"
)

// lines are fields as Fields, "Name: value" each.
type lines []string

func (l lines) Len() int { return len(l) }

func (l lines) At(i int) (name, value []byte) {
	n, v, _ := strings.Cut(l[i], ":")
	return []byte(n), []byte(strings.Trim(v, " \t"))
}

// sample is the request of RFC 6455 §1.2.
var sample = lines{
	"Host: server.example.com", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	"Origin: http://example.com", "Sec-WebSocket-Protocol: chat, superchat", "Sec-WebSocket-Version: 13",
}

// with is the sample with the field of that name replaced by some lines, which may be none.
func with(name string, more ...string) lines {
	var out lines
	for _, l := range sample {
		if !strings.HasPrefix(l, name+":") {
			out = append(out, l)
		}
	}
	return append(out, more...)
}

func TestCheckRequest(t *testing.T) {
	const key = "Sec-WebSocket-Key"
	for _, v := range []struct {
		name string
		f    lines
		want *HandshakeError
	}{
		{"the sample", sample, nil},
		{"names in another case", lines{"UPGRADE: WebSocket", "connection: keep-alive, UPGRADE", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "SEC-WEBSOCKET-VERSION: 13"}, nil},
		{"several protocols to upgrade to", with("Upgrade", "Upgrade: h2c, websocket"), nil},
		{"in several lines", with("Connection", "Connection: keep-alive", "Connection: upgrade"), nil},
		{"and not in the last", append(with("Connection"), "Connection: upgrade", "Connection: keep-alive", "Upgrade: h2c"), nil},
		{"no Upgrade", with("Upgrade"), ErrNoUpgrade},
		{"an upgrade to another", with("Upgrade", "Upgrade: h2c"), ErrNoUpgrade},
		{"a name that begins so", with("Upgrade", "Upgrade: websocket2"), ErrNoUpgrade},
		{"no Connection", with("Connection"), ErrNoConnection},
		{"a Connection without upgrade", with("Connection", "Connection: keep-alive"), ErrNoConnection},
		{"no key", with(key), ErrNoKey},
		{"an empty key", with(key, key+": "), ErrBadKey},
		{"a short key", with(key, key+": dGhlIHNhbXBsZSBub25j"), ErrBadKey},
		{"a long key", with(key, key+": dGhlIHNhbXBsZSBub25jZQAA"), ErrBadKey},
		{"another alphabet", with(key, key+": dGhlIHNhbXBs-SBub25jZQ=="), ErrBadKey},
		{"two keys in a line", with(key, key+": dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="), ErrBadKey},
		{"two keys", with(key, key+": dGhlIHNhbXBsZSBub25jZQ==", key+": dGhlIHNhbXBsZSBub25jZQ=="), ErrManyKeys},
		{"no version", with("Sec-WebSocket-Version"), ErrVersion},
		{"version 8", with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"), ErrVersion},
		{"version 013", with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 013"), ErrVersion},
		{"a list of versions", with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 13, 8"), ErrVersion},
		{"two versions", with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13"), ErrManyVersions},
		{"a protocol that is no token", with("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: chat, a b"), ErrBadProtocols},
		{"protocols in lines, and an empty one", with("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: a,,b", "Sec-WebSocket-Protocol: c"), nil},
		{"extensions", with("", "Sec-WebSocket-Extensions: foo, bar; baz=2"), nil},
		{"malformed extensions", with("", "Sec-WebSocket-Extensions: foo; ="), ErrBadExtensions},
	} {
		got, err := CheckRequest([]byte("GET"), 1, v.f)
		if err != v.want {
			t.Errorf("%s: %v, want %v", v.name, err, v.want)
		}
		if err == nil && string(got) != "dGhlIHNhbXBsZSBub25jZQ==" {
			t.Errorf("%s: key %q", v.name, got)
		}
	}
	if _, err := CheckRequest([]byte("POST"), 1, sample); err != ErrMethod {
		t.Error(err)
	}
	if _, err := CheckRequest([]byte("GET"), 0, sample); err != ErrHTTP10 {
		t.Error(err)
	}
	if _, err := CheckRequest([]byte("POST"), 0, lines{"Host: x"}); err != ErrNoUpgrade {
		t.Error("who does not want a WebSocket is told that this is one: ", err)
	}
}

func TestSelectProtocol(t *testing.T) {
	for _, v := range []struct {
		offers    []string
		supported []string
		want      string
	}{
		{[]string{"chat, superchat"}, []string{"superchat", "chat"}, "superchat"},
		{[]string{"chat", "superchat"}, []string{"other", "superchat"}, "superchat"},
		{[]string{"chat, superchat"}, []string{"Chat"}, ""},
		{[]string{"chat"}, nil, ""},
		{nil, []string{"chat"}, ""},
		{[]string{",, chat"}, []string{"", "chat"}, "chat"},
		{[]string{"chatter"}, []string{"chat"}, ""},
	} {
		f := lines{"Upgrade: websocket"}
		for _, o := range v.offers {
			f = append(f, "Sec-WebSocket-Protocol: "+o)
		}
		if got := SelectProtocol(f, v.supported); got != v.want {
			t.Errorf("of %q the server that has %q takes %q, want %q", v.offers, v.supported, got, v.want)
		}
	}
}

// What is offered, what the server wants, and what it answers.
func TestNegotiate(t *testing.T) {
	none := "(none)"
	for _, v := range []struct {
		offer string // lines, separated by |
		o     Options
		want  string
	}{
		{"permessage-deflate", Options{}, "permessage-deflate"},
		{"PERMESSAGE-DEFLATE", Options{}, none},
		{"", Options{}, none},
		{"permessage-bzip2", Options{}, none},
		{"foo; bar=\"baz\", permessage-deflate", Options{}, "permessage-deflate"},
		{"foo | permessage-deflate", Options{}, "permessage-deflate"},
		{"permessage-deflate; client_max_window_bits", Options{}, "permessage-deflate"},
		{"permessage-deflate; client_max_window_bits", Options{ClientWindow: 10}, "permessage-deflate; client_max_window_bits=10"},
		{"permessage-deflate", Options{ClientWindow: 10}, "permessage-deflate"}, // it does not say that it can
		{"permessage-deflate; client_max_window_bits=12", Options{}, "permessage-deflate; client_max_window_bits=12"},
		{"permessage-deflate; client_max_window_bits=12", Options{ClientWindow: 9}, "permessage-deflate; client_max_window_bits=9"},
		{"permessage-deflate; client_max_window_bits=9", Options{ClientWindow: 12}, "permessage-deflate; client_max_window_bits=9"},
		{"permessage-deflate; client_max_window_bits=15", Options{}, "permessage-deflate; client_max_window_bits=15"},
		{"permessage-deflate; server_max_window_bits=10", Options{}, "permessage-deflate; server_max_window_bits=10"},
		{"permessage-deflate; server_max_window_bits=15", Options{}, "permessage-deflate; server_max_window_bits=15"},
		{"permessage-deflate; server_max_window_bits=\"10\"", Options{}, "permessage-deflate; server_max_window_bits=10"},
		{"permessage-deflate; server_max_window_bits = \"1\\0\"", Options{}, "permessage-deflate; server_max_window_bits=10"},
		{"permessage-deflate; server_max_window_bits=14", Options{ServerWindow: 11}, "permessage-deflate; server_max_window_bits=11"},
		{"permessage-deflate", Options{ServerWindow: 11}, "permessage-deflate; server_max_window_bits=11"},
		{"permessage-deflate", Options{ServerWindow: 3}, "permessage-deflate; server_max_window_bits=8"},
		{"permessage-deflate; server_no_context_takeover", Options{}, "permessage-deflate; server_no_context_takeover"},
		{"permessage-deflate; client_no_context_takeover", Options{}, "permessage-deflate; client_no_context_takeover"},
		{"permessage-deflate", Options{ServerNoContext: true, ClientNoContext: true}, "permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
		// RFC 7692 §7.1: an offer with what it cannot have is declined, and the next one is looked at.
		{"permessage-deflate; server_max_window_bits", Options{}, none},
		{"permessage-deflate; server_max_window_bits=7", Options{}, none},
		{"permessage-deflate; server_max_window_bits=16", Options{}, none},
		{"permessage-deflate; server_max_window_bits=010", Options{}, none},
		{"permessage-deflate; server_max_window_bits=1000000000000000", Options{}, none},
		{"permessage-deflate; client_max_window_bits=16", Options{}, none},
		{"permessage-deflate; client_max_window_bits=x", Options{}, none},
		{"permessage-deflate; server_no_context_takeover=1", Options{}, none},
		{"permessage-deflate; client_no_context_takeover; client_no_context_takeover", Options{}, none},
		{"permessage-deflate; client_max_window_bits; client_max_window_bits=10", Options{}, none},
		{"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", Options{}, none},
		{"permessage-deflate; unknown", Options{}, none},
		{"permessage-deflate; server_max_window_bits=20, permessage-deflate; client_no_context_takeover", Options{}, "permessage-deflate; client_no_context_takeover"},
		{"permessage-deflate; server_max_window_bits=10, permessage-deflate", Options{}, "permessage-deflate; server_max_window_bits=10"},
	} {
		var f lines
		for _, l := range strings.Split(v.offer, "|") {
			f = append(f, "Sec-WebSocket-Extensions: "+strings.TrimSpace(l))
		}
		c := Negotiate(f, &v.o)
		got := string(c.AppendExtensions(nil))
		if got == "" {
			got = none
		}
		if got != v.want || c.Enabled != (got != none) {
			t.Errorf("%s to %+v: %s, want %s", v.offer, v.o, got, v.want)
		}
	}
	f := lines{"Sec-WebSocket-Extensions: permessage-deflate"}
	for threshold, want := range map[int]int{0: 256, -1: 0, 1000: 1000} {
		if c := Negotiate(f, &Options{Threshold: threshold, Level: 3}); c.Threshold != want || c.Level != 3 {
			t.Errorf("threshold %d: %+v", threshold, c)
		}
	}
}

func TestMalformedExtensions(t *testing.T) {
	good := []string{"", "a", "a;b", " a ; b = c ,, d;e=\"f\"\t", ",a,", "a;b=\"\\c\""}
	bad := []string{";", "a;", "a;;b", "a;=b", "a;b=", "a b", "a;b c", "a;b=\"", "a;b=\"\"", "a;b=\"c", "a;b=\"c d\"", "a;b=\"c\"d", "a;b=\"\\\"", "a=b", "\"a\"", "a,b;", "\x00", "a;b=\"\\"}
	for _, s := range slices.Concat(good, bad) {
		if got, want := validExtensions([]byte(s)), slices.Contains(good, s); got != want {
			t.Errorf("%q: %t", s, got)
		}
	}
}
