package coding

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		value  string
		layers int
		want   []Coding
		err    *Error
	}{
		{value: ""},
		{value: "identity"},
		{value: " , ,\t"},
		{value: "gzip", want: []Coding{Gzip}},
		{value: "GZip", want: []Coding{Gzip}},
		{value: "x-gzip", want: []Coding{Gzip}},
		{value: "X-GZIP", want: []Coding{Gzip}},
		{value: "deflate", want: []Coding{Deflate}},
		{value: "br", want: []Coding{Brotli}},
		{value: "\t zstd ", want: []Coding{Zstd}},
		{value: "identity,gzip, identity , Br,", want: []Coding{Gzip, Brotli}},
		{value: "gzip,gzip,gzip", want: []Coding{Gzip, Gzip}, err: ErrTooManyLayers},
		{value: "gzip,gzip,gzip", layers: 3, want: []Coding{Gzip, Gzip, Gzip}},
		{value: "gzip,br", layers: 1, want: []Coding{Gzip}, err: ErrTooManyLayers},
		{value: strings.Repeat("gzip,", 9), layers: -1, want: slices.Repeat([]Coding{Gzip}, 9)},
		{value: "compress", err: ErrUnsupported},
		{value: "gzip;q=1", err: ErrUnsupported},
		{value: "gzip br", err: ErrUnsupported},
		{value: "gzi", err: ErrUnsupported},
		{value: "br, gzipx", want: []Coding{Brotli}, err: ErrUnsupported},
		{value: "unknown", err: ErrUnsupported},
		{value: "*", err: ErrUnsupported},
	} {
		got, err := Parse(nil, []byte(tc.value), tc.layers)
		if !slices.Equal(got, tc.want) || err != tc.err {
			t.Errorf("%q, %d: %v, %v, want %v, %v", tc.value, tc.layers, got, err, tc.want, tc.err)
		}
	}
}

// Several field lines are one list (RFC 9110 §5.3).
func TestParseLines(t *testing.T) {
	list, err := Parse(nil, []byte("gzip"), 0)
	if err == nil {
		list, err = Parse(list, []byte("br"), 0)
	}
	if !slices.Equal(list, []Coding{Gzip, Brotli}) || err != nil {
		t.Errorf("got %v, %v", list, err)
	}
	if _, err = Parse(list, []byte("zstd"), 0); err != ErrTooManyLayers {
		t.Errorf("a third line: %v, want %v", err, ErrTooManyLayers)
	}
}

func TestAccepted(t *testing.T) {
	list, err := Parse(nil, []byte(Accepted), -1)
	if err != nil || len(list) != kinds {
		t.Errorf("Accepted says %v, %v, and %d are known", list, err, kinds)
	}
	for _, c := range list {
		if again, err := Parse(nil, []byte(c.String()), 0); err != nil || !slices.Equal(again, []Coding{c}) {
			t.Errorf("%d is called %q, which is %v, %v", c, c, again, err)
		}
	}
	if got := Coding(99).String(); got != "unknown" {
		t.Errorf("an unknown coding is called %q", got)
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	dst := make([]Coding, 0, 4)
	value := []byte("identity, x-gzip, BR")
	if n := testing.AllocsPerRun(100, func() { _, _ = Parse(dst, value, 0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
