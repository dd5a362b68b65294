//go:build linux

package ring

import "github.com/ringwire/ringwire/internal/flight"

// What a loop's requests are for, by the operation in their user data.
var purposes = [...]string{
	opAccept: "accept", opRecv: "recv", opSend: "send", opClose: "close",
	opCancel: "cancel", opCancelAccept: "cancel accept", opWake: "wake",
	opWatch: "watch", opAlarm: "alarm", opAlarmMoved: "alarm",
}

// Log is what the loop records, for whoever runs it. Safe from any goroutine.
func (l *Loop) Log() *flight.Log { return l.ring.log }

// Flight is what the loop has recorded last, oldest first, and how many records there have been in
// all. Safe from any goroutine.
func (l *Loop) Flight() (list []flight.Record, total uint64) {
	records, total := l.ring.Records()
	list = make([]flight.Record, len(records))
	for i := range records {
		list[i] = flightOf(&records[i])
	}
	return list, total
}

// flightOf tells what a record of a loop's ring means.
func flightOf(r *Record) flight.Record {
	f := flight.Record{Seq: r.Seq, Age: r.Age, Conn: flight.None, FD: flight.None, Len: flight.None, Res: flight.None, Note: r.flagNames()}
	op := r.UserData >> 56
	if op < uint64(len(purposes)) {
		f.Op = purposes[op]
	}
	switch op {
	case opRecv, opSend, opClose, opCancel:
		f.Conn = int(uint32(r.UserData))
	}
	if r.Completion {
		f.Kind, f.Res, f.Err = "cqe", int(r.Res), r.errName()
		return f
	}
	f.Kind, f.FD = "sqe", int(r.Fd)
	if name := OpName(r.OpCode); f.Op == "" {
		f.Op = name
	} else {
		f.Op += " " + name
	}
	if r.Len > 0 {
		f.Len = int(r.Len)
	}
	if f.FD < 0 {
		f.FD = flight.None
	}
	return f
}
