package h1

import "strconv"

// ResponseHead is what a response's head is made of, but for the framing, which AppendResponseHead decides.
type ResponseHead struct {
	Status        int     // 100 … 999; anything else is sent as 500
	Reason        string  // reason phrase; "" = the registered one. Left out when it holds control characters
	ContentLength int64   // bytes of body to come, -1 = not known
	Fields        *Fields // further fields, may be nil
	Date          []byte  // IMF-fixdate (see AppendDate), or nil for none; ignored when Fields has a Date
	Type          string  // Content-Type when Fields has none, "" for none; not checked, so a constant
	Close         bool    // the connection is to be closed after this response
}

const crlf = "\r\n"

// AppendContinue appends 100 (Continue) when the client waits for it (RFC 9110 §10.1.1), else nothing.
func (e *Engine) AppendContinue(dst []byte) []byte {
	if e.facts&factExpect == 0 || e.response != resAwait {
		return dst
	}
	e.facts &^= factExpect
	e.step(inInterim)
	return append(dst, "HTTP/1.1 100 Continue\r\n\r\n"...)
}

// AppendResponseHead appends the head of a response and decides how its body is framed (RFC 9112 §6):
//
//	1xx, 204, 304, 2xx to CONNECT   no framing field, no body
//	205                             Content-Length: 0, no body (RFC 9110 §15.3.6)
//	HEAD                            Content-Length when known, no body
//	ContentLength >= 0              Content-Length
//	unknown, HTTP/1.1               Transfer-Encoding: chunked
//	unknown, HTTP/1.0               the connection's end
//
// so that there are never two. Connection is close when r.Close or Fields say so, the client wants it, the request
// failed or its end must not be waited for (a 100 (Continue) that never went out), and keep-alive for 1.0.
//
// A status of 1xx is an interim response: the final one is still to come. It is left out for HTTP/1.0
// (RFC 9110 §15.2). 101 needs a client that offered to switch (Head.Upgrade), else 500 is sent; afterwards Next
// returns Upgraded. Calling it again after a final head, or without a request, panics.
func (e *Engine) AppendResponseHead(dst []byte, r *ResponseHead) []byte {
	status := r.Status
	if status < 100 || status > 999 || status == 101 && !e.canSwitch() {
		status = 500
	}
	if status < 200 {
		return e.appendInterim(dst, r, status)
	}
	e.frameResponse(r, status)
	e.step(inResponse)
	dst = appendStatusLine(dst, status, r.Reason)
	dst = appendCommon(dst, r)
	switch {
	case e.facts&factChunking != 0:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case status == 205:
		dst = append(dst, "Content-Length: 0\r\n"...)
	case r.ContentLength >= 0 && !e.unframed(status):
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, r.ContentLength, 10)
		dst = append(dst, crlf...)
	}
	switch {
	case e.facts&factPersist == 0:
		dst = append(dst, "Connection: close\r\n"...)
	case e.facts&factHTTP10 != 0:
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	return append(dst, crlf...)
}

// canSwitch: the client offered, and the whole request is there.
func (e *Engine) canSwitch() bool {
	return e.facts&factUpgrade != 0 && e.response == resAwait && (e.request == reqEnding || e.request == reqDone)
}

// unframed: no Content-Length may be sent (RFC 9110 §8.6); for 304 it may, but would describe another response.
func (e *Engine) unframed(status int) bool {
	return status == 204 || status == 304 || e.facts&factCONNECT != 0 && status < 300
}

// frameResponse sets the bits that follow from status and r.
func (e *Engine) frameResponse(r *ResponseHead, status int) {
	none := e.unframed(status)
	if none || status == 205 || e.facts&factHEAD != 0 {
		e.facts |= factNoBody
	} else if r.ContentLength < 0 {
		if e.facts&factHTTP10 == 0 {
			e.facts |= factChunking
		} else {
			e.facts |= factDelimited
			e.facts &^= factPersist
		}
	}
	tunnel := e.facts&factCONNECT != 0 && status < 300
	if r.Close || r.Fields.wantsClose() || tunnel || e.facts&factExpect != 0 {
		e.facts &^= factPersist
	}
}

func (e *Engine) appendInterim(dst []byte, r *ResponseHead, status int) []byte {
	in := inInterim
	if status == 101 {
		in = inSwitch
	}
	e.step(in)
	if e.facts&factHTTP10 != 0 {
		return dst
	}
	if status == 100 {
		e.facts &^= factExpect
	}
	dst = appendStatusLine(dst, status, r.Reason)
	if r.Fields != nil {
		dst = append(dst, r.Fields.buf...)
	}
	if status == 101 {
		dst = append(dst, "Connection: Upgrade\r\n"...)
	}
	return append(dst, crlf...)
}

func appendStatusLine(dst []byte, status int, reason string) []byte {
	if reason == "" && status < 600 {
		if line := statusLines[status]; line != "" {
			return append(dst, line...)
		}
	}
	if scanValue(asBytes(reason), 0) != len(reason) {
		reason = ""
	}
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ') // the space stays when the phrase is empty (RFC 9112 §4)
	dst = append(dst, reason...)
	return append(dst, crlf...)
}

func appendCommon(dst []byte, r *ResponseHead) []byte {
	if r.Date != nil && !r.Fields.has(fieldDate) {
		dst = append(dst, "Date: "...)
		dst = append(dst, r.Date...)
		dst = append(dst, crlf...)
	}
	if r.Type != "" && !r.Fields.has(fieldType) {
		dst = append(dst, "Content-Type: "...)
		dst = append(dst, r.Type...)
		dst = append(dst, crlf...)
	}
	if r.Fields != nil {
		dst = append(dst, r.Fields.buf...)
	}
	return dst
}

// BodyAllowed reports whether the response whose head was appended has a body.
func (e *Engine) BodyAllowed() bool { return e.facts&factNoBody == 0 }

// Chunking reports whether that body is to be sent with AppendChunk and AppendLastChunk.
func (e *Engine) Chunking() bool { return e.facts&factChunking != 0 }

// FinishResponse ends the response, all of whose bytes were appended, and reports whether the connection persists. If
// so, Next goes on with the next request once the present one's body has ended; if not, it still hands out the rest
// of that body, then says Closed.
func (e *Engine) FinishResponse() (keepAlive bool) {
	keepAlive = e.keepAlive()
	e.step(inResponseEnd)
	return keepAlive
}

// AppendError appends a complete response to a failed request, with Connection: close. date is as in ResponseHead.
func (e *Engine) AppendError(dst []byte, err *Error, date []byte) []byte {
	return appendError(dst, err, date, e.facts&factHEAD == 0)
}

// AppendError is the same for a caller without engine, or that was not asked with HEAD.
func AppendError(dst []byte, err *Error, date []byte) []byte {
	return appendError(dst, err, date, true)
}

func appendError(dst []byte, err *Error, date []byte, body bool) []byte {
	dst = appendStatusLine(dst, err.Status, "")
	if date != nil {
		dst = append(dst, "Date: "...)
		dst = append(dst, date...)
		dst = append(dst, crlf...)
	}
	dst = append(dst, "Content-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(err.Text)+1), 10)
	dst = append(dst, "\r\nConnection: close\r\n\r\n"...)
	if !body {
		return dst
	}
	dst = append(dst, err.Text...)
	return append(dst, '\n')
}
