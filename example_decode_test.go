package ringwire_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/ringwire/ringwire"
)

// A handler that takes compressed bodies. It says nothing to one that cannot be decoded: the client is
// told so all the same.
func ExampleBody_Decode() {
	srv := &ringwire.Server{
		Addr: "127.0.0.1:0",
		Handler: ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
			if err := r.Body.Decode(); err != nil {
				return
			}
			p, err := r.Body.View()
			if err != nil {
				return
			}
			fmt.Fprintf(w, "%d bytes: %s", len(p), p)
		}),
		Config: ringwire.Config{Logger: slog.New(slog.DiscardHandler)},
	}
	go srv.ListenAndServe()
	defer srv.Close()
	url := "http://" + srv.Started().String()

	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	io.WriteString(z, "hello, hello, hello")
	z.Close()
	for _, p := range [][]byte{body.Bytes(), []byte("not gzip")} {
		req, _ := http.NewRequest("POST", url, bytes.NewReader(p))
		req.Header.Set("Content-Encoding", "gzip")
		req.Close = true
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		answer, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Printf("%d %s\n", res.StatusCode, answer)
	}
	// Output:
	// 200 19 bytes: hello, hello, hello
	// 400 the body is not what its Content-Encoding says, or was damaged: send it again
}
