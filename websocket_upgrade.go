package ringwire

import (
	"net/url"
	"strings"

	"github.com/ringwire/ringwire/proto/ws"
)

// Upgrade answers a request that opens a WebSocket (RFC 6455 §4.2): when the handler has returned 101
// is sent, with what Header has been given, and OnOpen is called. Nothing can be sent before
// that.
//
// An error says why the request is refused. It has been answered then: with 426 to another version
// or none, 403 to a page of another origin, 400 to what is malformed. In a Blocking handler
// Upgrade does the same, so that who may connect can be looked up first. It fails with
// ErrUpgrade when a response has begun.
//
// A nil cfg is the zero one. When the handler panics after Upgrade there is no WebSocket.
func Upgrade(w *ResponseWriter, r *Request, cfg *WebSocketConfig) (*WebSocket, error) {
	if cfg == nil {
		cfg = new(WebSocketConfig)
	}
	return upgrade(w, r, cfg.settings())
}

func upgrade(w *ResponseWriter, r *Request, set *wsSettings) (*WebSocket, error) {
	ex := w.ex
	if w.committed || w.upgrade != nil || w.err != nil || w.producer != nil || ex.body.sink != nil {
		return nil, ErrUpgrade
	}
	head := &ex.head
	key, herr := ws.CheckRequest(head.Method(), head.Minor(), head)
	if herr == nil && head.Upgrade() == nil {
		herr = errUpgradeBody
	}
	if herr == nil && !set.allows(r) {
		herr = errOrigin
	}
	if herr != nil {
		return nil, w.refuseUpgrade(herr)
	}
	s := &WebSocket{set: set, host: &ex.svc.ws, proto: ws.SelectProtocol(head, set.Subprotocols)}
	if set.compress != nil {
		s.agreed = ws.Negotiate(head, set.compress)
	}
	w.acceptUpgrade(s, key)
	return s, nil
}

// acceptUpgrade makes the response's fields (RFC 6455 §4.2.2).
func (w *ResponseWriter) acceptUpgrade(s *WebSocket, key []byte) {
	var room [96]byte
	w.fields.Del("Content-Type")
	_ = w.fields.Set("Upgrade", "websocket")
	_ = w.fields.SetBytes("Sec-WebSocket-Accept", ws.AppendAccept(room[:0], key))
	w.fields.Del("Sec-WebSocket-Protocol")
	if s.proto != "" {
		_ = w.fields.Set("Sec-WebSocket-Protocol", s.proto)
	}
	w.fields.Del("Sec-WebSocket-Extensions")
	if s.agreed.Enabled {
		_ = w.fields.SetBytes("Sec-WebSocket-Extensions", s.agreed.AppendExtensions(room[:0]))
	}
	w.upgrade = s
}

// refuseUpgrade answers a request that cannot be upgraded.
func (w *ResponseWriter) refuseUpgrade(err *ws.HandshakeError) error {
	w.ex.svc.refusedUpgrade.Add(1)
	Error(w, err.Text, err.Status)
	if err.Status == statusUpgradeRequired {
		// RFC 9110 §15.5.22, RFC 6455 §4.4. The server says which protocol it wants.
		_ = w.fields.Set("Upgrade", "websocket")
		_ = w.fields.Set("Sec-WebSocket-Version", ws.Version)
	}
	return err
}

const statusUpgradeRequired = 426

var (
	errOrigin      = &ws.HandshakeError{Status: StatusForbidden, Text: "pages of this origin may not connect", Ref: "RFC 6455 §4.2.2"}
	errUpgradeBody = &ws.HandshakeError{Status: StatusBadRequest, Text: "a request with a body cannot be upgraded", Ref: "RFC 9110 §7.8"}
)

// allows applies the origin policy (RFC 6455 §10.2).
func (set *wsSettings) allows(r *Request) bool {
	if set.CheckOrigin != nil {
		return set.CheckOrigin(r)
	}
	origin := r.HeaderView("Origin")
	return origin == nil || sameOrigin(string(origin), r.Host())
}

// sameOrigin compares an origin, which is a scheme and an authority, with the authority that was
// asked. The scheme counts for its default port only: in front of this server may be one that
// speaks TLS.
func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return strings.EqualFold(strings.TrimSuffix(u.Host, port), strings.TrimSuffix(host, port))
}
