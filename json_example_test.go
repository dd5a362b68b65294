package ringwire_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/ringwire/ringwire"
)

type order struct {
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

type receipt struct {
	Order order `json:"order"`
	Total int   `json:"total"`
}

func takeOrder(w *ringwire.ResponseWriter, r *ringwire.Request) {
	var in order
	if err := r.JSON(&in); err != nil {
		status := ringwire.StatusBadRequest
		if bad := (*ringwire.JSONError)(nil); errors.As(err, &bad) {
			status = bad.Status
		}
		ringwire.Error(w, "not an order", status)
		return
	}
	if err := w.JSON(&receipt{in, 3 * in.Quantity}); err != nil {
		ringwire.Error(w, "no receipt", ringwire.StatusInternalServerError)
	}
}

func ExampleResponseWriter_JSON() {
	srv := ringwire.Server{Addr: "127.0.0.1:0", Handler: ringwire.HandlerFunc(takeOrder)}
	srv.Logger = slog.New(slog.DiscardHandler)
	ended := make(chan error)
	go func() { ended <- srv.ListenAndServe() }()
	url := "http://" + srv.Started().String()

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, body := range []string{`{"item": "lamp", "quantity": 2}`, `{"item": "lamp"`} {
		res, err := client.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			continue
		}
		answer, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		fmt.Println(res.StatusCode, strings.TrimSpace(string(answer)))
	}
	_ = srv.Close()
	<-ended
	// Output:
	// 200 {"order":{"item":"lamp","quantity":2},"total":6}
	// 400 not an order
}
