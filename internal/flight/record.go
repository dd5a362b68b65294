package flight

import (
	"io"
	"strconv"
	"time"
)

// Record is an entry in words, whatever the driver.
type Record struct {
	Seq  uint64
	Age  time.Duration
	Kind string
	Op   string
	Conn int
	FD   int
	Len  int
	Res  int
	Err  string
	Note string
}

// None is a Record's number that means nothing.
const None = -1

// Append appends the record as one line.
func (r *Record) Append(b []byte) []byte {
	b = pad(b, strconv.FormatUint(r.Seq, 10), -9)
	b = pad(b, Round(r.Age).String(), -9)
	b = append(b, ' ', ' ')
	b = pad(b, r.Kind, 4)
	b = pad(b, r.Op, 22)
	b = named(b, " conn=", r.Conn)
	b = named(b, " fd=", r.FD)
	b = named(b, " len=", r.Len)
	switch {
	case r.Err != "":
		b = append(append(b, " err="...), r.Err...)
	default:
		b = named(b, " res=", r.Res)
	}
	if r.Note != "" {
		b = append(append(b, ' '), r.Note...)
	}
	return append(b, '\n')
}

// Write writes records as lines.
func Write(w io.Writer, list []Record) error {
	var b []byte
	for i := range list {
		b = list[i].Append(b)
	}
	_, err := w.Write(b)
	return err
}

// Round takes off what nobody wants to read of a duration.
func Round(d time.Duration) time.Duration {
	for unit := time.Microsecond; unit <= time.Second; unit *= 1000 {
		if d < 1000*unit {
			return d.Round(unit / 100)
		}
	}
	return d.Round(10 * time.Millisecond)
}

// pad appends a word and a space, to a width, to the right if that is negative.
func pad(b []byte, s string, width int) []byte {
	const spaces = "                        "
	if n := -width - len(s); n > 0 {
		b = append(b, spaces[:n]...)
	}
	b = append(b, s...)
	if n := width - len(s); n > 0 {
		b = append(b, spaces[:n]...)
	}
	return append(b, ' ')
}

func named(b []byte, name string, v int) []byte {
	if v == None {
		return b
	}
	return strconv.AppendInt(append(b, name...), int64(v), 10)
}
