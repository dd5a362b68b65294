package multipart

import "github.com/ringwire/ringwire/mem"

// Splitter is a Parser of a body that comes in mem.Segments: what is content moves on into others, lease by lease,
// without being copied. Call Init before use, and Release at the end.
type Splitter struct {
	p    Parser
	held mem.Segments // content, unless a delimiter turns out to begin with it
	head int          // bytes of the head shown, which are still in front
	eof  bool
}

// Init is Parser.Init, for pieces leased from a.
func (s *Splitter) Init(a *mem.Allocator, boundary []byte, lim *Limits) *Error {
	s.Release()
	s.held.Init(a)
	return s.p.Init(boundary, lim)
}

// Head describes the part that the last Part began, until the next call of Next.
func (s *Splitter) Head() *Head { return s.p.Head() }

// HandleEOF is Parser.HandleEOF. Bytes in the Segments come before the end.
func (s *Splitter) HandleEOF() { s.eof = true }

// Release gives back what the Splitter holds of the body.
func (s *Splitter) Release() {
	s.held.Release()
	s.p.Reset()
	s.head, s.eof = 0, false
}

// Next consumes bytes from the front of in, to whose end the caller appends what has come, and which nobody else
// touches. After Data, Event.N bytes of content are at the end of dst; Event.Data is not used. Without dst they are
// dropped. NeedMore means that in is empty.
func (s *Splitter) Next(in, dst *mem.Segments) Event {
	in.Discard(s.head)
	s.head = 0
	for {
		p := in.First()
		s.p.eof = s.eof && len(p) == in.Len()
		ev := s.p.Next(p)
		switch ev.Kind {
		case Data:
			return s.data(in, dst, ev)
		case Part:
			s.held.Release()
			s.head = ev.N // it may be there that the head's views point to
			return ev
		}
		s.pass(in, ev.N)
		if ev.Kind != NeedMore || in.Len() == 0 {
			return ev
		}
	}
}

// data moves content.
func (s *Splitter) data(in, dst *mem.Segments, ev Event) Event {
	rest := ev.N
	if ev.own { // it is what was held, and what was consumed now: no delimiter
		in.SplitTo(&s.held, ev.N)
		move(&s.held, dst, s.held.Len())
		rest = 0
	} else {
		move(in, dst, len(ev.Data))
		rest -= len(ev.Data)
	}
	s.pass(in, rest)
	return Event{Kind: Data, N: len(ev.Data)}
}

// pass takes n bytes from in that may be a delimiter, or are none of the content.
func (s *Splitter) pass(in *mem.Segments, n int) {
	if s.p.state == inContent {
		in.SplitTo(&s.held, n)
		return
	}
	in.Discard(n)
	s.held.Release()
}

// move moves the first n bytes of from.
func move(from, to *mem.Segments, n int) {
	if to == nil {
		from.Discard(n)
		return
	}
	from.SplitTo(to, n)
}
