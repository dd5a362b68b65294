package fallback

import (
	"errors"
	"io"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/internal/flight"
)

// What a loop records: the code of an entry.
const (
	didAccept uint8 = iota + 1
	didAdopt
	didRead
	didWrite
	didClose
	didTasks
	didTimer
)

var opNames = [...]string{
	didAccept: "accept", didAdopt: "adopt", didRead: "read", didWrite: "write",
	didClose: "close", didTasks: "tasks", didTimer: "timer",
}

// Flags of an entry.
const (
	ofConn uint8 = 1 << iota // User is a connection's number
	atEnd                    // it was the end of the stream
	failed                   // B is an errno, 0 if the error is none of the system's
)

// Log is what the loop records, for whoever runs it. Safe from any goroutine.
func (l *Loop) Log() *flight.Log { return l.log }

// note records that something has been done on c, if it was on one: asked is how many bytes it was
// about, n what came of it. By whoever is the loop.
func (l *Loop) note(code uint8, c *conn, asked, n int, err error) {
	if !l.log.Keeps() {
		return
	}
	flags, id := uint8(0), uint32(0)
	if c != nil {
		flags, id = ofConn, c.id
	}
	switch {
	case err == io.EOF:
		flags |= atEnd
	case err != nil:
		flags |= failed
		n = errnoOf(err)
	}
	l.log.Put(flight.Head(code, flags, 0), uint64(id), flight.Size(uint32(asked), uint32(n)))
	l.log.Done()
}

// errnoOf is the system's number of an error, 0 if it is none of the system's.
func errnoOf(err error) int {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return int(errno)
	}
	return 0
}

// Flight is what the loop has recorded last, oldest first, and how many records there have been in
// all. Safe from any goroutine.
func (l *Loop) Flight() (list []flight.Record, total uint64) {
	entries, total := l.log.Entries()
	now := l.log.Clock()
	list = make([]flight.Record, len(entries))
	for i := range entries {
		list[i] = flightOf(&entries[i], now)
	}
	return list, total
}

func flightOf(e *flight.Entry, now int64) flight.Record {
	r := flight.Record{
		Seq: e.Seq, Age: time.Duration(now - e.At), Kind: "did", Op: opNames[e.Code],
		Conn: flight.None, FD: flight.None, Len: flight.None, Res: flight.None,
	}
	if e.Flags&ofConn != 0 {
		r.Conn = int(e.User)
	}
	if e.Code == didWrite {
		r.Len = int(e.A)
	}
	switch {
	case e.Flags&failed != 0:
		r.Err = errName(e.B)
	case e.Flags&atEnd != 0:
		r.Note = "end of stream"
	case e.Code == didRead, e.Code == didWrite, e.Code == didTasks:
		r.Res = int(e.B)
	}
	return r
}
