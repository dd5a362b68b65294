package multipart

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// The standard library's reader and writer against ours. It is the more tolerant one; what it takes and we refuse:
//
//	bare LF as a line end, in heads and around boundaries: others do not see those lines
//	folded header lines, repeated fields and parameters: which one counts?
//	a part without a name, of another disposition, with a transfer encoding: no form has such
//	filename* alone: a reader that does not know it takes a file for a field
//	whitespace around "=", tokens of RFC 2045 that are none of RFC 9110
//	a boundary's line that goes on: it takes it for content
//	anything after the last boundary, any preamble; ours have limits
//
// What we take it takes, too, and finds the same in it, but for %22, %0D and %0A in names, which it leaves.

// standard is parse with package mime/multipart; an error is written as such.
func standard(boundary, body string) (string, error) {
	var j journal
	r := multipart.NewReader(strings.NewReader(body), boundary)
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			j.note("end")
			return j.String(), nil
		}
		if err != nil {
			return j.String(), err
		}
		s := fmt.Sprintf("part %q", p.FormName())
		if name := p.FileName(); name != "" {
			s += fmt.Sprintf(" file %q", name)
		}
		if t, ok := p.Header["Content-Type"]; ok {
			s += fmt.Sprintf(" type %q", t[0])
		}
		j.note("%s", s)
		data, err := io.ReadAll(p)
		if err != nil {
			return j.String(), err
		}
		j.data.Write(data)
		j.note("end of part")
	}
}

// alike is parse, told as standard does.
func alike(boundary, body string) (string, *Error) {
	var p Parser
	var j journal
	if err := p.Init([]byte(boundary), &defaults); err != nil {
		return "", err
	}
	in := []byte(body)
	p.HandleEOF()
	for {
		ev := p.Next(in)
		in = in[ev.N:]
		switch ev.Kind {
		case Part:
			h := p.Head()
			s := fmt.Sprintf("part %q", asStandard(h.get("name")))
			if name := asStandard(h.get("filename")); name != "" {
				s += fmt.Sprintf(" file %q", filepath.Base(name))
			}
			if h.ContentType() != nil {
				s += fmt.Sprintf(" type %q", h.ContentType())
			}
			j.note("%s", s)
		case Fail:
			return j.String(), ev.Err
		default:
			if !j.event(ev, p.Head()) {
				return j.String(), nil
			}
		}
	}
}

// get is a parameter of the disposition, as it was sent.
func (h *Head) get(name string) (value []byte) {
	_, rest := cutType(h.Get("content-disposition"))
	for s := (params{rest: rest}); s.next(); {
		if is(s.name, name) {
			value = s.value
		}
	}
	return value
}

// asStandard undoes quoted pairs only.
func asStandard(value []byte) string {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) && strings.IndexByte(`()<>@,;:\"/[]?=`, value[i+1]) >= 0 {
			i++
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// What we take the standard library takes, too, with the same parts; and cut anywhere it is the same again.
func FuzzStandard(f *testing.F) {
	one := "--b\r\n" + part("a") + "1\r\n"
	for _, body := range []string{
		"--b--", one + "--b--\r\n", "pre\r\n" + one + one + "--b--\r\nepi", "--b\r\n" + part("a") + "--b--", one + "--b \r\n" + part("a") + "\r\n--\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"a\\\"%22\"; filename=\"C:\\\\x\\(1)\"\r\nContent-Type: text/plain\r\n\r\n\r\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=a; filename=x; filename*=utf-8''y\r\n\r\n\r\n--b--",
		"\n--b\n" + part("a"), one + "--b-\r\n--b--", one + "\r\n--bb\r\n--b--",
	} {
		f.Add(body, uint16(7))
	}
	f.Fuzz(func(t *testing.T, body string, cut uint16) {
		whole := parse("b", &defaults, body)
		if at := int(cut) % (len(body) + 1); parse("b", &defaults, body, at) != whole {
			t.Fatalf("%q is another when cut at %d", body, at)
		}
		a := mem.NewAllocator(mem.Config{})
		defer closeAll(t, a)
		if at := int(cut) % (len(body) + 1); split(a, "b", &defaults, body, at) != whole {
			t.Fatalf("%q is another in Segments with a seam at %d", body, at)
		}
		if !strings.HasSuffix(whole, "end") || strings.Contains(strings.ToLower(body), "name*") {
			return // refused; or in extended notation, which it prefers and we pass over
		}
		got, _ := alike("b", body)
		want, err := standard("b", body)
		if err != nil || got != want {
			t.Errorf("%q: we say\n%s\nmime/multipart says\n%s\n%v", body, got, want, err)
		}
	})
}

// What the standard library writes we read, content and names.
func FuzzStandardWrites(f *testing.F) {
	f.Add("a", "1", "f", "x.txt", "content\r\n--")
	f.Add("q\"\r\n", "", "ä\\", `C:\"`, "")
	f.Fuzz(func(t *testing.T, field, value, name, fileName, content string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		_ = w.WriteField(field, value)
		fw, _ := w.CreateFormFile(name, fileName)
		_, _ = io.WriteString(fw, content)
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="last"`)
		h.Set("X-More", "1")
		_, _ = w.CreatePart(h)
		_ = w.Close()
		if !writable(field) || !writable(name) || !writable(fileName) || max(len(field), len(name), len(fileName)) > 80 {
			return // refused, or beyond a limit
		}
		boundary, err := Boundary([]byte(w.FormDataContentType()))
		if err != nil {
			t.Fatal(err)
		}
		file := fmt.Sprintf(" file %q", browser(fileName))
		want := fmt.Sprintf("part %q\n%send of part\npart %q%s type \"application/octet-stream\"\n%send of part\npart \"last\" | X-More=1\nend of part\nend",
			browser(field), said(value), browser(name), file, said(content))
		if got := parse(string(boundary), &defaults, b.String()); got != want {
			t.Errorf("got\n%s\nwant\n%s\nof %q", got, want, b.String())
		}
	})
}

// browser reads the escapes of names that we take for what browsers write.
func browser(s string) string {
	return strings.NewReplacer("%22", `"`, "%0D", "\r", "%0d", "\r", "%0A", "\n", "%0a", "\n").Replace(s)
}

func said(content string) string {
	if content == "" {
		return ""
	}
	return fmt.Sprintf("data %q\n", content)
}

// What we write the standard library reads, and so do we; its length was known beforehand.
func FuzzWriter(f *testing.F) {
	f.Add("a", "1", "f", "x.txt", "text/plain", "content")
	f.Add("q\"\r\n\\", "", "", "\\", "", "")
	f.Fuzz(func(t *testing.T, field, value, name, fileName, contentType, content string) {
		if strings.Contains(value+"\r\n"+content, "\r\n--b") || strings.HasPrefix(value, "--b") || strings.HasPrefix(content, "--b") {
			return // the boundary was badly chosen
		}
		head := PartHead{Name: name, FileName: fileName, File: true, ContentType: contentType}
		var length Length
		failed := false
		body := written(t, func(w *Writer, a *mem.Allocator) {
			length.Add(PartHead{Name: field}, int64(len(value)))
			length.Add(head, int64(len(content)))
			if w.Field(field, value) != nil || w.Begin(head) != nil {
				failed = true
				return
			}
			_, _ = w.WriteString(content)
			_ = w.Close()
		})
		if failed || max(len(field), len(name), len(fileName), len(contentType)) > 80 {
			return
		}
		if n := length.Total(len("b")); n != int64(len(body)) {
			t.Errorf("%q: %d bytes, Length said %d", body, len(body), n)
		}
		if contentType = strings.Trim(contentType, " \t"); contentType == "" && head.ContentType == "" {
			contentType = "application/octet-stream"
		}
		want := fmt.Sprintf("part %q\n%send of part\npart %q file %q type %q\n%send of part\nend",
			browser(field), said(value), browser(name), browser(fileName), contentType, said(content))
		if got := parse("b", &defaults, body); got != want {
			t.Errorf("we read\n%s\nwant\n%s\nof %q", got, want, body)
		}
		got, _ := alike("b", body)
		if want, err := standard("b", body); err != nil || got != want {
			t.Errorf("mime/multipart reads\n%s\n%v\nwe\n%s\nof %q", want, err, got, body)
		}
	})
}
