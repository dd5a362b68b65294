package fixed

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"
)

func TestResponsesAreHTTP(t *testing.T) {
	for _, n := range []int{0, 1, 2, Batch, Batch + 1} {
		r := bufio.NewReader(bytes.NewReader(Responses(n)))
		for i := range min(n, Batch) {
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatalf("response %d of %d: %v", i, n, err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != "ok" || resp.StatusCode != 200 {
				t.Fatalf("response %d of %d: status %d, body %q, %v", i, n, resp.StatusCode, body, err)
			}
		}
		if rest, _ := io.ReadAll(r); len(rest) != 0 {
			t.Errorf("%d bytes after %d responses", len(rest), n)
		}
	}
}
