package multipart

import (
	"strings"
	"testing"
)

// dispositions are parameters after form-data, and what they say.
func TestDisposition(t *testing.T) {
	for _, tc := range []struct{ why, params, want string }{
		{"quoted", `; name="a b"`, `part "a b"`},
		{"a token", `; name=a`, `part "a"`},
		{"in any case, without a space", `;NAME="a";FileName=x`, `part "a" file "x"`},
		{"space before", " \t;  name=a ; filename=\"x\"", `part "a" file "x"`},
		{"a semicolon last", `; name=a;`, `part "a"`},
		{"empty", `; name=""; filename=""`, `part "" file ""`},
		{"others are passed over", `; size=5; name=a; x="\"; name=b"`, `part "a"`},
		{"a quote, CR and LF as browsers write them", `; name="a%22%0D%0a%"; filename="%22%41%2"`, `part "a\"\r\n%" file "\"%41%2"`},
		{"as older ones do", `; name="a\"b\\"; filename="C:\dir\\x\(1\).txt"`, `part "a\"b\\" file "C:\\dir\\x(1).txt"`},
		{"UTF-8", `; name="ä"; filename="日本.txt"`, `part "ä" file "日本.txt"`},
		{"filename* beside filename", `; name=a; filename="x"; filename*=utf-8''y`, `part "a" file "x"`},
		{"name* beside name", `; name*=utf-8''b; name=a`, `part "a"`},

		{"none", ``, "ErrNoName"},
		{"no name", `; filename=x`, "ErrNoName"},
		{"two names", `; name=a; name=a`, "ErrManyParameters"},
		{"two file names", `; name=a; filename=x; FILENAME=x`, "ErrManyParameters"},
		{"filename* alone", `; name=a; filename*=utf-8''x`, "ErrExtended"},
		{"a continued filename", `; name=a; filename*0="x"; filename*1="y"`, "ErrExtended"},
		{"name* alone", `; name*=utf-8''x; filename=a`, "ErrExtended"},
		{"no value", `; name`, "ErrParameter"},
		{"an empty token", `; name=`, "ErrParameter"},
		{"an empty token before another", `; name=; filename=x`, "ErrParameter"},
		{"space around =", `; name = a`, "ErrParameter"},
		{"not closed", `; name="a`, "ErrParameter"},
		{"closed by a quoted quote", `; name="a\"`, "ErrParameter"},
		{"text behind", `; name="a"b`, "ErrParameter"},
		{"an empty one between", `;; name=a`, "ErrParameter"},
		{"no semicolon", ` name=a`, "ErrDisposition"},
		{"a name that is no token", `; n@me=a; name=b`, "ErrParameter"},
	} {
		want := tc.want
		for name, err := range map[string]*Error{"ErrNoName": ErrNoName, "ErrManyParameters": ErrManyParameters, "ErrExtended": ErrExtended,
			"ErrParameter": ErrParameter, "ErrDisposition": ErrDisposition} {
			if want == name {
				want = failure(err)
			}
		}
		if !strings.HasPrefix(want, "fail") {
			want += "\nend of part\nend"
		}
		t.Run(tc.why, func(t *testing.T) {
			everyWay(t, &defaults, "--b\r\nContent-Disposition: form-data"+tc.params+"\r\n\r\n\r\n--b--", want)
		})
	}
}

func TestHeads(t *testing.T) {
	const ok = "Content-Disposition: form-data; name=a\r\n"
	for _, tc := range []struct {
		why, head string
		want      *Error
	}{
		{"an empty head", "\r\n", ErrNoDisposition},
		{"no disposition", "Content-Type: text/plain\r\n\r\n", ErrNoDisposition},
		{"another disposition", "Content-Disposition: attachment; name=a\r\n\r\n", ErrDisposition},
		{"two dispositions", ok + ok + "\r\n", ErrRepeatedField},
		{"two types", ok + "Content-Type: a/b\r\ncontent-type: a/b\r\n\r\n", ErrRepeatedField},
		{"base64", ok + "Content-Transfer-Encoding: base64\r\n\r\n", ErrTransfer},
		{"quoted-printable", ok + "Content-Transfer-Encoding: Quoted-Printable\r\n\r\n", ErrTransfer},
		{"binary is nothing", ok + "Content-Transfer-Encoding: Binary\r\n\r\n", nil},
		{"folded", "Content-Disposition: form-data;\r\n name=a\r\n\r\n", ErrFolded},
		{"a space before the first", " " + ok + "\r\n", ErrFolded},
		{"no colon", ok + "X\r\n\r\n", ErrFieldLine},
		{"a space before the colon", ok + "X : 1\r\n\r\n", ErrFieldLine},
		{"no name", ok + ": 1\r\n\r\n", ErrFieldLine},
		{"NUL", ok + "X: a\x00b\r\n\r\n", ErrFieldControl},
		{"CR in a value", ok + "X: a\rb\r\n\r\n", ErrFieldControl},
		{"LF in a value", ok + "X: a\nY: b\r\n\r\n", ErrBareLF},
		{"LF first", "\n" + ok + "\r\n", ErrBareLF},
		{"LF at the end", ok + "X: 1\n\r\n\r\n", ErrBareLF},
		{"an empty value", ok + "X:\r\n\r\n", nil},
		{"tabs and UTF-8", ok + "X: \ta\tä\r\n\r\n", nil},
	} {
		t.Run(tc.why, func(t *testing.T) {
			body := "--b\r\n" + tc.head + "1\r\n--b--"
			if tc.want != nil {
				everyWay(t, &defaults, body, failure(tc.want))
				return
			}
			got := parse("b", &defaults, body)
			if !strings.HasPrefix(got, "part \"a\"") || !strings.HasSuffix(got, "\ndata \"1\"\nend of part\nend") {
				t.Errorf("got %s", got)
			}
			everyWay(t, &defaults, body, got)
		})
	}
}

func TestHeadGet(t *testing.T) {
	var p Parser
	_ = p.Init([]byte("b"), &defaults)
	p.Next([]byte("--b\r\nX-One: 1\r\nx-one: 2\r\n" + part("a")))
	h := p.Head()
	if string(h.Get("X-one")) != "1" || h.Get("none") != nil || h.Len() != 3 || h.ContentType() != nil || h.IsFile() {
		t.Errorf("%s", describe(h))
	}
}

// What one body needed is not kept for those after it, nor can its bytes be reached.
func TestHeadForgets(t *testing.T) {
	lim := Limits{Head: -1, Fields: -1, Name: -1}.WithDefaults()
	var p Parser
	_ = p.Init([]byte("b"), &lim)
	p.Next([]byte("--b\r\n"))
	for _, c := range strings.Repeat("X: y\r\n", 1000) + part(strings.Repeat("%22", 3000)) {
		p.Next([]byte{byte(c)})
	}
	if len(p.Head().Name()) != 3000 || p.Head().Len() != 1001 {
		t.Fatalf("%d fields, name of %d bytes", p.Head().Len(), len(p.Head().Name()))
	}
	p.Reset()
	if p.Head().Name() != nil || cap(p.head.fields) != 0 || cap(p.spill) != 0 || cap(p.head.scratch) > keepScratch {
		t.Errorf("kept: %d fields, %d and %d bytes", cap(p.head.fields), cap(p.spill), cap(p.head.scratch))
	}
}

// A copied head is there when its input is not any more, until the part has ended.
func TestCopyHeads(t *testing.T) {
	var p Parser
	_ = p.Init([]byte("b"), &defaults)
	p.CopyHeads()
	in := []byte("--b\r\nX: y\r\n" + part("name") + "1\r\n--b--")
	ev := p.Next(in)
	rest := string(in[ev.N:])
	for i := range in {
		in[i] = '!'
	}
	in = []byte(rest)
	p.HandleEOF()
	for {
		if got := describe(p.Head()); got != "part \"name\" | X=y" {
			t.Fatalf("the head became %s", got)
		}
		if ev = p.Next(in); ev.Kind == PartEnd {
			break
		}
		in = in[ev.N:]
	}
	if got := describe(p.Head()); got != "part \"name\" | X=y" {
		t.Errorf("with the part's end the head became %s", got)
	}
}
