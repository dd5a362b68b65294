package ringwire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
)

// Clients of HTTP/1.1.
func TestSameEvents(t *testing.T) {
	t.Parallel()
	playEverywhere(t, 8, sameScripts, func(_ *testing.T, e *events) HandlerFunc { return e.handler })
}

func sameScripts(seed uint64) (list []script) {
	rng := rand.New(rand.NewPCG(seed, 0x73616d65))
	for i := range 6 {
		s := script{end: simEnd(rng.IntN(int(endIdle) + 1))}
		var requests sameRequests
		var raw []byte
		for j, n := 0, 1+rng.IntN(8); j < n; j++ {
			r := newSimRequest(rng, fmt.Sprintf("c%dr%d", i, j), false, s.end, j == n-1)
			requests = append(requests, r)
			raw = append(raw, r.raw...)
		}
		only := step{pieces: cut(rng, raw)}
		if s.end == endIdle {
			only.done = requests.answered
		}
		s.steps, s.told = []step{only}, requests.tell
		list = append(list, s)
	}
	return list
}

// handler writes down what the application sees, and answers as the simulation's does.
func (e *events) handler(w *ResponseWriter, r *Request) {
	var client, n int
	path := r.Path()
	if _, err := fmt.Sscanf(path[strings.LastIndexByte(path, '/')+1:], "c%dr%d", &client, &n); err != nil {
		return // a surplus request, which is not to come
	}
	var fields []string
	for name, value := range r.Headers() {
		fields = append(fields, fmt.Sprintf("%s: %s", name, value))
	}
	e.add(client, "application", "called: %s %s, length %d, %q", r.Method(), r.TargetView(), r.Body.Len(), fields)
	simHandler(w, r)
}

// sameRequests are what a client asks for.
type sameRequests []simRequest

// tell writes down the answers.
func (s sameRequests) tell(e *events, client int, got []byte) {
	rest, err := s.answers(got, func(res *http.Response, body []byte) { e.answer(client, res, body) })
	e.add(client, "client", "behind the answers: %q, %v", rest, err)
}

// answer writes down an answer, without the time.
func (e *events) answer(client int, res *http.Response, body []byte) {
	res.Header.Del("Date")
	e.add(client, "client", "answer: %d %v, %d bytes %.40q, trailer %v", res.StatusCode, res.Header, len(body), body, res.Trailer)
}

// answers reads the final answers. The error is why one is not whole.
func (s sameRequests) answers(got []byte, each func(res *http.Response, body []byte)) (rest []byte, err error) {
	r := bufio.NewReader(bytes.NewReader(got))
	for i := 0; i < len(s); {
		res, body, err := readAnswer(r, s[i].method)
		if err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusContinue { // whether that comes depends on when the body does
			each(res, body)
			i++
		}
	}
	return io.ReadAll(r)
}

// answered reports whether all answers are there.
func (s sameRequests) answered(got []byte) bool {
	_, err := s.answers(got, func(*http.Response, []byte) {})
	return err == nil
}

// readAnswer reads one answer, whole.
func readAnswer(r *bufio.Reader, method string) (res *http.Response, body []byte, err error) {
	if res, err = http.ReadResponse(r, &http.Request{Method: method}); err == nil {
		body, err = io.ReadAll(res.Body)
	}
	return res, body, err
}
