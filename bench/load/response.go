//go:build linux

package main

import (
	"bytes"
	"errors"
	"strconv"
)

// response follows one HTTP/1.1 response with a Content-Length through a stream of pieces.
type response struct {
	head []byte // what came of an incomplete head
	rest int    // bytes of the body still to come, once the head is complete
	body bool
}

var (
	errStatus  = errors.New("status is not 200")
	errLength  = errors.New("response without a Content-Length")
	errTooMuch = errors.New("more bytes than the response has")
)

const maxHead = 16 << 10

// feed takes the next piece and reports whether the response is complete with it.
func (r *response) feed(p []byte) (done bool, err error) {
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

// reset prepares for the next response.
func (r *response) reset() {
	r.head = r.head[:0]
	r.rest, r.body = 0, false
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
		return 0, errStatus
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
