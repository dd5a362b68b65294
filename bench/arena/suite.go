package main

import (
	"bytes"
	"encoding/base64"
	"io"

	"github.com/ringwire/ringwire"

	"github.com/ringwire/ringwire/bench/internal/endpoint"
)

// What outside suites and clients ask for. They care for bytes, not for speed.

const greeting = "ringwire arena\n"

// root greets, or sends a body back as it comes.
func root(w *ringwire.ResponseWriter, r *ringwire.Request) {
	if r.Method() != "POST" {
		contentType(w, endpoint.Text)
		_, _ = w.WriteString(greeting)
		return
	}
	contentType(w, "application/octet-stream")
	if n := r.Body.Len(); n >= 0 {
		w.SetContentLength(n)
	}
	r.Body.Stream(func(p []byte, _ error) { _, _ = w.Write(p) })
}

// echo lists the request's fields, one "Name: value" a line.
func echo(w *ringwire.ResponseWriter, r *ringwire.Request) {
	contentType(w, endpoint.Text)
	for name, value := range r.Headers() {
		line(w, name, ": ", value)
	}
}

// cookie lists the request's cookie pairs, one "name=value" a line.
func cookie(w *ringwire.ResponseWriter, r *ringwire.Request) {
	contentType(w, endpoint.Text)
	for name, value := range r.Headers() {
		if !bytes.EqualFold(name, []byte("Cookie")) {
			continue
		}
		for pair := range bytes.SplitSeq(value, []byte(";")) {
			if name, value, ok := bytes.Cut(bytes.TrimSpace(pair), []byte("=")); ok {
				line(w, name, "=", value)
			}
		}
	}
}

func line(w *ringwire.ResponseWriter, name []byte, sep string, value []byte) {
	_, _ = w.Write(name)
	_, _ = w.WriteString(sep)
	_, _ = w.Write(value)
	_, _ = w.WriteString("\n")
}

// garden is the request as it was understood, as one JSON object of base64 strings. The body comes last, for it may
// still be arriving.
func garden(w *ringwire.ResponseWriter, r *ringwire.Request) {
	contentType(w, endpoint.JSON)
	_, _ = w.WriteString(`{"headers":[`)
	sep := ""
	for name, value := range r.Headers() {
		_, _ = w.WriteString(sep + "[")
		quote(w, name)
		_, _ = w.WriteString(",")
		quote(w, value)
		_, _ = w.WriteString("]")
		sep = ","
	}
	_, _ = w.WriteString(`],"method":`)
	quote(w, []byte(r.Method()))
	_, _ = w.WriteString(`,"version":`)
	quote(w, append([]byte("HTTP/1."), '0'+byte(r.ProtoMinor())))
	_, _ = w.WriteString(`,"uri":`)
	quote(w, r.TargetView())
	_, _ = w.WriteString(`,"body":"`)
	body := base64.NewEncoder(base64.StdEncoding, w)
	r.Body.Stream(func(p []byte, err error) {
		_, _ = body.Write(p)
		if err == io.EOF {
			_ = body.Close()
			_, _ = w.WriteString(`"}`)
		}
	})
}

func quote(w *ringwire.ResponseWriter, p []byte) {
	_, _ = w.WriteString(`"`)
	_, _ = w.WriteString(base64.StdEncoding.EncodeToString(p))
	_, _ = w.WriteString(`"`)
}
