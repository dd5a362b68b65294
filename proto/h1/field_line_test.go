package h1

import (
	"fmt"
	"strings"
	"testing"
)

func TestFieldLineRefused(t *testing.T) {
	refuse(t, &defaults, []refusal{
		{"RFC 9112 §5.1 space before the colon", get("Accept : x\r\n"), ErrSpaceAfterName},
		{"RFC 9112 §5.1 TAB before the colon", get("Accept\t: x\r\n"), ErrSpaceAfterName},
		{"RFC 9112 §5.1 space before Host's colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", ErrSpaceAfterName},
		{"RFC 9112 §5.1 space before Content-Length's colon", get("Content-Length : 5\r\n"), ErrSpaceAfterName},
		{"RFC 9112 §5.1 space before Transfer-Encoding's colon", get("Transfer-Encoding : chunked\r\n"), ErrSpaceAfterName},
		{"RFC 9112 §5.1 space within a name", get("Content Length: 5\r\n"), ErrSpaceAfterName},
		{"RFC 9112 §5.1 TAB within a name", get("Content\tLength: 5\r\n"), ErrSpaceAfterName},
		{"RFC 9112 §2.2 space before the first field", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", ErrSpaceBeforeName},
		{"RFC 9112 §2.2 TAB before the first field", "GET / HTTP/1.1\r\n\tHost: x\r\n\r\n", ErrSpaceBeforeName},
		{"RFC 9112 §5.2 obs-fold", get("A: b\r\n c\r\n"), ErrSpaceBeforeName},
		{"RFC 9112 §5.2 obs-fold with TAB", get("A: b\r\n\tc\r\n"), ErrSpaceBeforeName},
		{"RFC 9112 §5.2 obs-fold of nothing", get("A: b\r\n \r\n"), ErrSpaceBeforeName},
		{"RFC 9112 §5.2 obs-fold of Transfer-Encoding", get("Transfer-Encoding:\r\n chunked\r\n"), ErrBadCoding},
		{"RFC 9112 §5.2 a line of whitespace", get(" \t\r\n"), ErrSpaceBeforeName},
		{"RFC 9110 §5.1 an empty name", get(": x\r\n"), ErrFieldNameEmpty},
		{"RFC 9110 §5.1 brackets", get("X[]: x\r\n"), ErrFieldName},
		{"RFC 9110 §5.1 a slash", get("a/b: x\r\n"), ErrFieldName},
		{"RFC 9110 §5.1 a quote", get("\"a\": x\r\n"), ErrFieldName},
		{"RFC 9110 §5.1 an at sign", get("a@b: x\r\n"), ErrFieldName},
		{"RFC 9110 §5.1 beyond ASCII", get("caf\xc3\xa9: x\r\n"), ErrFieldName},
		{"RFC 9110 §5.1 a control", get("a\x01b: x\r\n"), ErrFieldName},
		{"RFC 9110 §5.1 vertical tab", get("Transfer-Encoding\x0b: chunked\r\n"), ErrFieldName},
		{"RFC 9110 §5.1 DEL", get("a\x7f: x\r\n"), ErrFieldName},
		{"RFC 9110 §5.5 NUL in a name", get("a\x00b: x\r\n"), ErrFieldNUL},
		{"RFC 9112 §5 no colon", get("nocolon\r\n"), ErrFieldNoColon},
		{"RFC 9112 §5 no colon, then a good field", get("nocolon\r\nA: b\r\n"), ErrFieldNoColon},
		{"RFC 9112 §5 a request line again", get("GET / HTTP/1.1\r\n"), ErrSpaceAfterName},
		{"RFC 9112 §2.2 bare LF after a name", get("nocolon\nA: b\r\n"), ErrBareLF},
		{"RFC 9112 §2.2 bare LF after a value", get("A: b\nC: d\r\n"), ErrBareLF},
		{"RFC 9112 §2.2 bare LF after an empty value", get("A:\nC: d\r\n"), ErrBareLF},
		{"RFC 9112 §2.2 bare LF for the empty line", "GET / HTTP/1.1\r\nHost: x\r\n\n", ErrBareLF},
		{"RFC 9112 §2.2 bare LFs everywhere", "GET / HTTP/1.1\r\nHost: x\n\n", ErrBareLF},
		{"RFC 9112 §2.2 bare CR in a value", get("A: b\rc\r\n"), ErrBareCR},
		{"RFC 9112 §2.2 bare CR for the line's end", get("A: b\rC: d\r\n"), ErrBareCR},
		{"RFC 9112 §2.2 CR CR LF", get("A: b\r\r\n"), ErrBareCR},
		{"RFC 9112 §2.2 CR before a name", get("\rA: b\r\n"), ErrBareCR},
		{"RFC 9112 §2.2 CR CR LF for the empty line", "GET / HTTP/1.1\r\nHost: x\r\n\r\r\n", ErrBareCR},
		{"RFC 9110 §5.5 NUL in a value", get("A: b\x00c\r\n"), ErrFieldNUL},
		{"RFC 9110 §5.5 BEL in a value", get("A: b\x07\r\n"), ErrFieldControl},
		{"RFC 9110 §5.5 vertical tab in a value", get("A: \x0bb\r\n"), ErrFieldControl},
		{"RFC 9110 §5.5 form feed in a value", get("A: b\x0c\r\n"), ErrFieldControl},
		{"RFC 9110 §5.5 ESC in a value", get("A: \x1b[0m\r\n"), ErrFieldControl},
		{"RFC 9110 §5.5 DEL in a value", get("A: b\x7f\r\n"), ErrFieldControl},
	})
}

// Every byte in every place of a value, with the eight-byte steps of the scan in each alignment.
func TestFieldValueBytes(t *testing.T) {
	for c := range 256 {
		legal := c == '\t' || c >= ' ' && c != 0x7f
		for n := range 18 {
			v := strings.Repeat("v", n) + string([]byte{byte(c)}) + strings.Repeat("\xff", 17-n) + "."
			got := whole(&defaults, get("A: ."+v+"\r\n"))
			if want := "GET / 1.1 | Host=x | A=." + v + "\nend"; (got == want) != legal {
				t.Fatalf("byte %#x at %d: %q", c, n, got)
			}
		}
	}
}

func TestFieldNameBytes(t *testing.T) {
	const tchar = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for c := range 256 {
		name := "a" + string([]byte{byte(c)}) + "b"
		got := whole(&defaults, get(name+": v\r\n"))
		legal := strings.IndexByte(tchar, byte(c)) >= 0
		if want := "GET / 1.1 | Host=x | " + name + "=v\nend"; (got == want) != legal && c != ':' {
			t.Errorf("byte %#x in a name: %q", c, got)
		}
	}
}

// A line is refused at its first wrong byte, though nothing follows.
func TestFieldLineFailsEarly(t *testing.T) {
	for in, want := range map[string]*Error{
		"A: b\n": ErrBareLF, "A: \x00": ErrFieldNUL, "A ": ErrSpaceAfterName, " ": ErrSpaceBeforeName, "\n": ErrBareLF, ":": ErrFieldNameEmpty, "A: b\r\n\t": ErrSpaceBeforeName,
	} {
		var e Engine
		e.Init(Server, &defaults)
		if ev := e.Next([]byte(strings.TrimSuffix(get(""), "\r\n")+in), new(Head)); ev.Err != want {
			t.Errorf("%q: %v, want %v", in, ev.Err, want)
		}
	}
}

func TestFieldValuesAreTrimmed(t *testing.T) {
	for in, want := range map[string]string{
		"A:\r\n": "A=", "A: \r\n": "A=", "A: \t \r\n": "A=", "A:b\r\n": "A=b", "A:  b c \t\r\n": "A=b c", "A: b\tc\r\n": "A=b\tc", "A: :\r\n": "A=:",
		"A: \xc3\xa9\r\n": "A=\xc3\xa9",
	} {
		if got := everyWay(t, &defaults, get(in)); got != "GET / 1.1 | Host=x | "+want+"\nend" {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestHeadTooLarge(t *testing.T) {
	lim := Limits{Head: 100}.WithDefaults()
	head := func(n int) string { return get("A: " + strings.Repeat("v", n-len(get("A: \r\n"))) + "\r\n") }
	if n := len(head(100)); n != 100 {
		t.Fatal(n)
	}
	accept(t, &lim, head(100))
	refuse(t, &lim, []refusal{
		{"RFC 6585 §5 one byte too many", head(101), ErrHeadTooLarge},
		{"RFC 6585 §5 as many bytes as there may be, and no end", head(102)[:100], ErrHeadTooLarge},
		{"RFC 6585 §5 a value that never ends", get("A: " + strings.Repeat("v", 200)), ErrHeadTooLarge},
		{"RFC 6585 §5 a name that never ends", get(strings.Repeat("n", 200)), ErrHeadTooLarge},
		{"RFC 6585 §5 spaces that never end", get("A: " + strings.Repeat(" ", 200)), ErrHeadTooLarge},
	})
	if got := whole(&defaults, get("A: "+strings.Repeat("v", 17<<10))); got != "fail 431 the header section is too large" {
		t.Errorf("the default limit: %.60s", got)
	}
}

func TestTooManyFields(t *testing.T) {
	lim := Limits{Headers: 3}.WithDefaults()
	accept(t, &lim, get("A: b\r\nC: d\r\n"), chunked("0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n"))
	refuse(t, &lim, []refusal{
		{"RFC 6585 §5 one field too many", get("A: b\r\nC: d\r\nE: f\r\n"), ErrTooManyFields},
		{"RFC 6585 §5 one trailer too many", chunked("0\r\nA: b\r\nC: d\r\nE: f\r\nG: h\r\n\r\n"), ErrTooManyFields},
	})
	var fields strings.Builder
	for i := range 100 {
		fmt.Fprintf(&fields, "A%d: b\r\n", i)
	}
	if got := whole(&defaults, get(fields.String())); got != "fail 431 too many fields" {
		t.Errorf("the default limit: %.60s", got)
	}
}

func TestNoLimits(t *testing.T) {
	lim := Limits{RequestLine: -1, Head: -1, Headers: -1, ChunkLine: -1, Extensions: -1, Trailers: -1}.WithDefaults()
	fields := strings.Repeat("A: "+strings.Repeat("v", 1000)+"\r\n", 1000)
	in := "POST /" + strings.Repeat("a", 100<<10) + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + fields +
		"\r\n0;" + strings.Repeat("e", 100<<10) + "\r\n" + fields + "\r\n"
	if got := whole(&lim, in); !strings.HasSuffix(got, "v") || strings.Contains(got, "fail") {
		t.Errorf("%d bytes of everything: …%s", len(in), got[len(got)-60:])
	}
}
