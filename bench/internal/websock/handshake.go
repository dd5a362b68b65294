package websock

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// Every connection here asks with the key of RFC 6455 §1.3, so that the floor can answer with constant bytes. Keys
// guard against caches in between, of which there are none.
const (
	Key    = "dGhlIHNhbXBsZSBub25jZQ=="
	Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// Paths of the WebSocket profiles.
const (
	EchoPath = "/ws"   // sends every message back
	FeedPath = "/feed" // sends what package feed describes
)

// Offer is the extension that a browser offers.
const Offer = "permessage-deflate; client_max_window_bits"

// Switching is the whole response that the floor gives.
const Switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + Accept + "\r\n\r\n"

// Request is the opening handshake's request; with deflate it offers compression.
func Request(host, path string, deflate bool) []byte {
	b := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n", path, host, Key)
	if deflate {
		b = append(b, "Sec-WebSocket-Extensions: "+Offer+"\r\n"...)
	}
	return append(b, "\r\n"...)
}

var headEnd = []byte("\r\n\r\n")

// HeadLimit is the longest response to a handshake that is waited for.
const HeadLimit = 4096

// Upgraded reads the response to Request that p begins with: the length of its head, 0 while that is incomplete. It is
// an error if the server does not upgrade, or agrees to something else than was asked for.
func Upgraded(p []byte, deflate bool) (n int, err error) {
	n = bytes.Index(p, headEnd)
	if n < 0 {
		if len(p) > HeadLimit {
			return 0, fmt.Errorf("a handshake's response of more than %d bytes", HeadLimit)
		}
		return 0, nil
	}
	n += len(headEnd)
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(p[:n])), nil)
	if err != nil {
		return 0, fmt.Errorf("handshake: %w", err)
	}
	extension := resp.Header.Get("Sec-Websocket-Extensions")
	switch {
	case resp.StatusCode != http.StatusSwitchingProtocols:
		return 0, fmt.Errorf("handshake: status %d", resp.StatusCode)
	case !strings.EqualFold(resp.Header.Get("Upgrade"), "websocket") || !strings.EqualFold(resp.Header.Get("Connection"), "upgrade"):
		return 0, fmt.Errorf("handshake: Upgrade %q, Connection %q", resp.Header.Get("Upgrade"), resp.Header.Get("Connection"))
	case resp.Header.Get("Sec-Websocket-Accept") != Accept:
		return 0, fmt.Errorf("handshake: Sec-WebSocket-Accept %q, want %q", resp.Header.Get("Sec-Websocket-Accept"), Accept)
	case deflate != strings.HasPrefix(extension, "permessage-deflate"):
		return 0, fmt.Errorf("handshake: compression offered: %v; Sec-WebSocket-Extensions: %q", deflate, extension)
	}
	return n, nil
}
