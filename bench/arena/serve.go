package main

import (
	"bytes"

	"github.com/ringwire/ringwire"

	"github.com/ringwire/ringwire/bench/internal/endpoint"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// serve routes a request: the path decides who answers, then the method whether that path has it.
func (s *sockets) serve(w *ringwire.ResponseWriter, r *ringwire.Request) {
	path := r.PathView()
	switch string(path) {
	case endpoint.Pipeline:
		only(w, r, get, pipeline)
	case endpoint.Baseline:
		only(w, r, getPost, baseline)
	case endpoint.Upload:
		only(w, r, post, upload)
	case websock.EchoPath:
		upgrade(w, r, &echoSocket)
	case websock.FeedPath:
		upgrade(w, r, &s.feed.socket)
	case "/":
		if bytes.EqualFold(r.HeaderView("Upgrade"), []byte("websocket")) {
			upgrade(w, r, &echoSocket) // outside suites look for it here
			return
		}
		only(w, r, getPost, root)
	case "/echo":
		only(w, r, getPost, echo)
	case "/cookie":
		only(w, r, getPost, cookie)
	case "/garden":
		if r.Method() == "OPTIONS" {
			allow(w, anyMethod)
		}
		garden(w, r) // shows every method, OPTIONS too
	case "*": // OPTIONS asks about the server as a whole (RFC 9110 §9.3.7)
		options(w, anyMethod)
	default:
		if count, ok := endpoint.Count(path); ok {
			only(w, r, get, func(w *ringwire.ResponseWriter, r *ringwire.Request) { list(w, r, count) })
			return
		}
		if size, ok := endpoint.Size(path); ok {
			only(w, r, get, func(w *ringwire.ResponseWriter, _ *ringwire.Request) { download(w, size) })
			return
		}
		ringwire.NotFound(w, r)
	}
}

// methods is the value of an Allow field, and with it what a path answers to.
type methods string

const (
	get       methods = "GET, HEAD, OPTIONS"
	post      methods = "POST, OPTIONS"
	getPost   methods = "GET, HEAD, POST, OPTIONS"
	anyMethod methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
)

// only calls h if the path has the request's method, and else answers what methods it has.
func only(w *ringwire.ResponseWriter, r *ringwire.Request, allowed methods, h ringwire.HandlerFunc) {
	switch m := r.Method(); {
	case m == "GET" && allowed != post,
		m == "HEAD" && allowed != post,
		m == "POST" && allowed != get:
		h(w, r)
	case m == "OPTIONS":
		options(w, allowed)
	default:
		ringwire.Error(w, "method not allowed", ringwire.StatusMethodNotAllowed)
		allow(w, allowed)
	}
}

func options(w *ringwire.ResponseWriter, allowed methods) {
	allow(w, allowed)
	w.WriteHeader(ringwire.StatusNoContent)
}

func allow(w *ringwire.ResponseWriter, allowed methods) {
	_ = w.Header().Set("Allow", string(allowed)) // a constant, valid
}

// contentType sets one of this program's constants, which are valid.
func contentType(w *ringwire.ResponseWriter, value string) {
	_ = w.Header().Set("Content-Type", value)
}
