//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ringwire/ringwire/bench/internal/endpoint"
)

// shot is what one write sends: a request, or a batch of them, pipelined.
type shot struct {
	send []byte
	want []string // the body of each response, in order
}

const (
	batch  = 16
	cycles = 16 // each with other numbers
)

// newMix is what to send, in turn: as many requests of each kind as of the others, where a kind is GET, POST with
// Content-Length, POST chunked, or any of these in a pipelined batch. No two requests of the mix have the same
// answer, so that one which belongs to another request is noticed.
func newMix(host string) (mix []shot) {
	n := 0
	next := func() (string, string) {
		n++
		return request(host, n)
	}
	for range cycles {
		for range batch * 3 { // of three kinds
			send, want := next()
			mix = append(mix, shot{[]byte(send), []string{want}})
		}
		var all strings.Builder
		var wants []string
		for range batch {
			send, want := next()
			all.WriteString(send)
			wants = append(wants, want)
		}
		mix = append(mix, shot{[]byte(all.String()), wants})
	}
	return mix
}

// request number n and the body of its response.
func request(host string, n int) (send, want string) {
	a, b, body := n, 10_000*n, 7*n // sums that differ whichever of them is missing
	target := fmt.Sprintf("%s?a=%d&b=%d", endpoint.Baseline, a, b)
	switch text := strconv.Itoa(body); n % 3 {
	case 0:
		return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, host), strconv.Itoa(a + b)
	case 1:
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", target, host, len(text), text), strconv.Itoa(a + b + body)
	default:
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n%s\r\n%s0\r\n\r\n",
			target, host, text[:1], chunk(text[1:])), strconv.Itoa(a + b + body)
	}
}

// chunk is nothing for no bytes: an empty chunk would be the last.
func chunk(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%x\r\n%s\r\n", len(s), s)
}
