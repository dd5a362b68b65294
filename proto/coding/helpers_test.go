package coding

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/ringwire/ringwire/internal/leak"
	"github.com/ringwire/ringwire/mem"
)

func TestMain(m *testing.M) { leak.Main(m) }

// encoders make what real senders send; raw is deflate without zlib's frame.
var encoders = []struct {
	name   string
	list   []Coding
	encode func(p []byte) []byte
}{
	{"gzip", []Coding{Gzip}, gz},
	{"gzip with all fields", []Coding{Gzip}, gzFields},
	{"gzip members", []Coding{Gzip}, func(p []byte) []byte {
		return bytes.Join([][]byte{gz(p[:len(p)/3]), gz(nil), gz(p[len(p)/3:])}, nil)
	}},
	{"gzip flushed", []Coding{Gzip}, func(p []byte) []byte {
		return written(p, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	}},
	{"deflate", []Coding{Deflate}, func(p []byte) []byte {
		return through(p, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
	}},
	{"deflate raw", []Coding{Deflate}, func(p []byte) []byte {
		return through(p, func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 6); return z })
	}},
	{"deflate stored", []Coding{Deflate}, func(p []byte) []byte {
		return through(p, func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 0); return z })
	}},
	{"br", []Coding{Brotli}, func(p []byte) []byte {
		return through(p, func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 5) })
	}},
	{"br flushed", []Coding{Brotli}, func(p []byte) []byte {
		return written(p, func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 1) })
	}},
	{"zstd", []Coding{Zstd}, zs},
	{"zstd stream", []Coding{Zstd}, func(p []byte) []byte {
		return written(p, func(w io.Writer) io.WriteCloser {
			z, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(64<<10))
			return z
		})
	}},
	{"zstd frames", []Coding{Zstd}, func(p []byte) []byte {
		skippable := []byte{0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z'}
		return bytes.Join([][]byte{skippable, zs(p[:len(p)/2]), skippable, zs(p[len(p)/2:])}, nil)
	}},
	{"gzip, br", []Coding{Gzip, Brotli}, func(p []byte) []byte {
		return through(gz(p), func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 1) })
	}},
	{"zstd, gzip", []Coding{Zstd, Gzip}, func(p []byte) []byte { return gz(zs(p)) }},
	{"gzip, gzip", []Coding{Gzip, Gzip}, func(p []byte) []byte { return gz(gz(p)) }},
	{"identity", nil, func(p []byte) []byte { return p }},
}

func gz(p []byte) []byte {
	return through(p, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func gzFields(p []byte) []byte {
	plain := through(p, func(w io.Writer) io.WriteCloser {
		z := gzip.NewWriter(w)
		z.Name, z.Comment, z.Extra = "a name", "a comment", []byte("\x01\x02\x02\x00xx")
		return z
	})
	// The standard library writes no FHCRC: it goes behind the comment.
	at := bytes.Index(plain, []byte("a comment\x00")) + len("a comment\x00")
	plain[3] |= flagCRC
	return bytes.Join([][]byte{plain[:at], {1, 2}, plain[at:]}, nil)
}

func zs(p []byte) []byte {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return z.EncodeAll(p, nil)
}

func through(p []byte, open func(io.Writer) io.WriteCloser) []byte {
	var out bytes.Buffer
	w := open(&out)
	_, err := w.Write(p)
	if e := w.Close(); err != nil || e != nil {
		panic("encoding failed")
	}
	return out.Bytes()
}

// written is through in pieces, each flushed.
func written(p []byte, open func(io.Writer) io.WriteCloser) []byte {
	var out bytes.Buffer
	w := open(&out)
	for len(p) > 0 {
		n := min(len(p), 7001)
		_, _ = w.Write(p[:n])
		_ = w.(interface{ Flush() error }).Flush()
		p = p[n:]
	}
	_ = w.Close()
	return out.Bytes()
}

// text is n bytes that compress like text does, in which no two places look alike.
func text(n int) []byte {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	var p []byte
	for len(p) < n {
		p = append(p, "word"...)
		p = strconv.AppendInt(p, rng.Int64N(1000), 10)
		p = append(p, ',')
	}
	return p[:n]
}

// rig is what a decoder is tried on: an allocator and Decoders, which must be empty at the end.
type rig struct {
	t     testing.TB
	alloc *mem.Allocator
	ds    *Decoders
	lim   Limits
}

func newRig(t testing.TB) *rig {
	r := &rig{t: t, alloc: mem.NewAllocator(mem.Config{}), ds: NewDecoders(Config{}), lim: Limits{}.WithDefaults()}
	t.Cleanup(func() {
		if err := r.ds.Close(); err != nil {
			t.Error(err)
		}
		if err := r.alloc.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// decode gives the input in pieces of n bytes, or whole for n = 0, and reads after each as far as it goes.
func (r *rig) decode(list []Coding, encoded []byte, n int) ([]byte, error) {
	var in mem.Segments
	in.Init(r.alloc)
	defer in.Release()
	d := r.ds.Get(list, &r.lim, &in)
	defer d.Close()
	var out []byte
	if n == 0 {
		in.AppendCopy(encoded)
		d.End()
		return drain(d, out)
	}
	for p := encoded; len(p) > 0; {
		in.AppendCopy(p[:min(n, len(p))])
		p = p[min(n, len(p)):]
		var err error
		if out, err = drain(d, out); err != ErrNeedInput {
			return out, err
		}
	}
	d.End()
	return drain(d, out)
}

// drain reads what there is, by both ways in turns.
func drain(d *Decoder, out []byte) ([]byte, error) {
	var buf [1000]byte
	for {
		n, err := d.Read(buf[:1+len(out)%len(buf)])
		if out = append(out, buf[:n]...); err != nil {
			return out, err
		}
		p, err := d.Next()
		if out = append(out, p...); err != nil {
			return out, err
		}
	}
}
