package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ringwire/ringwire/internal/guest"
	"github.com/ringwire/ringwire/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// events are those among the lines of b.
func events(b *bytes.Buffer) (list []guest.Event) {
	for line := range strings.Lines(b.String()) {
		if e, ok := guest.Parse(line); ok {
			list = append(list, e)
		}
	}
	return list
}

func TestLoad(t *testing.T) {
	var out bytes.Buffer
	if err := load(&out, size{clients: 4, requests: 13, messages: 13, churn: 8}); err != nil {
		t.Fatal(err)
	}
	list := events(&out)
	if len(list) != 1 || list[0].Fact == nil || !strings.HasPrefix(list[0].Fact.Value, "112 answers ") {
		t.Errorf("reported %+v, want 4 × 13 + 4 × 13 + 8 answers", list)
	}
}

// A load that does not look at what comes back would prove nothing.
func TestLoadNotices(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a wrong byte": func(w http.ResponseWriter, r *http.Request) {
			p, _ := io.ReadAll(r.Body)
			p[len(p)-1]++
			_, _ = w.Write(p)
		},
		"a missing byte": func(w http.ResponseWriter, r *http.Request) {
			p, _ := io.ReadAll(r.Body)
			_, _ = w.Write(p[1:])
		},
		"an error": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) },
	} {
		srv := httptest.NewServer(h)
		var done atomic.Int64
		if err := requests(srv.Listener.Addr().String(), 0, 1, &done); err == nil || done.Load() != 0 {
			t.Errorf("%s: got %v after %d answers, want an error", name, err, done.Load())
		}
		srv.Close()
	}
}

// No two of neighbouring clients and messages are alike, and each length comes up.
func TestPayload(t *testing.T) {
	seen, lengths := map[string]bool{}, map[int]bool{}
	for i := range 4 {
		for k := range 12 {
			p := payload(nil, i, k)
			lengths[len(p)] = true
			if len(p) > 1 && seen[string(p)] {
				t.Errorf("client %d, message %d is one of before", i, k)
			}
			seen[string(p)] = true
		}
	}
	if len(lengths) != 12 {
		t.Errorf("%d lengths, want 12", len(lengths))
	}
}
