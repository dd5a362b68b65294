package ws

// Version is the only one (RFC 6455 §4.2.1). An answer of 426 names it in Sec-WebSocket-Version (§4.4).
const Version = "13"

// CheckRequest checks everything that RFC 6455 §4.2.1 asks of an opening handshake over HTTP/1.1 but Host and Origin,
// and returns the value of Sec-WebSocket-Key, a view. minor is that of HTTP/1.x. An answer of status 426 has
// Sec-WebSocket-Version and Upgrade: websocket.
func CheckRequest(method []byte, minor int, f Fields) (key []byte, err *HandshakeError) {
	var q requestFields
	for i := range f.Len() {
		if err := q.note(f.At(i)); err != nil {
			return nil, err
		}
	}
	switch {
	case !q.upgrade:
		return nil, ErrNoUpgrade
	case string(method) != "GET":
		return nil, ErrMethod
	case minor < 1:
		return nil, ErrHTTP10
	case !q.connection:
		return nil, ErrNoConnection
	case string(q.version) != Version:
		return nil, ErrVersion
	case q.key == nil:
		return nil, ErrNoKey
	case !validKey(q.key):
		return nil, ErrBadKey
	}
	return q.key, nil
}

// requestFields is what the fields of a request say.
type requestFields struct {
	key, version        []byte
	upgrade, connection bool
}

// note takes one field. What stands there once must not be there twice; lists may be cut into lines.
func (q *requestFields) note(name, value []byte) *HandshakeError {
	switch {
	case equalFold(name, "upgrade"):
		q.upgrade = q.upgrade || contains(value, "websocket")
	case equalFold(name, "connection"):
		q.connection = q.connection || contains(value, "upgrade")
	case equalFold(name, "sec-websocket-key"):
		if q.key != nil {
			return ErrManyKeys
		}
		q.key = value
	case equalFold(name, "sec-websocket-version"):
		if q.version != nil {
			return ErrManyVersions
		}
		q.version = value
	case equalFold(name, "sec-websocket-protocol"):
		if !tokens(value) {
			return ErrBadProtocols
		}
	case equalFold(name, "sec-websocket-extensions"):
		if !validExtensions(value) {
			return ErrBadExtensions
		}
	}
	return nil
}

// tokens reports whether all elements of a list are, empty ones aside.
func tokens(list []byte) bool {
	for len(list) > 0 {
		var element []byte
		if element, list = cutElement(list); len(element) > 0 && !token(element) {
			return false
		}
	}
	return true
}

// SelectProtocol returns the first of supported that the client offers in Sec-WebSocket-Protocol, "" for none of
// them: the choice is the server's (RFC 6455 §4.2.2). Names are compared as they are.
func SelectProtocol(f Fields, supported []string) string {
	for _, s := range supported {
		for i := range f.Len() {
			if name, value := f.At(i); equalFold(name, "sec-websocket-protocol") && offersProtocol(value, s) {
				return s
			}
		}
	}
	return ""
}

func offersProtocol(list []byte, s string) bool {
	for len(list) > 0 {
		var element []byte
		if element, list = cutElement(list); string(element) == s && s != "" {
			return true
		}
	}
	return false
}

// Negotiate answers the offers in Sec-WebSocket-Extensions: it takes the first one of permessage-deflate that can be
// had (RFC 7692 §5). The zero Compression is for none. The fields must have passed CheckRequest.
func Negotiate(f Fields, o *Options) Compression {
	for i := range f.Len() {
		name, value := f.At(i)
		if !equalFold(name, "sec-websocket-extensions") {
			continue
		}
		list := extensions{value}
		for x, more := list.next(); more; x, more = list.next() {
			if c, ok := x.accept(o); ok {
				return c
			}
		}
	}
	return Compression{}
}
