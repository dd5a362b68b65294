package multipart

import (
	"bytes"
	"cmp"
)

// Kind says what an Event reports.
type Kind uint8

const (
	NeedMore Kind = iota // everything was consumed: hand in more, or call HandleEOF
	Part                 // a part begins, Head describes it
	Data                 // Event.Data are bytes of its content
	PartEnd              // it is complete
	End                  // the body is complete and well formed; only after HandleEOF
	Fail                 // the body breaks the rules, Event.Err says which; nothing else follows
)

// Event is what Next found.
type Event struct {
	Kind Kind
	N    int    // bytes consumed, in every kind of event
	Data []byte // a view, of what was handed in or of the Parser: until the next call
	Err  *Error

	own bool // Data is of the Parser
}

// Parser takes one body apart. Call Init before use, also for the next body: memory is kept.
//
// Every byte is looked at once, but for those that look like a delimiter's beginning, which are compared once more: a
// delimiter has its only CR in front, so that a false beginning cannot hide a true one.
type Parser struct {
	lim   *Limits
	state state
	err   *Error // why it failed
	parts int
	count int // bytes of preamble, padding or epilogue so far

	eof    bool
	copies bool // heads are copied into spill always
	inPart bool
	lastCR bool // preamble: its last byte was a CR

	// Content and preamble: the last held bytes equal delim[:held] and were consumed. Those before virtual were never
	// sent: where a delimiter may stand without its CRLF.
	held, virtual int
	delim         [MaxBoundary + 4]byte // CRLF "--" boundary
	delimLen      int

	// A head that does not lie in one piece, or must outlive it, is collected here.
	spill []byte
	tail  [3]byte // its last bytes
	tailN int

	head Head
}

type state uint8

const (
	failed state = iota // or not begun
	inPreamble
	inContent
	afterBoundary // the boundary was read
	afterDash     // and one "-"
	inPadding     // and whitespace
	afterCR       // and a CR
	inHead
	inClosing      // "--" was read
	afterClosingCR // and a CR
	inEpilogue
)

// Init begins a body with that boundary, which is copied. It fails with ErrBadBoundary when that is none. lim must
// have passed WithDefaults; it is shared and never written.
func (s *Parser) Init(boundary []byte, lim *Limits) *Error {
	s.Reset()
	s.lim, s.state = lim, inPreamble
	if !ValidBoundary(boundary) {
		s.fail(ErrBadBoundary)
		return ErrBadBoundary
	}
	n := copy(s.delim[:], "\r\n--")
	s.delimLen = n + copy(s.delim[n:], boundary)
	s.atLineStart()
	return nil
}

// Reset forgets the body, and every view of it. Init does it, too.
func (s *Parser) Reset() {
	s.head.forget()
	head, spill := s.head, s.spill[:0]
	if cap(spill) > keepScratch {
		spill = nil
	}
	*s = Parser{head: head, spill: spill}
}

// CopyHeads has heads copied instead of viewed where they lie, so that they live as long as [Parser.Head] says also when
// the input's memory is used again. It holds for the body that Init began.
func (s *Parser) CopyHeads() { s.copies = true }

// Head describes the part that the last Part began. It is valid until the call of Next that follows the part's PartEnd,
// and no longer than the bytes handed in, which its views may show: see CopyHeads.
func (s *Parser) Head() *Head { return &s.head }

// HandleEOF says that the body has ended: Next is called until it answers End or Fail.
func (s *Parser) HandleEOF() { s.eof = true }

// Next goes on with p, the bytes that follow those consumed, and reports what it found there. Call it again, with the
// bytes behind Event.N, until it answers NeedMore, which leaves none, or End or Fail.
func (s *Parser) Next(p []byte) Event {
	for n := 0; ; {
		ev, done := s.step(p[n:])
		n += ev.N
		if done {
			ev.N = n
			return ev
		}
		if n == len(p) && ev.N == 0 {
			return s.atEnd(n)
		}
	}
}

// step consumes from p; done reports whether that made an event.
func (s *Parser) step(p []byte) (ev Event, done bool) {
	if len(p) == 0 && s.state != failed {
		return Event{}, false
	}
	switch s.state {
	case inPreamble, inContent:
		return s.scan(p)
	case inHead:
		return s.readHead(p)
	case inEpilogue:
		if s.count += len(p); s.count > s.lim.Epilogue {
			return s.fail(ErrEpilogueTooLarge), true
		}
		return Event{N: len(p)}, false
	case failed:
		return s.fail(cmp.Or(s.err, ErrNoBoundary)), true
	}
	return s.line(p)
}

// atEnd is the answer when everything was consumed.
func (s *Parser) atEnd(n int) Event {
	switch {
	case !s.eof:
		return Event{Kind: NeedMore, N: n}
	case s.state != inClosing && s.state != inEpilogue:
		ev := s.fail(ErrTruncated)
		ev.N = n
		return ev
	case s.inPart:
		s.inPart = false
		return Event{Kind: PartEnd, N: n}
	}
	return Event{Kind: End, N: n}
}

func (s *Parser) fail(err *Error) Event {
	s.state, s.err = failed, err
	return Event{Kind: Fail, Err: err}
}

// atLineStart begins a search at a place where a delimiter may stand without the CRLF before it: that was
// the last line's (RFC 2046 §5.1.1: a part may be nothing but its head, a body may have no preamble).
func (s *Parser) atLineStart() { s.held, s.virtual = 2, 2 }

// scan looks for the delimiter. What comes before it is Data, or dropped as preamble.
func (s *Parser) scan(p []byte) (ev Event, done bool) {
	delim := s.delim[:s.delimLen]
	if s.held > 0 {
		n := common(p, delim[s.held:])
		s.held += n
		switch {
		case s.held == len(delim):
			s.found()
			return Event{N: n}, false
		case n == len(p):
			return Event{N: n}, false
		}
		data := delim[s.virtual:s.held] // they were no delimiter
		s.held, s.virtual = 0, 0
		ev, done = s.content(data, n)
		ev.own = true
		return ev, done
	}
	i := findDelim(p, delim)
	s.held = min(len(p)-i, len(delim)) // it matches so far, to the end of p or its own
	return s.content(p[:i], i+s.held)
}

// found goes on behind a delimiter.
func (s *Parser) found() { s.state, s.held, s.virtual, s.count = afterBoundary, 0, 0, 0 }

// content reports data, of which and of what follows it n bytes are consumed.
func (s *Parser) content(data []byte, n int) (ev Event, done bool) {
	if s.state == inPreamble {
		if err := s.drop(data); err != nil {
			return s.fail(err), true
		}
		data = nil
	}
	if s.held == s.delimLen {
		s.found()
	}
	if len(data) == 0 {
		return Event{N: n}, false
	}
	return Event{Kind: Data, N: n, Data: data[:len(data):len(data)]}, true
}

// common is the number of bytes that a and b begin with alike.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// findDelim returns where in p the delimiter is, or its beginning that p ends with; else len(p).
func findDelim(p, delim []byte) int {
	for i := 0; ; i++ {
		j := bytes.IndexByte(p[i:], '\r')
		if j < 0 {
			return len(p)
		}
		i += j
		rest := p[i:]
		if len(rest) > 1 && rest[1] != '\n' {
			continue
		}
		if len(rest) >= len(delim) && bytes.HasPrefix(rest, delim) || len(rest) < len(delim) && bytes.HasPrefix(delim, rest) {
			return i
		}
	}
}

// drop looks at bytes of the preamble. A lone LF is refused there, too: who ends lines so finds the first boundary
// where we do not.
func (s *Parser) drop(p []byte) *Error {
	for _, c := range p {
		if s.count++; s.count > s.lim.Preamble {
			return ErrPreambleTooLarge
		}
		if c == '\n' && !s.lastCR {
			return ErrBareLF
		}
		s.lastCR = c == '\r'
	}
	return nil
}

// line reads what follows a boundary: [ "--" ] *LWSP CRLF.
func (s *Parser) line(p []byte) (ev Event, done bool) {
	c := p[0]
	switch s.state {
	case afterBoundary, inPadding, inClosing:
		switch {
		case isSpace(c):
			if s.count++; s.count > maxPadding {
				return s.fail(ErrPaddingTooLong), true
			}
			if s.state == afterBoundary {
				s.state = inPadding
			}
		case c == '\r' && s.state == inClosing:
			s.state = afterClosingCR
		case c == '\r':
			s.state = afterCR
		case c == '-' && s.state == afterBoundary:
			s.state = afterDash
		case c == '\n':
			return s.fail(ErrBareLF), true
		default:
			return s.fail(ErrDelimiter), true
		}
		return Event{N: 1}, false
	case afterDash:
		if c != '-' {
			return s.fail(ErrDelimiter), true
		}
		s.state = inClosing
		return Event{N: 1}, false
	}
	if c != '\n' {
		return s.fail(ErrDelimiter), true
	}
	if s.count = 0; s.state == afterClosingCR {
		s.state = inEpilogue
	} else {
		s.beginHead()
	}
	ended := s.inPart
	s.inPart = false
	return Event{Kind: PartEnd, N: 1}, ended
}

func (s *Parser) beginHead() {
	s.state = inHead
	s.spill = s.spill[:0]
	s.tailN = copy(s.tail[:], "\r\n") // the boundary's line, so that an empty line may come at once
}

// readHead reads a part's header section.
func (s *Parser) readHead(p []byte) (ev Event, done bool) {
	end := s.headEnd(p)
	if n := len(s.spill) + len(p); end < 0 {
		if n >= s.lim.Head {
			return s.fail(ErrHeadTooLarge), true
		}
		s.spill = append(s.spill, p...)
		return Event{N: len(p)}, false
	}
	if len(s.spill)+end > s.lim.Head {
		return s.fail(ErrHeadTooLarge), true
	}
	raw := p[:end]
	if len(s.spill) > 0 || s.copies {
		s.spill = append(s.spill, raw...)
		raw = s.spill
	}
	if s.parts == s.lim.Parts {
		return s.fail(ErrTooManyParts), true
	}
	s.parts++
	if err := s.head.parse(raw, s.lim); err != nil {
		return s.fail(err), true
	}
	s.state, s.inPart = inContent, true
	s.atLineStart()
	return Event{Kind: Part, N: end}, true
}

// headEnd returns where in p the header section ends, behind its empty line; -1 when it goes on.
func (s *Parser) headEnd(p []byte) int {
	const end = "\r\n\r\n"
	var seam [6]byte // the last bytes of what came before, and the first of p
	n := copy(seam[:], s.tail[:s.tailN])
	n += copy(seam[n:], p[:min(len(p), 3)])
	if i := bytes.Index(seam[:n], []byte(end)); i >= 0 {
		return i + len(end) - s.tailN
	}
	if i := bytes.Index(p, []byte(end)); i >= 0 {
		return i + len(end)
	}
	if len(p) >= len(s.tail) {
		s.tailN = copy(s.tail[:], p[len(p)-len(s.tail):])
	} else {
		s.tailN = copy(s.tail[:], seam[max(n-len(s.tail), 0):n])
	}
	return -1
}
