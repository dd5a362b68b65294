package ringwire_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/ringwire/ringwire"
)

// serveOnce serves h until f has returned.
func serveOnce(h ringwire.Handler, cfg ringwire.Config, f func(url string)) {
	srv := &ringwire.Server{Addr: "127.0.0.1:0", Handler: h, Config: cfg}
	go func() { _ = srv.ListenAndServe() }()
	defer srv.Close()
	f("http://" + srv.Started().String())
	http.DefaultClient.CloseIdleConnections()
}

const exampleForm = "--xyz\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nHolidays\r\n" +
	"--xyz\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"../beach.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n…\r\n--xyz--\r\n"

func postExample(url string) {
	res, err := http.Post(url, "multipart/form-data; boundary=xyz", strings.NewReader(exampleForm))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	_, _ = io.Copy(os.Stdout, res.Body)
}

// A form up to Config.BodyBuffer has arrived whole: its parts are looked at where they lie.
func ExampleRequest_Parts() {
	handler := ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		for part, err := range r.Parts() {
			if err != nil {
				ringwire.Error(w, "not a form", ringwire.StatusBadRequest)
				return
			}
			content, _ := part.View()
			fmt.Fprintf(w, "%s: %d bytes, file %q\n", part.NameView(), len(content), part.FileName())
		}
		fmt.Fprintf(w, "title is %s\n", r.Form("title"))
	})
	serveOnce(handler, ringwire.Config{}, postExample)
	// Output:
	// title: 8 bytes, file ""
	// photo: 3 bytes, file "beach.jpg"
	// title is Holidays
}

// Large uploads stream to files in a Blocking handler, whatever their size, through a few KiB of memory.
func ExampleRequest_Parts_upload() {
	dir, _ := os.MkdirTemp("", "uploads")
	defer os.RemoveAll(dir)
	upload := ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		for part, err := range r.Parts() {
			if err != nil {
				ringwire.Error(w, "not a form", ringwire.StatusBadRequest)
				return
			}
			if part.FileName() == "" {
				continue
			}
			f, err := os.Create(filepath.Join(dir, part.FileName()))
			if err == nil {
				_, err = io.Copy(f, part)
				_ = f.Close()
			}
			if err != nil {
				ringwire.Error(w, "not stored", ringwire.StatusInternalServerError)
				return
			}
		}
		_, _ = w.WriteString("stored\n")
	})
	serveOnce(ringwire.Blocking(upload), ringwire.Config{MaxBody: 10 << 30}, postExample)
	files, _ := os.ReadDir(dir)
	fmt.Println(files)
	// Output:
	// stored
	// [- beach.jpg]
}

// On the loop parts are taken as they arrive, and nothing waits.
func ExampleRequest_StreamParts() {
	count := ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		n := 0
		r.StreamParts(func(part *ringwire.Part, p []byte, err error) {
			switch {
			case part == nil && err != io.EOF:
				ringwire.Error(w, "not a form", ringwire.StatusBadRequest)
			case part == nil:
				fmt.Fprintf(w, "%d bytes in files\n", n)
			case part.IsFile():
				n += len(p)
			}
		})
	})
	serveOnce(count, ringwire.Config{MaxBody: 10 << 30}, postExample)
	// Output: 3 bytes in files
}
