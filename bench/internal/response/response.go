// Package response reads what servers answer, for the load generators: HTTP/1.1 responses with status 200 and a
// Content-Length.
package response

import (
	"bytes"
	"errors"
	"strconv"
)

// Response follows one response through a stream of pieces. The zero value is ready.
type Response struct {
	head []byte // what came of an incomplete head
	rest int    // bytes of the body still to come, once the head is complete
	body bool
}

// ErrStatus is Feed's error for a response that is one, and no success.
var ErrStatus = errors.New("status is not 200")

var (
	errLength  = errors.New("response without a Content-Length")
	errTooMuch = errors.New("more bytes than the response has")
)

const maxHead = 16 << 10

// Feed takes the next piece and reports whether the response is complete with it.
func (r *Response) Feed(p []byte) (done bool, err error) {
	if !r.body {
		if len(r.head) > 0 {
			r.head = append(r.head, p...)
			p = r.head
		}
		end := bytes.Index(p, crlfcrlf)
		if end < 0 {
			if len(r.head) == 0 {
				r.head = append(r.head, p...)
			}
			if len(r.head) > maxHead {
				return false, errLength
			}
			return false, nil
		}
		if r.rest, err = parseHead(p[:end+2]); err != nil {
			return false, err
		}
		r.body = true
		p = p[end+len(crlfcrlf):]
	}
	if r.rest -= len(p); r.rest < 0 {
		return false, errTooMuch
	}
	return r.rest == 0, nil
}

// Reset prepares for the next response, and keeps the buffer of this one.
func (r *Response) Reset() {
	r.head = r.head[:0]
	r.rest, r.body = 0, false
}

// Cut finds the response that p begins with: its length, and its body, which is part of p. The length is 0 while
// p does not hold all of it. It does not allocate.
func Cut(p []byte) (size int, body []byte, err error) {
	end := bytes.Index(p, crlfcrlf)
	if end < 0 {
		if len(p) > maxHead {
			return 0, nil, errLength
		}
		return 0, nil, nil
	}
	n, err := parseHead(p[:end+2])
	if err != nil {
		return 0, nil, err
	}
	start := end + len(crlfcrlf)
	if len(p)-start < n {
		return 0, nil, nil
	}
	return start + n, p[start : start+n], nil
}

var (
	crlfcrlf   = []byte("\r\n\r\n")
	statusOK   = []byte("HTTP/1.1 200")
	fieldName  = []byte("\r\ncontent-length:")
	fieldStart = []byte("\r\n")
)

// parseHead returns the Content-Length of a head that ends with its last field's CRLF.
func parseHead(head []byte) (int, error) {
	if !bytes.HasPrefix(head, statusOK) {
		return 0, ErrStatus
	}
	for {
		i := bytes.Index(head, fieldStart)
		if i < 0 {
			return 0, errLength
		}
		head = head[i:]
		if len(head) > len(fieldName) && bytes.EqualFold(head[:len(fieldName)], fieldName) {
			value, _, _ := bytes.Cut(head[len(fieldName):], fieldStart)
			n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
			if err != nil || n < 0 {
				return 0, errLength
			}
			return n, nil
		}
		head = head[len(fieldStart):]
	}
}
