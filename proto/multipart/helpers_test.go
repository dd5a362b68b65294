package multipart

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

var defaults = Limits{}.WithDefaults()

// part is a head with no more than what it must have.
func part(name string) string { return "Content-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" }

// journal writes down what happened; the pieces of one content are joined, because where they are cut is not ours to say.
type journal struct {
	log  []string
	data strings.Builder
}

func (j *journal) note(format string, args ...any) {
	if j.data.Len() > 0 {
		j.log = append(j.log, fmt.Sprintf("data %q", j.data.String()))
		j.data.Reset()
	}
	if format != "" {
		j.log = append(j.log, fmt.Sprintf(format, args...))
	}
}

func (j *journal) String() string {
	j.note("")
	return strings.Join(j.log, "\n")
}

// event writes ev down and reports whether there may be more at once.
func (j *journal) event(ev Event, h *Head) bool {
	switch ev.Kind {
	case NeedMore:
		return false
	case Part:
		j.note("%s", describe(h))
	case Data:
		if len(ev.Data) == 0 {
			panic("empty Data")
		}
		j.data.Write(ev.Data)
	case PartEnd:
		j.note("end of part")
	case End:
		j.note("end")
		return false
	case Fail:
		j.note("fail %d %s", ev.Err.Status, ev.Err.Text)
		return false
	}
	return true
}

func describe(h *Head) string {
	s := fmt.Sprintf("part %q", h.Name())
	if h.IsFile() {
		s += fmt.Sprintf(" file %q", h.FileName())
	}
	if h.ContentType() != nil {
		s += fmt.Sprintf(" type %q", h.ContentType())
	}
	for i := range h.Len() {
		if n, v := h.At(i); !is(n, "content-disposition") && !is(n, "content-type") {
			s += fmt.Sprintf(" | %s=%s", n, v)
		}
	}
	return s
}

// parse runs a body cut at the given places, over memory of which what was consumed is overwritten.
func parse(boundary string, lim *Limits, body string, cuts ...int) string {
	var p Parser
	var j journal
	if err := p.Init([]byte(boundary), lim); err != nil {
		panic(err)
	}
	feed := func(b string) bool {
		in := []byte(b)
		for {
			ev := p.Next(in[:len(in):len(in)])
			going := j.event(ev, p.Head())
			for i := range ev.N {
				in[i] = '!'
			}
			if in = in[ev.N:]; !going {
				if ev.Kind == NeedMore && len(in) > 0 {
					panic(fmt.Sprintf("NeedMore leaves %d bytes", len(in)))
				}
				return ev.Kind == NeedMore
			}
		}
	}
	from := 0
	for _, cut := range append(cuts, len(body)) {
		if !feed(body[from:cut]) {
			return j.String()
		}
		from = cut
	}
	p.HandleEOF()
	feed("")
	return j.String()
}

// split is parse through a Splitter, over leases with a seam at each cut.
func split(a *mem.Allocator, boundary string, lim *Limits, body string, cuts ...int) string {
	var in, dst mem.Segments
	in.Init(a)
	dst.Init(a)
	from := 0
	for _, cut := range append(cuts, len(body)) {
		l := a.Lease(max(cut-from, 1))
		in.Append(l, 0, copy(l.Bytes(), body[from:cut]))
		from = cut
	}
	return drain(a, boundary, lim, &in, &dst)
}

// drain takes a body apart that is in whole.
func drain(a *mem.Allocator, boundary string, lim *Limits, in, dst *mem.Segments) string {
	var s Splitter
	var j journal
	if err := s.Init(a, []byte(boundary), lim); err != nil {
		panic(err)
	}
	s.HandleEOF()
	for going := true; going; {
		before := dst.Len()
		ev := s.Next(in, dst)
		if ev.Kind == Data {
			if dst.Len() != before+ev.N {
				panic(fmt.Sprintf("%d bytes moved, %d reported", dst.Len()-before, ev.N))
			}
			ev.Data = make([]byte, ev.N)
			_, _ = dst.ReadAt(ev.Data, int64(before))
		}
		going = j.event(ev, s.Head())
	}
	s.Release()
	in.Release()
	dst.Release()
	return j.String()
}

// everyWay runs a body whole, split at every byte and byte by byte, flat and in Segments. All must tell the same.
func everyWay(t *testing.T, lim *Limits, body, want string) {
	t.Helper()
	a := mem.NewAllocator(mem.Config{})
	defer closeAll(t, a)
	check := func(got, how string, args ...any) {
		if got != want {
			t.Errorf("%q %s:\n%s\nwant\n%s", body, fmt.Sprintf(how, args...), got, want)
		}
	}
	check(parse("b", lim, body), "whole")
	check(split(a, "b", lim, body), "in one lease")
	each := make([]int, 0, len(body))
	for i := range body {
		check(parse("b", lim, body, i), "split at %d", i)
		check(split(a, "b", lim, body, i), "with a seam at %d", i)
		each = append(each, i)
	}
	check(parse("b", lim, body, each...), "byte by byte")
	check(split(a, "b", lim, body, each...), "in leases of a byte")
}

func closeAll(t testing.TB, a *mem.Allocator) {
	t.Helper()
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
