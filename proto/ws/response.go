package ws

import "bytes"

// What a client refuses.
var (
	ErrNotSwitched       = &HandshakeError{0, "the server does not switch to WebSocket", "RFC 6455 §4.1"}
	ErrResponse          = &HandshakeError{0, "the response is not a head of HTTP/1.1", "RFC 9112 §4"}
	ErrResponseTooLarge  = &HandshakeError{0, "the response's head is too large", "RFC 9112 §4"}
	ErrResponseUpgrade   = &HandshakeError{0, "the response's Upgrade is not websocket", "RFC 6455 §4.1"}
	ErrResponseConnect   = &HandshakeError{0, "the response's Connection does not have upgrade", "RFC 6455 §4.1"}
	ErrAccept            = &HandshakeError{0, "Sec-WebSocket-Accept is not what the key makes", "RFC 6455 §4.1"}
	ErrProtocol          = &HandshakeError{0, "the server chose a subprotocol that was not offered", "RFC 6455 §4.1"}
	ErrExtension         = &HandshakeError{0, "the server chose an extension that was not offered", "RFC 6455 §4.1"}
	ErrExtensionTerms    = &HandshakeError{0, "the server's terms of permessage-deflate do not answer the offer", "RFC 7692 §5.1"}
	ErrExtensionResponse = &HandshakeError{0, "the response's Sec-WebSocket-Extensions is malformed", "RFC 6455 §9.1"}
)

// MaxResponse is the most bytes of a response's head, interim ones before it included.
const MaxResponse = 16 << 10

// Response is what the server has answered. Before its first use it is the zero value.
type Response struct {
	Status      int         // 101 when the connection speaks WebSocket from now on
	Protocol    string      // the subprotocol, one of those wanted, or ""
	Compression Compression // what was agreed on
	Head        []byte      // the head as it came, a view into p

	start   int // bytes of interim responses
	scanned int // bytes behind which the answer's head ends
}

// Read looks for the answer's head at the front of p, which begins with the connection's first byte, and returns its
// length; 0 as long as it is not complete, when p is handed in again with more behind it. It checks all that RFC 6455
// §4.1 asks for. Interim responses before the answer are skipped. An answer that is no 101 is ErrNotSwitched; r has its
// Status and Head.
func (r *Response) Read(p []byte, q *Request) (n int, err *HandshakeError) {
	for {
		i := bytes.Index(p[r.scanned:min(len(p), MaxResponse)], []byte(crlf+crlf))
		if i < 0 {
			if len(p) >= MaxResponse {
				return 0, ErrResponseTooLarge
			}
			r.scanned = max(r.scanned, len(p)-3)
			return 0, nil
		}
		end := r.scanned + i + 4
		r.Head = p[r.start:end:end]
		var fields []byte
		if r.Status, fields, err = statusLine(r.Head); err != nil {
			return 0, err
		}
		if r.Status >= 200 || r.Status == 101 {
			return end, r.check(fields, q)
		}
		r.start, r.scanned = end, end
	}
}

// statusLine reads "HTTP/1.1 101 reason" (RFC 9112 §4); a later minor version is as good.
func statusLine(head []byte) (status int, fields []byte, err *HandshakeError) {
	line, fields, _ := bytes.Cut(head, []byte(crlf))
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[7] < '1' || line[7] > '9' || line[8] != ' ' ||
		len(line) > 12 && line[12] != ' ' || !validValue(line) {
		return 0, nil, ErrResponse
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return 0, nil, ErrResponse
		}
		status = 10*status + int(c-'0')
	}
	if status < 100 {
		return 0, nil, ErrResponse
	}
	return status, fields, nil
}

// check goes through the answer's fields.
func (r *Response) check(fields []byte, q *Request) *HandshakeError {
	if r.Status != 101 {
		return ErrNotSwitched
	}
	var a answer
	for len(fields) > len(crlf) {
		var line []byte
		line, fields, _ = bytes.Cut(fields, []byte(crlf))
		name, value, found := bytes.Cut(line, []byte{':'})
		if value = trim(value); !found || !token(name) || !validValue(value) {
			return ErrResponse
		}
		if err := a.note(name, value, q); err != nil {
			return err
		}
	}
	var want [AcceptSize]byte
	switch {
	case !a.upgrade:
		return ErrResponseUpgrade
	case !a.connection:
		return ErrResponseConnect
	case string(a.accept) != string(AppendAccept(want[:0], q.Key[:])):
		return ErrAccept
	}
	r.Protocol, r.Compression = a.protocol, a.compression
	return nil
}

// answer is what the fields of a response say.
type answer struct {
	accept              []byte
	protocol            string
	compression         Compression
	upgrade, connection bool
}

// note takes one field.
func (a *answer) note(name, value []byte, q *Request) *HandshakeError {
	switch {
	case equalFold(name, "upgrade"):
		if a.upgrade || !equalFold(value, "websocket") {
			return ErrResponseUpgrade
		}
		a.upgrade = true
	case equalFold(name, "connection"):
		a.connection = a.connection || contains(value, "upgrade")
	case equalFold(name, "sec-websocket-accept"):
		if a.accept != nil {
			return ErrAccept
		}
		a.accept = value
	case equalFold(name, "sec-websocket-protocol"):
		return a.chooseProtocol(value, q)
	case equalFold(name, "sec-websocket-extensions"):
		return a.chooseExtensions(value, q)
	}
	return nil
}

// chooseProtocol: one, of those that were offered.
func (a *answer) chooseProtocol(value []byte, q *Request) *HandshakeError {
	if a.protocol != "" {
		return ErrProtocol
	}
	for _, p := range q.Protocols {
		if string(value) == p {
			a.protocol = p
			return nil
		}
	}
	return ErrProtocol
}

// chooseExtensions: permessage-deflate once, if it was offered, on terms that the offer lets.
func (a *answer) chooseExtensions(value []byte, q *Request) *HandshakeError {
	list := extensions{value}
	for {
		x, more := list.next()
		switch {
		case x.malformed:
			return ErrExtensionResponse
		case !more:
			return nil
		case !x.deflate, q.Compress == nil, a.compression.Enabled:
			return ErrExtension
		}
		var ok bool
		if a.compression, ok = x.confirm(q.Compress); !ok {
			return ErrExtensionTerms
		}
	}
}
