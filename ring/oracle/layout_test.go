//go:build linux

package oracle

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pawelgaczynski/giouring"

	"github.com/ringwire/ringwire/ring"
)

// Fields that have another name there.
var fieldNames = map[string]string{
	"BufReg.Pad":                 "Flags", // 6.4 took it
	"SubmissionQueueEntry._pad2": "Pad2",
	"GetEventsArg.pad":           "MinWaitUsec", // 6.12 took it
	"SyncCancelReg.Pad":          "OpCode",      // 6.6 took the first byte
}

func TestLayout(t *testing.T) {
	for _, pair := range [][2]any{
		{giouring.SubmissionQueueEntry{}, ring.SQE{}},
		{giouring.CompletionQueueEvent{}, ring.CQE{}},
		{giouring.SQRingOffsets{}, ring.SQRingOffsets{}},
		{giouring.CQRingOffsets{}, ring.CQRingOffsets{}},
		{giouring.Params{}, ring.Params{}},
		{giouring.FilesUpdate{}, ring.FilesUpdate{}},
		{giouring.RsrcRegister{}, ring.RsrcRegister{}},
		{giouring.RsrcUpdate{}, ring.RsrcUpdate{}},
		{giouring.RsrcUpdate2{}, ring.RsrcUpdate2{}},
		{giouring.ProbeOp{}, ring.ProbeOp{}},
		{giouring.Restriction{}, ring.Restriction{}},
		{giouring.BufAndRing{}, ring.BufAndRing{}},
		{giouring.BufReg{}, ring.BufReg{}},
		{giouring.GetEventsArg{}, ring.GetEventsArg{}},
		{giouring.SyncCancelReg{}, ring.SyncCancelReg{}},
		{giouring.FileIndexRange{}, ring.FileIndexRange{}},
		{giouring.RecvmsgOut{}, ring.RecvmsgOut{}},
	} {
		theirs, ours := reflect.TypeOf(pair[0]), reflect.TypeOf(pair[1])
		if theirs.Size() != ours.Size() {
			t.Errorf("%v has %d bytes, giouring's %v has %d", ours, ours.Size(), theirs.Name(), theirs.Size())
		}
		for i := range theirs.NumField() {
			f := theirs.Field(i)
			name := f.Name
			if to, ok := fieldNames[theirs.Name()+"."+name]; ok {
				name = to
			}
			g, ok := ours.FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, name) })
			if !ok {
				t.Errorf("%v has no %s", ours, name)
			} else if g.Offset != f.Offset {
				t.Errorf("%v.%s is at %d, giouring's %s at %d", ours, g.Name, g.Offset, f.Name, f.Offset)
			}
		}
	}
}

// giouring's Probe has room for fewer operations; the head is the same.
func TestProbeLayout(t *testing.T) {
	theirs, ours := reflect.TypeFor[giouring.Probe](), reflect.TypeFor[ring.ProbeTable]()
	a, _ := theirs.FieldByName("Ops")
	b, _ := ours.FieldByName("Ops")
	if a.Offset != b.Offset || a.Type.Elem().Size() != b.Type.Elem().Size() || b.Type.Len() < a.Type.Len() {
		t.Errorf("operations at %d and %d, of %d and %d bytes", a.Offset, b.Offset, a.Type.Elem().Size(), b.Type.Elem().Size())
	}
}
