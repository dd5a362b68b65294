package multipart

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct{ why, body, want string }{
		{"two fields", "--b\r\n" + part("a") + "1\r\n--b\r\n" + part("c") + "2\r\n--b--\r\n",
			`part "a"|data "1"|end of part|part "c"|data "2"|end of part|end`},
		{"no line end after the last boundary", "--b\r\n" + part("a") + "1\r\n--b--", `part "a"|data "1"|end of part|end`},
		{"no parts: a form without fields", "--b--\r\n", "end"},
		{"an empty content", "--b\r\n" + part("a") + "\r\n--b--\r\n", `part "a"|end of part|end`},
		{"a part that is only a head (RFC 2046 §5.1.1)", "--b\r\n" + part("a") + "--b--\r\n", `part "a"|end of part|end`},
		{"preamble and epilogue", "pre\r\namble\r\n--b\r\n" + part("a") + "1\r\n--b--\r\nepi\n--b\r\nlogue", `part "a"|data "1"|end of part|end`},
		{"an empty line first", "\r\n--b\r\n" + part("a") + "1\r\n--b--\r\n", `part "a"|data "1"|end of part|end`},
		{"padding", "--b \t\r\n" + part("a") + "1\r\n--b  \r\n" + part("c") + "2\r\n--b--\t \r\n",
			`part "a"|data "1"|end of part|part "c"|data "2"|end of part|end`},
		{"content like a delimiter", "--b\r\n" + part("a") + "--a\r\n-\r\r\n\r\n-b\r\n--\r\n--a\n--b\r--b\r\n--b--",
			`part "a"|data "--a\r\n-\r\r\n\r\n-b\r\n--\r\n--a\n--b\r--b"|end of part|end`},
		{"content that ends like one", "--b\r\n" + part("a") + "\r\r\n-\r\n--\r\n--b--", `part "a"|data "\r\r\n-\r\n--"|end of part|end`},
		{"a file", "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\nX-More: \t 1 \r\n\r\n1\r\n--b--",
			`part "f" file "x.txt" type "text/plain" | X-More=1|data "1"|end of part|end`},

		{"empty", "", "fail ErrTruncated"},
		{"preamble alone", "no parts\r\n", "fail ErrTruncated"},
		{"no final boundary", "--b\r\n" + part("a") + "1\r\n--b\r\n", `part "a"|data "1"|end of part|fail ErrTruncated`},
		{"cut in a content", "--b\r\n" + part("a") + "1", `part "a"|data "1"|fail ErrTruncated`},
		{"cut in a delimiter", "--b\r\n" + part("a") + "1\r\n--b-", `part "a"|data "1"|fail ErrTruncated`},
		{"cut in its line end", "--b\r\n" + part("a") + "1\r\n--b--\r", `part "a"|data "1"|fail ErrTruncated`},
		{"cut in a head", "--b\r\nContent-Disp", "fail ErrTruncated"},
		{"LF after a boundary", "--b\n" + part("a"), "fail ErrBareLF"},
		{"LF after the last boundary", "--b\r\n" + part("a") + "1\r\n--b--\n", `part "a"|data "1"|fail ErrBareLF`},
		{"LF in the preamble", "a\n--b\r\n" + part("a") + "1\r\n--b--", "fail ErrBareLF"},
		{"LF first", "\n--b--", "fail ErrBareLF"},
		{"a longer line", "--bb\r\n" + part("a"), "fail ErrDelimiter"},
		{"a longer line after a part", "--b\r\n" + part("a") + "1\r\n--bc", `part "a"|data "1"|fail ErrDelimiter`},
		{"one dash", "--b-\r\n", "fail ErrDelimiter"},
		{"three dashes", "--b---", "fail ErrDelimiter"},
		{"dashes after padding", "--b --\r\n", "fail ErrDelimiter"},
		{"CR alone", "--b\rx", "fail ErrDelimiter"},
		{"CR alone after the last", "--b--\rx", "fail ErrDelimiter"},
		{"text after the last", "--b-- x", "fail ErrDelimiter"},
	} {
		want := strings.ReplaceAll(tc.want, "|", "\n")
		for _, err := range []*Error{ErrTruncated, ErrBareLF, ErrDelimiter} {
			want = strings.ReplaceAll(want, "fail "+nameOf(err), failure(err))
		}
		t.Run(tc.why, func(t *testing.T) { everyWay(t, &defaults, tc.body, strings.ReplaceAll(want, " \n ", " | ")) })
	}
}

// nameOf is the name of an error by which a table wants it.
func nameOf(err *Error) string {
	return map[*Error]string{ErrTruncated: "ErrTruncated", ErrBareLF: "ErrBareLF", ErrDelimiter: "ErrDelimiter"}[err]
}

func failure(err *Error) string { return "fail " + itoa(err.Status) + " " + err.Text }

func TestLimits(t *testing.T) {
	lim := Limits{Parts: 2, Head: 80, Fields: 2, Name: 4, FileName: 5, Preamble: 6, Epilogue: 6}.WithDefaults()
	one := "--b\r\n" + part("a") + "1\r\n"
	const seen = "part \"a\"\ndata \"1\"\nend of part\n"
	const disposition = "Content-Disposition: form-data; name=a\r\n"
	for _, tc := range []struct {
		why, body string
		want      string
	}{
		{"as many parts as may be", one + one + "--b--", seen + seen + "end"},
		{"a part more", one + one + one + "--b--", seen + seen + failure(ErrTooManyParts)},
		{"as much preamble", "123456\r\n" + one + "--b--", seen + "end"},
		{"more preamble", "1234567\r\n" + one + "--b--", failure(ErrPreambleTooLarge)},
		{"a preamble of near boundaries", "\r\n--\r\n--\r\n" + one + "--b--", failure(ErrPreambleTooLarge)},
		{"as much epilogue", one + "--b--\r\n123456", seen + "end"},
		{"more epilogue", one + "--b--\r\n1234567", seen + failure(ErrEpilogueTooLarge)},
		{"as large a head", "--b\r\n" + disposition + "X: " + strings.Repeat("x", 80-len(disposition)-7) + "\r\n\r\n--b--",
			"part \"a\" | X=" + strings.Repeat("x", 80-len(disposition)-7) + "\nend of part\nend"},
		{"a larger head", "--b\r\n" + disposition + "X: " + strings.Repeat("x", 81-len(disposition)-7) + "\r\n\r\n--b--", failure(ErrHeadTooLarge)},
		{"a head without end", "--b\r\n" + disposition + "X: " + strings.Repeat("x", 100), failure(ErrHeadTooLarge)},
		{"a field more", "--b\r\n" + disposition + "X: 1\r\nX: 2\r\n\r\n", failure(ErrTooManyFields)},
		{"as long a name", "--b\r\n" + part("name") + "--b--", "part \"name\"\nend of part\nend"},
		{"a longer name", "--b\r\n" + part("name5"), failure(ErrNameTooLong)},
		{"a longer file name", "--b\r\nContent-Disposition: form-data; name=a; filename=123456\r\n\r\n", failure(ErrFileNameTooLong)},
		{"padding", "--b" + strings.Repeat(" ", maxPadding) + "\r\n" + part("a") + "1\r\n--b--", seen + "end"},
		{"more padding", "--b" + strings.Repeat(" ", maxPadding+1) + "\r\n" + part("a"), failure(ErrPaddingTooLong)},
		{"more padding after the last", "--b--" + strings.Repeat("\t", maxPadding+1), failure(ErrPaddingTooLong)},
	} {
		t.Run(tc.why, func(t *testing.T) { everyWay(t, &lim, tc.body, tc.want) })
	}
}

func TestLimitsNone(t *testing.T) {
	lim := Limits{Parts: -1, Head: -1, Fields: -1, Name: -1, FileName: -1, Preamble: -1, Epilogue: -1}.WithDefaults()
	var b strings.Builder
	b.WriteString(strings.Repeat("p", 5000))
	for range 3000 {
		b.WriteString("\r\n--b\r\n" + strings.Repeat("X: y\r\n", 100) + part(strings.Repeat("n", 500)))
	}
	b.WriteString("\r\n--b--\r\n" + strings.Repeat("e", 5000))
	if got := parse("b", &lim, b.String()); !strings.HasSuffix(got, "\nend") || strings.Count(got, "end of part") != 3000 {
		t.Errorf("got …%s", got[max(0, len(got)-100):])
	}
	if got := parse("b", &defaults, b.String()); got != failure(ErrPreambleTooLarge) {
		t.Errorf("with defaults: %.100s", got)
	}
}

// After its end or a failure a parser says so again, and takes nothing more.
func TestParserAfter(t *testing.T) {
	var p Parser
	if ev := p.Next([]byte("x")); ev.Kind != Fail || ev.Err != ErrNoBoundary {
		t.Errorf("before Init: %+v", ev)
	}
	if err := p.Init([]byte("b "), &defaults); err != ErrBadBoundary {
		t.Errorf("Init with a bad boundary: %v", err)
	}
	if ev := p.Next([]byte("x")); ev.Kind != Fail || ev.Err != ErrBadBoundary {
		t.Errorf("after Init has failed: %+v", ev)
	}
	_ = p.Init([]byte("b"), &defaults)
	p.HandleEOF()
	for range 2 {
		if ev := p.Next(nil); ev.Kind != Fail || ev.Err != ErrTruncated || ev.N != 0 {
			t.Errorf("an empty body: %+v", ev)
		}
	}
	_ = p.Init([]byte("b"), &defaults)
	p.HandleEOF()
	in := []byte("--b--")
	for range 2 {
		ev := p.Next(in)
		if in = in[ev.N:]; ev.Kind != End {
			t.Errorf("after the end: %+v", ev)
		}
	}
}

// The content's views are of what was handed in.
func TestDataIsNotCopied(t *testing.T) {
	var p Parser
	_ = p.Init([]byte("b"), &defaults)
	in := []byte("--b\r\n" + part("a") + "content\r\n--b--")
	at := strings.Index(string(in), "content")
	ev := p.Next(in)
	name := p.Head().Name()
	if &name[0] != &in[strings.IndexByte(string(in), 'a')] && string(name) != "a" {
		t.Error("the name was copied")
	}
	if ev = p.Next(in[ev.N:]); ev.Kind != Data || &ev.Data[0] != &in[at] || cap(ev.Data) != len("content") {
		t.Errorf("%+v with %d bytes of capacity: not a view of the input", ev, cap(ev.Data))
	}
}
