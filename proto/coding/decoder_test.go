package coding

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"github.com/ringwire/ringwire/mem"
)

func TestRoundTrip(t *testing.T) {
	sizes := []int{0, 1, 100, 5000, chunk, 100_000, 1 << 20}
	if checking {
		sizes = sizes[:5]
	}
	for _, e := range encoders {
		r := newRig(t)
		for _, size := range sizes {
			want := text(size)
			encoded := e.encode(want)
			for _, n := range []int{0, 1, 7, 1000, 60_000} {
				if n > 0 && n < 10 && size > 5000 && (checking || testing.Short()) || n == 1 && size > 100_000 {
					continue // a minute for nothing new
				}
				if got, err := r.decode(e.list, encoded, n); err != io.EOF || !bytes.Equal(got, want) {
					t.Errorf("%s of %d bytes in pieces of %d: %d bytes, %v", e.name, size, n, len(got), err)
				}
			}
		}
	}
}

// A body cut in two at any place is the same, and what the first half gives is its beginning.
func TestEverySplit(t *testing.T) {
	want := text(1000)
	for _, e := range encoders {
		r := newRig(t)
		encoded := e.encode(want)
		for cut := 0; cut <= len(encoded); cut += stride {
			var in mem.Segments
			in.Init(r.alloc)
			d := r.ds.Get(e.list, &r.lim, &in)
			in.AppendCopy(encoded[:cut])
			got, err := drain(d, nil)
			if err != ErrNeedInput || !bytes.HasPrefix(want, got) {
				t.Fatalf("%s: after %d of %d bytes: %d bytes, %v", e.name, cut, len(encoded), len(got), err)
			}
			in.AppendCopy(encoded[cut:])
			d.End()
			if got, err = drain(d, got); err != io.EOF || !bytes.Equal(got, want) {
				t.Errorf("%s: cut at %d of %d: %d bytes, %v", e.name, cut, len(encoded), len(got), err)
			}
			if _, err := d.Next(); err != io.EOF {
				t.Errorf("%s: after the end: %v, want io.EOF again", e.name, err)
			}
			d.Close()
			if in.Len() != 0 {
				t.Errorf("%s: %d bytes of input are left", e.name, in.Len())
			}
		}
	}
}

// Nothing less than the whole is a body, but for streams that may end after a member or frame.
func TestTruncated(t *testing.T) {
	want := text(700)
	for _, e := range encoders {
		if e.list == nil {
			continue
		}
		r := newRig(t)
		encoded := e.encode(want)
		ends := 0
		for cut := 1; cut < len(encoded); cut += stride {
			for _, n := range []int{0, 1} {
				got, err := r.decode(e.list, encoded[:cut], n)
				switch {
				case err == ErrTruncated && bytes.HasPrefix(want, got):
				case err == io.EOF && bytes.HasPrefix(want, got) && len(got) < len(want):
					ends++ // between two of them
				case err == io.EOF && e.name == "gzip members" && len(got) < len(want):
					ends++
				default:
					t.Errorf("%s: %d of %d bytes in pieces of %d: %d bytes, %v, want %v", e.name, cut, len(encoded), n, len(got), err, ErrTruncated)
				}
			}
		}
		if wantEnds := map[string]int{"gzip members": 4, "zstd frames": 6}[e.name]; ends != wantEnds && stride == 1 {
			t.Errorf("%s: %d prefixes are whole, want %d", e.name, ends, wantEnds)
		}
	}
}

func TestEmptyInput(t *testing.T) {
	for _, e := range encoders {
		if got, err := newRig(t).decode(e.list, nil, 0); err != io.EOF || len(got) != 0 {
			t.Errorf("%s: %d bytes, %v, want none and io.EOF: a body of no bytes is empty", e.name, len(got), err)
		}
	}
}

// A byte that was changed on its way is found, wherever it lies, but for those that mean nothing.
func TestDamage(t *testing.T) {
	want := text(600)
	for _, e := range encoders {
		switch e.name {
		case "identity", "deflate raw", "deflate stored", "br", "br flushed":
			continue // have no checksum
		}
		r := newRig(t)
		encoded := e.encode(want)
		for i := 0; i < len(encoded); i += stride {
			damaged := bytes.Clone(encoded)
			damaged[i] ^= 0x10
			got, err := r.decode(e.list, damaged, 0)
			if _, ok := err.(*Error); !ok && !bytes.Equal(got, want) {
				t.Errorf("%s: byte %d of %d was changed: %d other bytes, %v", e.name, i, len(encoded), len(got), err)
			}
		}
	}
}

func TestChecksums(t *testing.T) {
	for _, tc := range []struct {
		list    Coding
		encoded []byte
		from    int // the checksum, from the end
		to      int
	}{
		{Gzip, gz(text(100)), 8, 0},
		{Deflate, encoders[4].encode(text(100)), 4, 0},
		{Zstd, zs(text(100)), 4, 0},
	} {
		r := newRig(t)
		for i := len(tc.encoded) - tc.from; i < len(tc.encoded); i++ {
			damaged := bytes.Clone(tc.encoded)
			damaged[i]++
			for _, n := range []int{0, 1} {
				if _, err := r.decode([]Coding{tc.list}, damaged, n); err != ErrChecksum {
					t.Errorf("%s: byte %d of the checksum was changed: %v, want %v", tc.list, i, err, ErrChecksum)
				}
			}
		}
	}
}

func TestRefused(t *testing.T) {
	dict := []byte("a dictionary that both sides know")
	withDict := through([]byte("a dictionary"), func(w io.Writer) io.WriteCloser {
		z, _ := zlib.NewWriterLevelDict(w, 6, dict)
		return z
	})
	zstdDict := []byte("\x28\xb5\x2f\xfd\x21\x07\x01\x09\x00\x00a") // frame with Dictionary_ID 7
	window := func(size int) []byte {
		return through(text(100), func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(size), zstd.WithSingleSegment(false))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = z.Write([]byte("x"))
			_ = z.Flush() // from here on its size is not known beforehand
			return z
		})
	}
	for _, tc := range []struct {
		what    string
		list    Coding
		encoded []byte
		want    error
	}{
		{"zlib with a preset dictionary", Deflate, withDict, ErrDictionary},
		{"zstd with a dictionary", Zstd, zstdDict, ErrDictionary},
		{"zstd, window of 16 MiB", Zstd, window(16 << 20), ErrWindow},
		{"zstd, window of 8 MiB", Zstd, window(8 << 20), io.EOF},
		{"zstd, one segment of 100 MiB", Zstd, []byte("\x28\xb5\x2f\xfd\xa0\x00\x00\x40\x06\x09\x00\x00a"), ErrWindow},
		{"br, large window", Brotli, []byte{0x11, 0x1e, 0x03, 0, 0, 0}, ErrCorrupt},
		{"gzip called br", Brotli, gz(text(1000)), ErrCorrupt},
		{"text called gzip", Gzip, text(100), ErrCorrupt},
		{"text called zstd", Zstd, text(100), ErrCorrupt},
		{"text called deflate", Deflate, text(100), ErrCorrupt},
		{"gzip, another method", Gzip, []byte("\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x00"), ErrCorrupt},
		{"gzip, reserved flags", Gzip, []byte("\x1f\x8b\x08\x80\x00\x00\x00\x00\x00\x00"), ErrCorrupt},
		{"deflate, a match before the beginning", Deflate, []byte{0x73, 0x02, 0xf1, 0xff, 0, 0}, ErrCorrupt},
		{"gzip and garbage", Gzip, append(gz(text(100)), "garbage"...), ErrTrailing},
		{"gzip and zeros", Gzip, append(gz(text(100)), 0, 0, 0, 0), ErrTrailing},
		{"gzip and half a member", Gzip, append(gz(text(100)), 0x1f), ErrTruncated},
		{"deflate and garbage", Deflate, append(encoders[4].encode(text(100)), 'x'), ErrTrailing},
		{"raw deflate and garbage", Deflate, append(encoders[5].encode(text(100)), 'x'), ErrTrailing},
		{"deflate twice", Deflate, bytes.Repeat(encoders[4].encode(text(100)), 2), ErrTrailing},
		{"br and garbage", Brotli, append(encoders[7].encode(text(100)), "garbage"...), ErrTrailing},
		{"zstd and garbage", Zstd, append(zs(text(100)), "garbage"...), ErrTrailing},
	} {
		r := newRig(t)
		for _, n := range []int{0, 1} {
			if got, err := r.decode([]Coding{tc.list}, tc.encoded, n); err != tc.want {
				t.Errorf("%s in pieces of %d: %v after %d bytes, want %v", tc.what, n, err, len(got), tc.want)
			}
		}
	}
}

// From reads a source that waits, in whatever pieces, and passes its errors on.
func TestFrom(t *testing.T) {
	want := text(50_000)
	broken := errors.New("broken")
	for _, e := range encoders {
		r := newRig(t)
		encoded := e.encode(want)
		for what, src := range map[string]io.Reader{
			"whole":        bytes.NewReader(encoded),
			"bytes":        iotest.OneByteReader(bytes.NewReader(encoded)),
			"data and err": iotest.DataErrReader(bytes.NewReader(encoded)),
		} {
			d := r.ds.Get(e.list, &r.lim, nil)
			d.From(src)
			if got, err := io.ReadAll(d); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %s: %d bytes, %v", e.name, what, len(got), err)
			}
			d.Close()
		}
		d := r.ds.Get(e.list, &r.lim, nil)
		d.From(io.MultiReader(bytes.NewReader(encoded[:len(encoded)/2]), iotest.ErrReader(broken)))
		if _, err := io.ReadAll(d); err != broken {
			t.Errorf("%s: the source's error became %v", e.name, err)
		}
		d.Close()
	}
}

// A Decoder may be closed anywhere; the next one does not notice, and no goroutine is left.
func TestCloseAnywhere(t *testing.T) {
	want := text(3000)
	before := runtime.NumGoroutine()
	for _, e := range encoders {
		r := newRig(t)
		encoded := e.encode(want)
		for cut := 0; cut < len(encoded); cut += stride {
			var in mem.Segments
			in.Init(r.alloc)
			in.AppendCopy(encoded[:cut])
			d := r.ds.Get(e.list, &r.lim, &in)
			if cut%3 > 0 {
				_, _ = d.Next()
			}
			if cut%3 > 1 {
				_, _ = drain(d, nil)
			}
			d.Close()
			in.Release()
			if cut%16 > 0 && !checking {
				continue
			}
			if got, err := r.decode(e.list, encoded, cut); err != io.EOF || !bytes.Equal(got, want) {
				t.Fatalf("%s: after one that was closed at %d: %d bytes, %v", e.name, cut, len(got), err)
			}
		}
		if n := r.ds.Out(); n != 0 {
			t.Errorf("%s: %d are out", e.name, n)
		}
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}

// A Decoder whose input is unfinished runs on the thread that its loop is locked to.
func TestLockedThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	want := text(20_000)
	r := newRig(t)
	for _, e := range encoders {
		if got, err := r.decode(e.list, e.encode(want), 100); err != io.EOF || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", e.name, len(got), err)
		}
	}
}

// What a sender flushes comes out at once, not with what follows.
func TestFlushed(t *testing.T) {
	for _, e := range encoders {
		if e.name != "gzip flushed" && e.name != "br flushed" && e.name != "zstd stream" {
			continue
		}
		r := newRig(t)
		want := text(7001 * 3)
		first := e.encode(want[:7001])
		encoded := e.encode(want)
		// The two agree as long as nothing of the second piece is there.
		n := 0
		for n < len(first) && first[n] == encoded[n] {
			n++
		}
		var in mem.Segments
		in.Init(r.alloc)
		d := r.ds.Get(e.list, &r.lim, &in)
		in.AppendCopy(encoded[:n+1])
		if got, err := drain(d, nil); err != ErrNeedInput || len(got) < 7001 {
			t.Errorf("%s: %d bytes, %v, want the 7001 that were flushed", e.name, len(got), err)
		}
		d.Close()
		in.Release()
	}
}

// In the steady state nothing is allocated for a body that is there, but by the br decoder for
// each of its metablocks.
func TestAllocations(t *testing.T) {
	if checking {
		t.Skip("checking builds reuse nothing")
	}
	want := text(50_000)
	for _, e := range encoders {
		r := newRig(t)
		encoded := e.encode(want)
		var in mem.Segments
		in.Init(r.alloc)
		buf := make([]byte, 4096)
		run := func(pieces bool) func() {
			return func() {
				d := r.ds.Get(e.list, &r.lim, &in)
				if pieces {
					in.AppendCopy(encoded[:len(encoded)/2])
					for err := error(nil); err == nil; _, err = d.Next() {
					}
					in.AppendCopy(encoded[len(encoded)/2:])
				} else {
					in.AppendCopy(encoded)
				}
				d.End()
				for {
					if _, err := d.Read(buf); err == io.EOF {
						break
					} else if err != nil {
						t.Fatal(e.name, err)
					}
				}
				d.Close()
			}
		}
		whole, pieces := testing.AllocsPerRun(50, run(false)), testing.AllocsPerRun(50, run(true))
		t.Logf("%-20s %3.0f allocations whole, %3.0f in pieces", e.name, whole, pieces)
		most := 0.0
		switch {
		case slices.Contains(e.list, Brotli):
			most = 40
		case e.name == "zstd frames":
			most = 2 // for each skippable frame, by io.CopyN
		}
		if whole > most || pieces > most+coroutine {
			t.Errorf("%s: %v allocations whole, %v in pieces", e.name, whole, pieces)
		}
	}
}

// coroutine is what iter.Pull allocates.
const coroutine = 8

func TestAppendTo(t *testing.T) {
	want := text(200_000)
	r := newRig(t)
	var in mem.Segments
	in.Init(r.alloc)
	var out mem.Writer
	out.Init(r.alloc, chunk)
	d := r.ds.Get([]Coding{Gzip}, &r.lim, &in)
	encoded := gz(want)
	in.AppendCopy(encoded[:10_000])
	if err := d.AppendTo(&out); err != ErrNeedInput {
		t.Errorf("half of it: %v, want %v", err, ErrNeedInput)
	}
	in.AppendCopy(encoded[10_000:])
	d.End()
	if err := d.AppendTo(&out); err != io.EOF || !bytes.Equal(out.Segments().Flatten(), want) {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
	out.Release()
	d.Close()
}

func TestReadOfNothing(t *testing.T) {
	r := newRig(t)
	var in mem.Segments
	in.Init(r.alloc)
	d := r.ds.Get([]Coding{Gzip}, &r.lim, &in)
	defer d.Close()
	if n, err := d.Read(nil); n != 0 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := d.Read(make([]byte, 1)); err != ErrNeedInput || d.next != nil {
		t.Errorf("without input: %v and a coroutine: %v; want %v and none", err, d.next != nil, ErrNeedInput)
	}
}
