package coding

import (
	"bytes"
	"io"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/ringwire/ringwire/mem"
)

// zeros is a reader of n of them.
type zeros int64

func (z *zeros) Read(p []byte) (int, error) {
	if *z == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), int64(*z))
	clear(p[:n])
	*z -= zeros(n)
	return int(n), nil
}

// bombs begin with what makes 10 MB of zeros and go on with it for ever. Those of one stream
// are cut off instead: long before, they must have been refused.
var bombs = sync.OnceValue(makeBombs)

type bomb struct {
	list []Coding
	unit []byte
	stop bool
}

func makeBombs() map[string]bomb {
	const unit = 10 << 20
	plain := make([]byte, unit)
	br := through(plain, func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 5) })
	one := through(plain, func(w io.Writer) io.WriteCloser {
		z, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		return z
	})
	long := zeros(1 << 30)
	if checking { // making it takes more than all else
		long = 1 << 26
	}
	var stream bytes.Buffer
	w := brotli.NewWriterLevel(&stream, 1)
	_, _ = io.Copy(w, &long)
	_ = w.Close()
	return map[string]bomb{
		"gzip":       {[]Coding{Gzip}, gz(plain), false},
		"deflate":    {[]Coding{Deflate}, encoders[4].encode(plain), true},
		"zstd":       {[]Coding{Zstd}, one, false},
		"br":         {[]Coding{Brotli}, br, true},
		"long br":    {[]Coding{Brotli}, stream.Bytes(), true},
		"gzip, gzip": {[]Coding{Gzip, Gzip}, gz(bytes.Repeat(gz(plain), 1000)), true}, // 10 GB of some 30 KB
		"zstd, gzip": {[]Coding{Zstd, Gzip}, gz(bytes.Repeat(one, 1000)), true},
		"gzip, zstd": {[]Coding{Gzip, Zstd}, zs(bytes.Repeat(gz(plain), 1000)), true},
	}
}

// repeat is p over and over, n bytes in all.
type repeat struct {
	p    []byte
	n    int64
	read int64
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.read == r.n {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), r.n-r.read)], r.p[r.read%int64(len(r.p)):])
	r.read += int64(n)
	return n, nil
}

// A body of 10 GB in 10 MB is refused at each limit, by whichever comes first, without the time
// and the memory that it was made to cost.
func TestBombs(t *testing.T) {
	for name, b := range bombs() {
		for what, tc := range map[string]struct {
			lim  Limits
			want error
			most int64 // decoded
		}{
			"default":        {Limits{}, ErrRatio, 1<<20 + chunk},
			"size":           {Limits{MaxRatio: -1}, ErrTooLarge, 8 << 20},
			"size of 1 byte": {Limits{MaxRatio: -1, MaxSize: 1}, ErrTooLarge, 1},
			"no floor":       {Limits{RatioFloor: -1, MaxSize: -1}, ErrRatio, 2 << 20},
			"ratio of 50":    {Limits{MaxRatio: 50, RatioFloor: 100_000, MaxSize: -1}, ErrRatio, 1 << 20},
		} {
			if checking && testing.Short() && what != "default" {
				continue // each takes seconds, and differs by a number
			}
			r := newRig(t)
			r.lim = tc.lim.WithDefaults()
			size := int64(10 << 20)
			if b.stop {
				size = int64(len(b.unit))
			}
			src := &repeat{p: b.unit, n: size}
			began, before := time.Now(), allocated()
			d := r.ds.Get(b.list, &r.lim, nil)
			d.From(src)
			n, err := io.Copy(io.Discard, d)
			d.Close()
			if err != tc.want && err != ErrTooLarge && err != ErrRatio || n > tc.most {
				t.Errorf("%s, %s: %d bytes, %v; want %v after %d bytes at most", name, what, n, err, tc.want, tc.most)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%s, %s: took %v", name, what, took)
			}
			if grew := allocated() - before; grew > 48<<20 && !checking {
				t.Errorf("%s, %s: %d KiB were allocated", name, what, grew>>10)
			}
		}
	}
}

func allocated() uint64 {
	var st runtime.MemStats
	runtime.ReadMemStats(&st)
	return st.TotalAlloc
}

// Without limits they are decoded in full, in the memory of one window: output does not run
// ahead of its reader.
func TestBombInBoundedMemory(t *testing.T) {
	size := int64(10 << 30)
	if testing.Short() || checking {
		size = 1 << 28
	}
	r := newRig(t)
	r.lim = Limits{MaxSize: -1, MaxRatio: -1}.WithDefaults()
	unit := gz(make([]byte, 10<<20))
	src := &repeat{p: unit, n: size / (10 << 20) * int64(len(unit))}
	d := r.ds.Get([]Coding{Gzip}, &r.lim, nil)
	defer d.Close()
	d.From(src)
	buf := make([]byte, 1<<16)
	before := allocated()
	var total int64
	for {
		n, err := d.Read(buf)
		if total += int64(n); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if want := size / (10 << 20) * (10 << 20); total != want {
		t.Errorf("%d bytes of %d", total, want)
	}
	grew := allocated() - before
	t.Logf("%d MB of %d KB, %d KiB allocated", total/1e6, src.read/1e3, grew>>10)
	if grew > 1<<20 {
		t.Errorf("%d KiB were allocated for %d bytes", grew>>10, total)
	}
}

// A bomb that comes byte by byte is found as well, and what is not read is not decoded.
func TestTrickledBomb(t *testing.T) {
	for name, b := range bombs() {
		if checking && (len(b.list) > 1 || testing.Short()) {
			continue // would take minutes, and a quarter of one
		}
		r := newRig(t)
		var in mem.Segments
		in.Init(r.alloc)
		d := r.ds.Get(b.list, &r.lim, &in)
		var total int
		err := error(ErrNeedInput)
		for i := 0; err == ErrNeedInput && i < len(b.unit); i++ {
			in.AppendCopy(b.unit[i : i+1])
			for err = nil; err == nil; {
				var p []byte
				p, err = d.Next()
				total += len(p)
				if len(p) > chunk {
					t.Errorf("%s: a piece of %d bytes", name, len(p))
				}
			}
		}
		if err != ErrRatio && err != ErrTooLarge || total > 2<<20 {
			t.Errorf("%s: %d bytes, %v", name, total, err)
		}
		if _, again := d.Next(); again != err {
			t.Errorf("%s: %v and then %v", name, err, again)
		}
		d.Close()
		in.Release()
	}
}

// What a body is refused for is exceeding the limit, not reaching it.
func TestExactSize(t *testing.T) {
	for _, e := range encoders {
		if e.list == nil {
			continue
		}
		want := text(5000)
		encoded := e.encode(want)
		for size, wantErr := range map[int64]error{5000: io.EOF, 5001: io.EOF, 4999: ErrTooLarge} {
			r := newRig(t)
			r.lim = Limits{MaxSize: size}.WithDefaults()
			if len(e.list) > 1 {
				continue // what lies between them counts as well
			}
			for _, n := range []int{0, stride} {
				if got, err := r.decode(e.list, encoded, n); err != wantErr || !bytes.HasPrefix(want, got) {
					t.Errorf("%s, limit "+strconv.Itoa(int(size))+": %d bytes, %v, want %v", e.name, len(got), err, wantErr)
				}
			}
		}
	}
}

// Each coding is judged on its own: what lies between them is bounded, too.
func TestLimitsPerLayer(t *testing.T) {
	r := newRig(t)
	r.lim = Limits{MaxSize: 1000}.WithDefaults()
	inner := text(2000) // not gzip, but refused before that is looked at
	_, err := r.decode([]Coding{Gzip, Zstd}, zs(inner), 0)
	if err != ErrCorrupt && err != ErrTooLarge {
		t.Errorf("got %v", err)
	}
	r.lim = Limits{MaxSize: 500}.WithDefaults()
	small := gz(make([]byte, 100))
	padded := append([]byte{0x5f, 0x2a, 0x4d, 0x18, 0xe8, 3, 0, 0}, make([]byte, 1000)...) // a skippable frame of 1000 bytes
	padded = append(padded, zs(make([]byte, 100))...)
	if got, err := r.decode([]Coding{Zstd, Gzip}, gz(padded), 0); err != ErrTooLarge {
		t.Errorf("100 bytes behind 1000 that are skipped: %d bytes, %v, want %v", len(got), err, ErrTooLarge)
	}
	if got, err := r.decode([]Coding{Gzip, Gzip}, gz(small), 0); err != io.EOF || len(got) != 100 {
		t.Errorf("within the limits: %d bytes, %v", len(got), err)
	}
}

func TestLimitsDefaults(t *testing.T) {
	if got, want := (Limits{}).WithDefaults(), (Limits{8 << 20, 200, 1 << 20}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	none := Limits{-1, -1, -1}.WithDefaults()
	if none.RatioFloor != 0 || none.check(1, 1<<62) != nil {
		t.Errorf("negative is %+v, want none", none)
	}
}
