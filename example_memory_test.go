package ringwire_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/mem"
)

// A page for operators. It is Blocking because asking the loops means waiting for them.
func ExampleServer_Memory() {
	srv := &ringwire.Server{Addr: "127.0.0.1:0"}
	srv.Handler = ringwire.Blocking(ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		_ = w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(srv.Memory())
	}))
	ended := make(chan error)
	go func() { ended <- srv.ListenAndServe() }()

	res, err := http.Get("http://" + srv.Started().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	var m mem.Snapshot
	fmt.Println(json.Unmarshal(text, &m))
	for _, p := range m.Pools {
		if p.Out > 0 {
			fmt.Println(p.Name, p.Out)
		}
	}
	_ = srv.Close()
	fmt.Println(<-ended)
	// Output:
	// <nil>
	// connection state 1
	// exchange 1
	// job 1
	// ringwire: server closed
}
