// Package stdroutes serves the profiles' endpoints as net/http handlers on a ServeMux, the way the standard library's
// documentation shows them. The peers that take an http.Handler share it.
package stdroutes

import (
	"io"
	"net/http"
	"strconv"

	"github.com/ringwire/ringwire/bench/internal/dataset"
	"github.com/ringwire/ringwire/bench/internal/endpoint"
	"github.com/ringwire/ringwire/bench/internal/payload"
)

// Handler returns the endpoints. With setLength the handlers set Content-Length themselves; net/http finds the length
// of a short body by itself, other servers fall back to chunked framing.
func Handler(setLength bool) http.Handler {
	rt := routes{setLength}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+endpoint.Pipeline, rt.pipeline)
	mux.HandleFunc("GET "+endpoint.Baseline, rt.baseline)
	mux.HandleFunc("POST "+endpoint.Baseline, rt.baseline)
	mux.HandleFunc("GET "+endpoint.JSONPrefix+"{count}", rt.list)
	mux.HandleFunc("GET "+endpoint.BytesPrefix+"{size}", rt.download)
	mux.HandleFunc("POST "+endpoint.Upload, rt.upload)
	return mux
}

type routes struct{ setLength bool }

func (rt routes) pipeline(w http.ResponseWriter, _ *http.Request) {
	rt.head(w, endpoint.Text, len(endpoint.OK))
	io.WriteString(w, endpoint.OK)
}

func (rt routes) baseline(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	sum := endpoint.Int(query.Get("a")) + endpoint.Int(query.Get("b"))
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		sum += endpoint.Int(body)
	}
	rt.number(w, int64(sum))
}

func (rt routes) list(w http.ResponseWriter, r *http.Request) {
	count, ok := endpoint.Count(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	buf := dataset.GetBuffer()
	defer dataset.PutBuffer(buf)
	body := dataset.AppendJSON(*buf, count, endpoint.Multiplier(r.URL.Query().Get("m")))
	routes{setLength: true}.head(w, endpoint.JSON, len(body)) // longer than what net/http buffers
	w.Write(body)
}

func (rt routes) download(w http.ResponseWriter, r *http.Request) {
	n, ok := endpoint.Size(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	routes{setLength: true}.head(w, endpoint.Blob, n)
	w.Write(payload.Bytes(n))
}

func (rt routes) upload(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	rt.number(w, n)
}

func (rt routes) number(w http.ResponseWriter, n int64) {
	body := strconv.FormatInt(n, 10)
	rt.head(w, endpoint.Text, len(body))
	io.WriteString(w, body)
}

func (rt routes) head(w http.ResponseWriter, contentType string, n int) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	if rt.setLength {
		h.Set("Content-Length", strconv.Itoa(n))
	}
}
