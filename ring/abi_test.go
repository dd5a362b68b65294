//go:build linux

package ring

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// readABI is what a C compiler makes of linux/io_uring.h (testdata/gen.sh).
func readABI(t *testing.T) map[string]uint64 {
	t.Helper()
	f, err := os.Open("testdata/abi.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	abi := map[string]uint64{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var name string
		var v uint64
		if _, err := fmt.Sscanf(sc.Text(), "%s %d", &name, &v); err != nil {
			t.Fatalf("%q: %v", sc.Text(), err)
		}
		abi[name] = v
	}
	return abi
}

// goConstants are the constants of the abi_*.go files, by name.
func goConstants(t *testing.T) map[string]uint64 {
	t.Helper()
	paths, _ := filepath.Glob("abi_*.go")
	fset := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	pkg, err := new(types.Config).Check("ring", fset, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	consts := map[string]uint64{}
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok {
			continue
		}
		v := constant.ToInt(c.Val())
		if i, exact := constant.Int64Val(v); exact {
			consts[name] = uint64(i)
		} else if u, exact := constant.Uint64Val(v); exact {
			consts[name] = u
		}
	}
	return consts
}

// plain is a name without its prefix, underscores and case, by which Go's and
// C's spelling are the same.
func plain(name string) string {
	for _, prefix := range []string{"IORING_", "IOU_"} {
		name = strings.TrimPrefix(name, prefix)
	}
	name = strings.Replace(name, "IOSQE_", "SQE_", 1)
	return strings.ToUpper(strings.ReplaceAll(name, "_", ""))
}

// Constants that liburing's header does not have, with the reason.
var notInHeader = map[string]string{
	"NopFile":           "kernel only",
	"NopFixedFile":      "kernel only",
	"NopFixedBuffer":    "kernel only",
	"NopTW":             "kernel only",
	"UringCmdMultishot": "kernel only",
	"OffMmapMask":       "masks are left out of abi.txt",
	"ProbeOps":          "ours: room in a ProbeTable",
	"OpSupported":       "IO_URING_OP_SUPPORTED",
	"OpLast":            "counts what is known, 6.18 here",
	"RegisterLast":      "counts what is known, 6.18 here",
	"UringCmdMask":      "masks are left out of abi.txt",
	"TimeoutClockMask":  "masks are left out of abi.txt",
	"TimeoutUpdateMask": "masks are left out of abi.txt",
}

// What the header has beyond 6.18, or what this package leaves out.
var notHere = map[string]string{
	"IORING_OP_NOP128":             "6.19",
	"IORING_OP_URING_CMD128":       "6.19",
	"IORING_SETUP_SQE_MIXED":       "6.19",
	"IORING_SETUP_SQ_REWIND":       "7.0",
	"IORING_TIMEOUT_IMMEDIATE_ARG": "7.x",
	"IORING_REGISTER_ZCRX_CTRL":    "6.19",
	"IORING_REGISTER_BPF_FILTER":   "7.x",
	"IORING_OP_LAST":               "counts what is known",
	"IORING_REGISTER_LAST":         "counts what is known",
	"IORING_TIMESTAMP_HW_SHIFT":    "CQEFTstampHW says it",
	"IORING_TIMESTAMP_TYPE_SHIFT":  "one above CQEFTstampHW",
	"IORING_ZCRX_AREA_DMABUF":      "zero-copy receive has no API here",
	"IORING_ZCRX_AREA_SHIFT":       "zero-copy receive has no API here",
	"IO_URING_OP_SUPPORTED":        "OpSupported",
}

func TestConstants(t *testing.T) {
	header, consts := map[string]uint64{}, goConstants(t)
	used := map[string]bool{}
	for name, v := range readABI(t) {
		if !strings.ContainsAny(name, ".:") {
			header[plain(name)] = v
			if _, ok := notHere[name]; ok {
				used[plain(name)] = true
			}
		}
	}
	n := 0
	for name, v := range consts {
		want, ok := header[plain(name)]
		used[plain(name)] = true
		if _, expected := notInHeader[name]; expected {
			if ok && v == want {
				t.Errorf("%s is in the header after all", name)
			}
			continue
		}
		if !ok {
			t.Errorf("%s is not in the header", name)
		} else if v != want {
			t.Errorf("%s is %#x, the header says %#x", name, v, want)
		}
		n++
	}
	if n < 200 {
		t.Errorf("compared only %d constants", n)
	}
	for name := range header {
		if !used[name] {
			t.Errorf("the header's %s is missing", name)
		}
	}
}

// The few constants that have no name in abi.txt, by the kernel's header.
func TestConstantsByHand(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want uint64
	}{
		{"OffMmapMask", OffMmapMask, 0xf8000000},
		{"OpLast", uint64(OpLast), 63},
		{"RegisterLast", uint64(RegisterLast), 36},
		{"OpSupported", uint64(OpSupported), 1},
		{"UringCmdMask", uint64(UringCmdMask), 3},
		{"TimeoutClockMask", uint64(TimeoutClockMask), 0xc},
		{"TimeoutUpdateMask", uint64(TimeoutUpdateMask), 0x12},
		{"NopTW", uint64(NopTW), 0x10},
	} {
		if c.got != c.want {
			t.Errorf("%s is %#x, want %#x", c.name, c.got, c.want)
		}
	}
}

// cStructs are the C names of the ABI's structs; the fields' names agree but
// for case and underscores, or stand in cFields.
var cStructs = map[string]any{
	"io_uring_sqe": SQE{}, "io_uring_cqe": CQE{}, "io_sqring_offsets": SQRingOffsets{}, "io_cqring_offsets": CQRingOffsets{},
	"io_uring_params": Params{}, "io_uring_getevents_arg": GetEventsArg{}, "__kernel_timespec": KernelTimespec{},
	"io_uring_files_update": FilesUpdate{}, "io_uring_rsrc_register": RsrcRegister{}, "io_uring_rsrc_update": RsrcUpdate{},
	"io_uring_rsrc_update2": RsrcUpdate2{}, "io_uring_probe_op": ProbeOp{}, "io_uring_probe": ProbeTable{},
	"io_uring_restriction": Restriction{}, "io_uring_clock_register": ClockRegister{}, "io_uring_clone_buffers": CloneBuffersReg{},
	"io_uring_buf": BufAndRing{}, "io_uring_buf_reg": BufReg{}, "io_uring_buf_status": BufStatus{}, "io_uring_napi": Napi{},
	"io_uring_reg_wait": RegWait{}, "io_uring_region_desc": RegionDesc{}, "io_uring_mem_region_reg": MemRegionReg{},
	"io_uring_sync_cancel_reg": SyncCancelReg{}, "io_uring_file_index_range": FileIndexRange{},
	"io_uring_recvmsg_out": RecvmsgOut{}, "io_uring_attr_pi": AttrPI{},
}

var cFields = map[string]string{
	"io_uring_sqe.rw_flags": "OpcodeFlags", "io_uring_sqe.buf_index": "BufIG",
	"__kernel_timespec.tv_sec": "Sec", "__kernel_timespec.tv_nsec": "Nsec",
	"io_uring_probe_op.resv": "Res", "io_uring_probe_op.resv2": "Res2", "io_uring_probe.resv": "Res", "io_uring_probe.resv2": "Res2",
	"io_uring_restriction.sqe_op": "OpFlags", "io_uring_buf.resv": "Tail",
	"io_uring_buf_reg.min_left": "Resv",   // 7.x took the first of the reserved words
	"io_uring_napi.pad":         "Opcode", // 6.13 took the first of the padding
	"io_uring_napi.resv":        "OpParam",
}

func TestLayout(t *testing.T) {
	abi := readABI(t)
	sizes, fields := 0, 0
	for cName, v := range cStructs {
		typ := reflect.TypeOf(v)
		want := abi["sizeof:"+cName]
		if cName == "io_uring_probe" {
			want += ProbeOps * uint64(reflect.TypeOf(ProbeOp{}).Size()) // a flexible array
		}
		if want == 0 || uint64(typ.Size()) != want {
			t.Errorf("%v has %d bytes, %s has %d", typ, typ.Size(), cName, want)
		}
		sizes++
		for name, off := range abi {
			cField, ok := strings.CutPrefix(name, cName+".")
			if !ok {
				continue
			}
			f, ok := typ.FieldByNameFunc(func(s string) bool {
				return s == cFields[name] || cFields[name] == "" && strings.EqualFold(s, strings.ReplaceAll(cField, "_", ""))
			})
			if !ok {
				t.Errorf("%v has no field for %s", typ, name)
			} else if uint64(f.Offset) != off {
				t.Errorf("%v.%s is at %d, %s at %d", typ, f.Name, f.Offset, name, off)
			}
			fields++
		}
	}
	if sizes != 27 || fields < 130 {
		t.Errorf("compared only %d structs with %d fields", sizes, fields)
	}
	if tail := abi["io_uring_buf_ring.tail"]; tail != 14 {
		t.Errorf("a buffer ring's tail is at %d; Publish writes it at 14", tail)
	}
}

func TestCQE(t *testing.T) {
	c := &CQE{Flags: 0xabcd<<16 | CQEFBuffer | CQEFMore}
	if c.BufferID() != 0xabcd || !c.HasBuffer() || !c.More() || c.BufMore() {
		t.Errorf("%#x: %#x %v %v %v", c.Flags, c.BufferID(), c.HasBuffer(), c.More(), c.BufMore())
	}
	c.Flags = CQEFBufMore
	if c.BufferID() != 0 || c.HasBuffer() || c.More() || !c.BufMore() {
		t.Errorf("%#x: %#x %v %v %v", c.Flags, c.BufferID(), c.HasBuffer(), c.More(), c.BufMore())
	}
}
