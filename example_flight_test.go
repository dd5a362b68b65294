package ringwire_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/ringwire/ringwire"
)

func ExampleServer_WriteFlight() {
	srv := &ringwire.Server{Addr: "127.0.0.1:0"}
	srv.Handler = ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		if err := srv.WriteFlight(w); err != nil {
			ringwire.Error(w, err.Error(), ringwire.StatusInternalServerError)
		}
	})
	defer srv.DumpOnQuit()()
	srv.Logger = slog.New(slog.DiscardHandler)
	go srv.ListenAndServe()
	defer srv.Close()

	res, err := http.Get("http://" + srv.Started().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	fmt.Println(strings.HasPrefix(string(text), "ringwire: flight recorder of 127.0.0.1:"))
	fmt.Println(strings.Contains(string(text), "in a handler, handler github.com/ringwire/ringwire_test.ExampleServer_WriteFlight.func1"))
	// Output:
	// true
	// true
}
