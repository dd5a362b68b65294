package world

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// answer reads one answer after the other. It is strict, and no more than what a server of ours says.
type answer struct {
	state   answerState
	line    []byte // of a head, a chunk or a trailer, in the making
	at      int64  // bytes of the body so far
	left    int64  // of the body, or of the chunk
	chunked bool
	sum     bool // the trailer was there
	fields  int
	length  int64 // as the head says, -1 if it does not
	close   bool
	interim bool
	marked  bool
	accept  string

	extensions string
}

type answerState uint8

const (
	inStatus answerState = iota
	inFields
	inBody
	inChunkSize
	inChunkEnd
	inTrailer
)

// answerEvent is what has come.
type answerEvent uint8

const (
	answerMore answerEvent = iota
	answerContinue
	answerDone
)

func (a *answer) begun() bool { return a.state != inStatus || len(a.line) > 0 }

func (a *answer) where() string {
	switch {
	case !a.begun():
		return "nothing of it has come"
	case a.state <= inFields:
		return fmt.Sprintf("in the head at %.40q", a.line)
	}
	return fmt.Sprintf("%d bytes of its body have come", a.at)
}

// take takes some of p as the answer to q. why says what is wrong with it.
func (a *answer) take(p []byte, q *request) (n int, ev answerEvent, why string) {
	for {
		if a.state == inBody {
			return a.body(p, n, q)
		}
		i := bytes.IndexByte(p[n:], '\n')
		if i < 0 {
			if a.line = append(a.line, p[n:]...); len(a.line) > 4096 {
				return len(p), 0, fmt.Sprintf("an endless line: %.100q", a.line)
			}
			return len(p), answerMore, ""
		}
		line := append(a.line, p[n:n+i+1]...)
		a.line = line[:0]
		n += i + 1
		text, ok := bytes.CutSuffix(line, []byte("\r\n"))
		if !ok {
			return n, 0, fmt.Sprintf("a line without CRLF: %.100q", line)
		}
		if ev, why = a.takeLine(string(text), q); ev != answerMore || why != "" {
			return n, ev, why
		}
	}
}

// body takes bytes of the body.
func (a *answer) body(p []byte, n int, q *request) (int, answerEvent, string) {
	k := int(min(a.left, int64(len(p)-n)))
	piece := p[n : n+k]
	if q.length >= 0 {
		if i := Check(piece, q.key, a.at); i >= 0 {
			return n, 0, fmt.Sprintf("byte %d of the body is wrong: %.100q", a.at+int64(i), piece[i:])
		}
	}
	a.at += int64(k)
	if a.left -= int64(k); a.left > 0 {
		return n + k, answerMore, ""
	}
	if a.chunked {
		a.state = inChunkEnd
		return n + k, answerMore, ""
	}
	return n + k, answerDone, a.finish(q)
}

func (a *answer) takeLine(line string, q *request) (answerEvent, string) {
	switch a.state {
	case inStatus:
		return a.status(line, q)
	case inFields:
		if line == "" {
			return a.headDone(q)
		}
		return a.field(line)
	case inChunkEnd:
		a.state = inChunkSize
		if line != "" {
			return 0, fmt.Sprintf("%.100q where a chunk ends", line)
		}
	case inChunkSize:
		size, err := strconv.ParseUint(line, 16, 31)
		if err != nil {
			return 0, fmt.Sprintf("%.100q as the size of a chunk", line)
		}
		if a.left, a.state = int64(size), inBody; size == 0 {
			a.state = inTrailer
		}
	case inTrailer:
		if line == "" {
			return answerDone, a.finish(q)
		}
		if line != "X-Sum: "+strconv.FormatInt(a.at, 10) || a.sum {
			return 0, fmt.Sprintf("%.100q as a trailer after %d bytes", line, a.at)
		}
		a.sum = true
	}
	return answerMore, ""
}

// status begins an answer.
func (a *answer) status(line string, q *request) (answerEvent, string) {
	code, ok := strings.CutPrefix(line, "HTTP/1.1 ")
	if ok && strings.HasPrefix(code, "100 ") && bytes.Contains(q.raw, []byte("100-continue")) && !a.interim {
		*a = answer{state: inFields, interim: true, line: a.line, length: -1}
		return answerMore, ""
	}
	if !ok || !strings.HasPrefix(code, strconv.Itoa(q.status)+" ") {
		return 0, fmt.Sprintf("%.100q, want %d", line, q.status)
	}
	*a = answer{state: inFields, line: a.line, length: -1}
	return answerMore, ""
}

func (a *answer) field(line string) (answerEvent, string) {
	name, value, ok := strings.Cut(line, ": ")
	if a.fields++; !ok || a.fields > 20 {
		return 0, fmt.Sprintf("%.100q as a field", line)
	}
	switch strings.ToLower(name) {
	case "content-length":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || a.length >= 0 {
			return 0, fmt.Sprintf("%.100q as the length", line)
		}
		a.length = n
	case "transfer-encoding":
		a.chunked = value == "chunked"
	case "connection":
		a.close = value == "close"
	case "sec-websocket-accept":
		a.accept = value
	case "sec-websocket-extensions":
		a.extensions = value
	case "date":
		a.marked = len(value) == len("Sun, 06 Nov 1994 08:49:37 GMT")
	}
	return answerMore, ""
}

// headDone decides what follows the head (RFC 9112 §6.3).
func (a *answer) headDone(q *request) (answerEvent, string) {
	if a.interim {
		*a = answer{line: a.line, interim: true}
		return answerContinue, ""
	}
	switch {
	case !a.marked && q.accept == "": // which 1xx need not have (RFC 9110 §6.6.1)
		return 0, "a head without Date"
	case a.accept != q.accept:
		return 0, fmt.Sprintf("%q as the answer to the key, want %q", a.accept, q.accept)
	case a.extensions != q.extensions:
		return 0, fmt.Sprintf("%q as the answer to an offer of extensions, want %q", a.extensions, q.extensions)
	case a.close != q.last && q.last:
		return 0, "an answer that does not say that it is the last"
	case q.head:
		return answerDone, a.finish(q)
	case a.chunked:
		a.state = inChunkSize
		return answerMore, ""
	case a.length < 0 || q.length >= 0 && a.length != q.length:
		return 0, fmt.Sprintf("a body of %d bytes, want %d", a.length, q.length)
	case a.length == 0:
		return answerDone, a.finish(q)
	}
	a.state, a.left = inBody, a.length
	return answerMore, ""
}

// finish ends an answer.
func (a *answer) finish(q *request) string {
	at, sum := a.at, a.sum
	*a = answer{line: a.line[:0]}
	switch {
	case q.head:
	case q.length >= 0 && at != q.length:
		return fmt.Sprintf("a body of %d bytes, want %d", at, q.length)
	case sum != q.trailer:
		return "a trailer is missing, or too much"
	}
	return ""
}
