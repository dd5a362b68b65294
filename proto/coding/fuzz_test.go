package coding

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"testing"
)

// A body is the same whole and in pieces, of a fresh decoder and of one that was used: all of its bytes, or
// the beginning of them and an error.
func FuzzDecoder(f *testing.F) {
	for _, e := range encoders {
		var kinds [2]byte
		for i, c := range e.list {
			kinds[i] = byte(c) + 1
		}
		f.Add(e.encode(text(300)), kinds[0], kinds[1], uint16(7))
		f.Add(e.encode(make([]byte, 3000)), kinds[0], kinds[1], uint16(1))
	}
	used := map[Coding][]byte{Gzip: gz(text(9000)), Deflate: encoders[4].encode(text(9000)), Brotli: encoders[7].encode(text(9000)), Zstd: zs(text(9000))}
	f.Fuzz(func(t *testing.T, p []byte, first, second byte, size uint16) {
		var list []Coding
		for _, c := range []byte{first % (kinds + 1), second % (kinds + 1)} {
			if c > 0 {
				list = append(list, Coding(c-1))
			}
		}
		r := newRig(t)
		r.lim = Limits{MaxSize: 1 << 20, MaxRatio: -1}.WithDefaults()
		whole, wholeErr := r.decode(list, p, 0)
		if _, ok := wholeErr.(*Error); !ok && wholeErr != io.EOF {
			t.Fatalf("%v: %v", list, wholeErr)
		}
		for _, c := range list {
			_, _ = r.decode([]Coding{c}, used[c], 0)
			_, _ = r.decode([]Coding{c}, used[c][:len(used[c])/2], 0)
		}
		pieces, err := r.decode(list, p, int(size%512)+1)
		// How much comes out before damage shows, br decides by what is there.
		same := err == io.EOF && wholeErr == io.EOF && bytes.Equal(pieces, whole)
		bad := err != io.EOF && wholeErr != io.EOF && (bytes.HasPrefix(pieces, whole) || bytes.HasPrefix(whole, pieces))
		if !same && !bad {
			t.Fatalf("%v: whole %d bytes, %v; in pieces of %d %d bytes, %v", list, len(whole), wholeErr, size%512+1, len(pieces), err)
		}
	})
}

// What the standard library makes of gzip and zlib is made of them here.
func FuzzAgainstStandard(f *testing.F) {
	for _, e := range encoders {
		f.Add(e.encode(text(300)))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		r := newRig(t)
		r.lim = Limits{MaxSize: 1 << 20, MaxRatio: -1}.WithDefaults()
		if z, err := gzip.NewReader(bytes.NewReader(p)); err == nil {
			want, wantErr := io.ReadAll(io.LimitReader(z, 1<<20+1))
			got, err := r.decode([]Coding{Gzip}, p, 0)
			agree(t, "gzip", want, wantErr, got, err, p[3]&flagCRC != 0)
		}
		if z, err := zlib.NewReader(bytes.NewReader(p)); err == nil {
			want, wantErr := io.ReadAll(io.LimitReader(z, 1<<20+1))
			got, err := r.decode([]Coding{Deflate}, p, 0)
			agree(t, "zlib", want, wantErr, got, err, err == ErrTrailing) // the library does not look behind the end
		}
	})
}

// agree compares. When lax, the two may differ on whether there is an error.
func agree(t *testing.T, what string, want []byte, wantErr error, got []byte, err error, lax bool) {
	switch {
	case len(want) > 1<<20:
		if err != ErrTooLarge && err != ErrRatio {
			t.Fatalf("%s: %v, and it has more than 1 MiB", what, err)
		}
	case lax:
	case (wantErr == nil) != (err == io.EOF):
		t.Fatalf("%s: %v, the standard library says %v", what, err, wantErr)
	case !bytes.HasPrefix(want, got) && !bytes.HasPrefix(got, want) || err == io.EOF && len(got) != len(want):
		t.Fatalf("%s: %d bytes, the standard library has %d", what, len(got), len(want))
	}
}
