package websock

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

func TestAcceptIsOfTheKey(t *testing.T) {
	sum := sha1.Sum([]byte(Key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455 §4.2.2
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != Accept {
		t.Errorf("the accept of %s is %s, not %s", Key, got, Accept)
	}
}

func TestRequest(t *testing.T) {
	for _, deflate := range []bool{false, true} {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(Request("h:1", EchoPath, deflate))))
		if err != nil {
			t.Fatal(err)
		}
		if r.Host != "h:1" || r.URL.Path != EchoPath || r.Header.Get("Sec-Websocket-Key") != Key || (r.Header.Get("Sec-Websocket-Extensions") != "") != deflate {
			t.Errorf("%+v", r)
		}
	}
}

func TestUpgraded(t *testing.T) {
	for cut := range len(Switching) {
		if n, err := Upgraded([]byte(Switching[:cut]), false); n != 0 || err != nil {
			t.Errorf("%d bytes: %d, %v", cut, n, err)
		}
	}
	if n, err := Upgraded([]byte(Switching+"\x82\x00"), false); n != len(Switching) || err != nil {
		t.Errorf("with a frame behind it: %d, %v", n, err)
	}
	compressed := strings.Replace(Switching, "Upgrade: w", "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\nUpgrade: w", 1)
	if n, err := Upgraded([]byte(compressed), true); n == 0 || err != nil {
		t.Errorf("with compression: %d, %v", n, err)
	}
	for what, c := range map[string]struct {
		response string
		deflate  bool
	}{
		"no compression":      {Switching, true},
		"compression unasked": {compressed, false},
		"a status":            {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false},
		"another key":         {strings.Replace(Switching, Accept, "x"+Accept[1:], 1), false},
		"no upgrade":          {strings.Replace(Switching, "Upgrade: websocket\r\n", "", 1), false},
		"nonsense":            {"SSH-2.0\r\n\r\n", false},
		"no end":              {strings.Repeat("x", HeadLimit+1), false},
	} {
		if n, err := Upgraded([]byte(c.response), c.deflate); err == nil {
			t.Errorf("%s: taken, %d bytes", what, n)
		}
	}
}
