package multipart_test

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/multipart"
)

const body = "--xyz\r\n" +
	"Content-Disposition: form-data; name=\"title\"\r\n\r\n" +
	"Report\r\n" +
	"--xyz\r\n" +
	"Content-Disposition: form-data; name=\"file\"; filename=\"../report.txt\"\r\n" +
	"Content-Type: text/plain\r\n\r\n" +
	"line 1\r\nline 2\r\n" +
	"--xyz--\r\n"

// A body comes in pieces of any size.
func ExampleParser() {
	lim := multipart.Limits{}.WithDefaults()
	boundary, bad := multipart.Boundary([]byte("multipart/form-data; boundary=xyz"))
	if bad != nil {
		fmt.Println(bad.Status, bad)
		return
	}
	var p multipart.Parser
	_ = p.Init(boundary, &lim)
	next := func(in []byte) (going bool) {
		for {
			ev := p.Next(in)
			in = in[ev.N:]
			switch ev.Kind {
			case multipart.NeedMore:
				return true
			case multipart.Part:
				h := p.Head()
				fmt.Printf("%s, file %v %q\n", h.Name(), h.IsFile(), multipart.BaseName(h.FileName()))
			case multipart.Data:
				fmt.Printf("  %q\n", ev.Data)
			case multipart.Fail:
				fmt.Println(ev.Err)
				return false
			case multipart.End:
				fmt.Println("complete")
				return false
			}
		}
	}
	next([]byte(body[:150]))
	next([]byte(body[150:]))
	p.HandleEOF()
	next(nil)
	// Output:
	// title, file false ""
	//   "Report"
	// file, file true "report.txt"
	//   "line 1\r\nline 2"
	// complete
}

// The content of a body in leases moves on in the same leases.
func ExampleSplitter() {
	a := mem.NewAllocator(mem.Config{})
	var in, content mem.Segments
	in.Init(a)
	content.Init(a)
	in.AppendCopy([]byte(body))

	lim := multipart.Limits{}.WithDefaults()
	var s multipart.Splitter
	_ = s.Init(a, []byte("xyz"), &lim)
	s.HandleEOF()
	for {
		switch ev := s.Next(&in, &content); ev.Kind {
		case multipart.PartEnd:
			text, _ := io.ReadAll(&content)
			fmt.Printf("%q\n", text)
		case multipart.Fail, multipart.End:
			s.Release()
			fmt.Println(ev.Err, a.Close())
			return
		}
	}
	// Output:
	// "Report"
	// "line 1\r\nline 2"
	// <nil> <nil>
}

// A file is read piece by piece, and each is sent before the next.
func ExampleWriter() {
	a := mem.NewAllocator(mem.Config{})
	var out mem.Writer
	out.Init(a, 4096)

	var w multipart.Writer
	_ = w.Init(&out, "xyz") // crypto/rand.Text(), in earnest
	_ = w.Field("title", "Report")
	_ = w.Begin(multipart.PartHead{Name: "file", FileName: "report.txt", ContentType: "text/plain"})
	file := strings.NewReader("line 1\nline 2")
	for err := error(nil); err == nil; {
		_, err = w.ReadOnce(file, 64<<10)
		_, _ = out.Segments().WriteTo(printer{})
	}
	_ = w.Close()
	_, _ = out.Segments().WriteTo(printer{})
	// Output:
	// --xyz
	// Content-Disposition: form-data; name="title"
	//
	// Report
	// --xyz
	// Content-Disposition: form-data; name="file"; filename="report.txt"
	// Content-Type: text/plain
	//
	// line 1
	// line 2
	// --xyz--
}

// printer is a connection whose line ends do not show.
type printer struct{}

func (printer) Write(p []byte) (int, error) {
	_, err := os.Stdout.WriteString(strings.ReplaceAll(string(p), "\r\n", "\n"))
	return len(p), err
}

func ExampleLength() {
	var l multipart.Length
	l.Add(multipart.PartHead{Name: "title"}, int64(len("Report")))
	l.Add(multipart.PartHead{Name: "file", FileName: "big.bin"}, 10<<30)
	fmt.Println(l.Total(len("xyz")))
	// Output: 10737418428
}

func ExampleBaseName() {
	for _, name := range []string{"photo.jpg", `C:\Users\me\photo.jpg`, "../../etc/passwd", ".."} {
		fmt.Printf("%q ", multipart.BaseName([]byte(name)))
	}
	// Output: "photo.jpg" "photo.jpg" "passwd" ""
}
