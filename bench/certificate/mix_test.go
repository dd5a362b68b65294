//go:build linux

package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strconv"
	"testing"
)

// The mix is read with net/http's eyes: what it says, and whether the answers are right.
func TestMix(t *testing.T) {
	kinds := map[string]int{}
	answers := map[string]bool{}
	for _, s := range newMix("127.0.0.1:80") {
		in := bufio.NewReader(bytes.NewReader(s.send))
		for _, want := range s.want {
			req, err := http.ReadRequest(in)
			if err != nil {
				t.Fatalf("%q: %v", s.send, err)
			}
			body, err := io.ReadAll(req.Body)
			if err != nil {
				t.Fatalf("%q: %v", s.send, err)
			}
			sum := 0
			for _, v := range []string{req.URL.Query().Get("a"), req.URL.Query().Get("b"), string(body)} {
				n, _ := strconv.Atoi(v)
				sum += n
			}
			if strconv.Itoa(sum) != want || answers[want] {
				t.Fatalf("%q: answer %q, want %d, that no other request has", s.send, want, sum)
			}
			answers[want] = true
			switch {
			case len(s.want) > 1:
				kinds["pipelined"]++
			case len(req.TransferEncoding) > 0:
				kinds["chunked"]++
			default:
				kinds[req.Method]++
			}
		}
		if _, err := in.ReadByte(); err != io.EOF {
			t.Fatalf("%q: more than its requests", s.send)
		}
	}
	for _, kind := range []string{"GET", "POST", "chunked", "pipelined"} {
		if kinds[kind] != cycles*batch {
			t.Errorf("%d requests of kind %s, want %d of each: %v", kinds[kind], kind, cycles*batch, kinds)
		}
	}
}
