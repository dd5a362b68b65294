package ringwire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ringwire/ringwire/mem"
)

// testCodecs are the ways to have JSON done; nil is the default.
var testCodecs = map[string]JSONCodec{
	"default": nil,
	"funcs":   JSONFuncs{json.Marshal, json.Unmarshal},
	"pointer": &JSONFuncs{json.Marshal, json.Unmarshal}, // any other type than those that are known
	"streams": JSONStreams{encodeStream, decodeStream},
}

func encodeStream(w io.Writer, v any) error {
	p, err := json.Marshal(v)
	if err != nil {
		p = []byte(`["half of it`) // what a library writes before it notices
	}
	for len(p) > 0 {
		n := min(len(p), 1+len(p)/3)
		_, _ = w.Write(p[:n])
		p = p[n:]
	}
	return err
}

func decodeStream(r io.Reader, v any) error {
	d := json.NewDecoder(r)
	if err := d.Decode(v); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return errors.New("unexpected end of JSON input")
		}
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

func eachCodec(t *testing.T, f func(t *testing.T, driver string, codec JSONCodec)) {
	t.Helper()
	eachDriver(t, func(t *testing.T, driver string) {
		for name, codec := range testCodecs {
			t.Run(name, func(t *testing.T) { f(t, driver, codec) })
		}
	})
}

// What a stream's decoder leaves unread must be white space.
func TestJSONStreamsRest(t *testing.T) {
	one := JSONStreams{Decode: func(r io.Reader, v any) error {
		var p [1]byte
		_, err := io.ReadFull(r, p[:])
		*v.(*byte) = p[0]
		return err
	}}
	failed := errors.New("of the connection")
	for _, c := range []struct {
		rest string
		end  error
		want error
	}{
		{"", io.EOF, nil},
		{strings.Repeat(" \t\r\n", 50), io.EOF, nil},
		{strings.Repeat(" ", 200) + "x", io.EOF, errJSONTrailing},
		{"\v", io.EOF, errJSONTrailing},
		{" ", failed, failed},
	} {
		var got byte
		r := io.MultiReader(strings.NewReader("1"+c.rest), endReader{c.end})
		if err := one.ReadJSONFrom(r, &got); err != c.want || got != '1' {
			t.Errorf("rest %.20q, then %v: got %v, want %v", c.rest, c.end, err, c.want)
		}
	}
}

type endReader struct{ err error }

func (r endReader) Read([]byte) (int, error) { return 0, r.err }

// Codecs work on memory of any shape, and alone.
func TestJSONCodecs(t *testing.T) {
	a := mem.NewAllocator(mem.Config{})
	for name, codec := range testCodecs {
		if codec == nil {
			continue
		}
		var w mem.Writer
		w.Init(a, 512)
		_, _ = w.WriteString(`"before"`)
		want := greeting{strings.Repeat("long ", 1000), 7}
		if err := codec.AppendJSON(&w, &want); err != nil {
			t.Fatal(name, err)
		}
		var got greeting
		w.Segments().Discard(len(`"before"`))
		if err := codec.ReadJSON(w.Segments(), &got); err != nil || got != want {
			t.Errorf("%s: %v, %.80q", name, err, got)
		}
		w.Release()
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// Brackets in strings do not count, and what is closed does not either.
func TestTooDeep(t *testing.T) {
	for _, c := range []struct {
		text  string
		depth int
		at    int
	}{
		{`[[[]]]`, 3, -1},
		{`[[[]]]`, 2, 2},
		{`[[],[],[{}]]`, 3, -1},
		{`[[],[],[{}]]`, 2, 8},
		{`["[[[\"[","\\",[]]`, 2, -1},
		{`["[[[\"[","\\",[]]`, 1, 15},
		{`{"{":{"a":1}}`, 2, -1},
		{`{"{":{"a":1}}`, 1, 5},
		{`"[[[\`, 1, -1},
		{`]]][[[[`, 1, -1}, // no JSON anyway
		{`[`, 0, 0},
	} {
		if at := tooDeep([]byte(c.text), c.depth); at != c.at {
			t.Errorf("%s deeper than %d at %d, want %d", c.text, c.depth, at, c.at)
		}
	}
}

// Of valid JSON it finds the depth that encoding/json's tokens have.
func FuzzTooDeep(f *testing.F) {
	for _, text := range []string{`[[[]],{"a":[]}]`, `["[\"[",{"]":"\\"}]`, `1`} {
		f.Add([]byte(text), uint8(2))
	}
	f.Fuzz(func(t *testing.T, p []byte, limit uint8) {
		if !json.Valid(p) {
			_ = tooDeep(p, int(limit))
			return
		}
		depth, deepest := 0, 0
		for d := json.NewDecoder(bytes.NewReader(p)); ; {
			tok, err := d.Token()
			if err != nil {
				break
			}
			switch tok {
			case json.Delim('['), json.Delim('{'):
				depth++
				deepest = max(deepest, depth)
			case json.Delim(']'), json.Delim('}'):
				depth--
			}
		}
		if at := tooDeep(p, int(limit)); (at >= 0) != (deepest > int(limit)) {
			t.Errorf("%q is %d deep, but deeper than %d at %d", p, deepest, limit, at)
		}
	})
}

// The default reads what encoding/json reads, but nothing that is no UTF-8.
func FuzzUnmarshalStd(f *testing.F) {
	for _, text := range []string{`{"message":"a","n":1}`, `[1,2] x`, "\"\xff\"", `"\ud800"`, "", " 1 ", `{"a":1,"a":2}`, "\xef\xbb\xbf1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var got, want any
		err, wantErr := unmarshalStd(p, &got), json.Unmarshal(p, &want)
		if bad, ok := as[*JSONError](err); ok {
			at := int(bad.Offset)
			if bad.Err == errJSONDepth && bytes.Count(p[:at+1], openArray)+bytes.Count(p[:at+1], openObject) > maxJSONDepth {
				return
			}
			if r, size := utf8.DecodeRune(p[at:]); !utf8.Valid(p[:at]) || r != utf8.RuneError || size != 1 {
				t.Fatalf("%q refused for UTF-8 at %d", p, at)
			}
			return
		}
		if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %v, %v; json.Unmarshal: %v, %v", p, got, err, want, wantErr)
		}
	})
}
