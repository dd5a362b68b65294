package world

import (
	"fmt"
	"strings"
	"testing"
)

const date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

// read gives an answer whole, or byte by byte, and says what has come of it.
func read(text string, q *request, step int) (events []answerEvent, why string) {
	var a answer
	for p := []byte(text); len(p) > 0; {
		part := p[:min(step, len(p))]
		for len(part) > 0 {
			n, ev, why := a.take(part, q)
			if why != "" {
				return events, why
			}
			if ev != answerMore {
				events = append(events, ev)
			}
			part, p = part[n:], p[n:]
		}
	}
	if a.begun() {
		return events, "it is not whole: " + a.where()
	}
	return events, ""
}

// The reader takes what is right, whole and in pieces, and nothing else.
func TestAnswer(t *testing.T) {
	key := Key(1, 2, FromServer)
	body := make([]byte, 10)
	Fill(body, key, 0)
	other := make([]byte, 10)
	Fill(other, Key(2, 2, FromServer), 0)
	get := request{status: 200, length: 10, key: key}
	chunks := func(p []byte, end string) string {
		return "HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\n\r\n3\r\n" + string(p[:3]) + "\r\n7\r\n" + string(p[3:]) + "\r\n0\r\n" + end
	}
	whole := func(p []byte) string { return "HTTP/1.1 200 OK\r\n" + date + "Content-Length: 10\r\n\r\n" + string(p) }
	summed, refused := get, request{status: 413, length: -1, last: true}
	summed.trailer = true
	head := request{status: 204, head: true}
	expecting := get
	expecting.raw = []byte("Expect: 100-continue\r\n")
	for _, c := range []struct {
		q    request
		text string
		want string // a part of what is wrong, "" = nothing
	}{
		{get, whole(body), ""},
		{get, chunks(body, "\r\n"), ""},
		{summed, chunks(body, "X-Sum: 10\r\n\r\n"), ""},
		{head, "HTTP/1.1 204 No Content\r\n" + date + "\r\n", ""},
		{refused, "HTTP/1.1 413 Too Large\r\n" + date + "Connection: close\r\nContent-Length: 3\r\n\r\nno\n", ""},
		{expecting, "HTTP/1.1 100 Continue\r\n\r\n" + whole(body), ""},

		{get, whole(other), "byte 0 of the body is wrong"},
		{get, whole(append(append([]byte{}, body[1:]...), 0)), "byte 0 of the body is wrong"},
		{get, chunks(body, "X-Sum: 10\r\n\r\n"), "trailer"},
		{summed, chunks(body, "\r\n"), "trailer is missing"},
		{summed, chunks(body, "X-Sum: 9\r\n\r\n"), "as a trailer"},
		{get, strings.Replace(whole(body), "200", "500", 1), "want 200"},
		{get, strings.Replace(whole(body), date, "", 1), "without Date"},
		{get, strings.Replace(whole(body), ": 10", ": 9", 1), "want 10"},
		{get, strings.Replace(whole(body), "OK\r\n", "OK\n", 1), "without CRLF"},
		{get, strings.Replace(chunks(body, "\r\n"), "\r\n7\r\n", "\r\nx\r\n", 1), "size of a chunk"},
		{get, strings.Replace(chunks(body, "\r\n"), "\r\n7\r\n", "7\r\n", 1), "where a chunk ends"},
		{get, whole(body)[:60], "it is not whole"},
		{get, "HTTP/1.1 100 Continue\r\n\r\n" + whole(body), "want 200"},
		{refused, "HTTP/1.1 413 Too Large\r\n" + date + "Content-Length: 0\r\n\r\n", "say that it is the last"},
	} {
		for _, step := range []int{1, 7, 1000} {
			_, why := read(c.text, &c.q, step)
			if (why == "") != (c.want == "") || !strings.Contains(why, c.want) {
				t.Errorf("by %d bytes, %.80q…: %q, want %q", step, c.text, why, c.want)
			}
		}
	}
}

// An interim answer is told apart from the one that follows.
func TestAnswerContinue(t *testing.T) {
	q := request{status: 204, head: true, raw: []byte("Expect: 100-continue\r\n")}
	events, why := read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n"+date+"\r\n", &q, 3)
	if fmt.Sprint(events) != fmt.Sprint([]answerEvent{answerContinue, answerDone}) || why != "" {
		t.Errorf("events %v, %s", events, why)
	}
}
