package ringwire

import (
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/internal/flight"
)

// Flight is what a server's loops are doing, and what they have done last: the flight recorder, see
// docs/DEBUGGING.md. Nothing that a client has sent is in it, nor any address of memory.
type Flight struct {
	Time   time.Time    `json:"time"`
	Addr   string       `json:"addr"` // of the server, "" if it has none
	Driver DriverInfo   `json:"driver"`
	Loops  []FlightLoop `json:"loops"`
}

// FlightLoop is one loop in a Flight.
type FlightLoop struct {
	Loop    int            `json:"loop"`
	State   string         `json:"state"`             // one of the Loop… constants
	Handler string         `json:"handler,omitempty"` // what was called, with the function's name or the type's
	For     time.Duration  `json:"for_ns"`            // since when it sleeps, or since its turn began
	Stuck   bool           `json:"stuck"`             // it has been so for longer than Config.StuckAfter
	Total   uint64         `json:"total"`             // records since it began; Records has the last ones
	Records []FlightRecord `json:"records"`           // oldest first
}

// What a loop is doing.
const (
	LoopAsleep    = "asleep"       // it waits for something to happen
	LoopAwake     = "awake"        // it is in a turn, and has not called a handler in it yet
	LoopInHandler = "in a handler" // or in what followed its return, in the same turn
)

// FlightRecord is one thing that a loop did, or that happened to it. In numbers -1 means that there
// is none.
type FlightRecord struct {
	Seq  uint64        `json:"seq"`    // the loop's records count from 1; a gap is what was overwritten meanwhile
	Age  time.Duration `json:"age_ns"` // since the turn in which it was began
	Kind string        `json:"kind"`   // "sqe", a request to io_uring, "cqe", its result; netpoll: "did"
	Op   string        `json:"op"`     // what for: "recv", "send" … with the operation's name; netpoll: "read", "write" …
	Conn int           `json:"conn"`   // the connection's number on its loop, which is reused after its end
	FD   int           `json:"fd"`     // the descriptor of a request
	Len  int           `json:"len"`    // bytes that were asked for, or pieces
	Res  int           `json:"res"`    // bytes, or a descriptor that was accepted
	Err  string        `json:"err,omitempty"`
	Note string        `json:"note,omitempty"` // flags by name
}

// Flight looks at all loops. Unlike Stats it does not ask them, so that it answers at once while
// one is stuck, and may be called from anywhere, handlers included.
func (s *Server) Flight() Flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flight()
}

// Flight is Server.Flight for the loops of a dialer. Nobody looks whether those are stuck.
func (d *WebSocketDialer) Flight() Flight {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.flight()
}

func (d *WebSocketDialer) flight() Flight {
	f := Flight{Time: time.Now(), Driver: d.driver}
	for i, l := range d.loops {
		f.Loops = append(f.Loops, flightOf(i, l.loop, forever))
	}
	return f
}

// flight is Flight for who need not, or cannot, wait for mu: once the loops run.
func (s *Server) flight() Flight {
	f := Flight{Time: time.Now(), Driver: s.driver}
	if s.addr != nil {
		f.Addr = s.addr.String()
	}
	for i, svc := range s.services {
		f.Loops = append(f.Loops, flightOf(i, svc.loop, s.StuckAfter))
	}
	return f
}

func flightOf(i int, loop *conn.Loop, stuckAfter time.Duration) FlightLoop {
	doing, since := loop.Doing()
	list, total := loop.Flight()
	l := FlightLoop{Loop: i, State: LoopAsleep, For: since, Total: total, Records: make([]FlightRecord, len(list))}
	if doing.State != flight.Asleep {
		l.State, l.Stuck = LoopAwake, since >= stuckAfter
	}
	if doing.State == flight.InHandler {
		l.State, l.Handler = LoopInHandler, doing.Mark.String()
	}
	for i, r := range list {
		l.Records[i] = FlightRecord(r)
	}
	return l
}
