package h1

import (
	"net/http"
	"strconv"
	"testing"
)

func TestStatusText(t *testing.T) {
	newer := map[int]string{ // where net/http keeps older phrases, or lacks one
		104: "Upload Resumption Supported", 413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content",
	}
	for status := -1; status < 1100; status++ {
		want, ok := newer[status]
		if !ok {
			want = http.StatusText(status)
		}
		if got := StatusText(status); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
		if want != "" {
			if line := statusLines[status]; line != "HTTP/1.1 "+strconv.Itoa(status)+" "+want+"\r\n" {
				t.Errorf("%d: %q", status, line)
			}
		}
	}
}
