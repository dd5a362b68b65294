//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/ringwire/ringwire/bench/internal/histogram"
	"github.com/ringwire/ringwire/bench/internal/loadresult"
)

// upload sends conns bodies of size bytes at once, on a connection each, and checks that the server counted them.
type upload struct {
	target  netip.AddrPort
	path    string
	conns   int
	size    int64
	chunked bool
}

const (
	uploadLimit = 2 * time.Minute
	pieceSize   = 64 << 10
)

func (u *upload) run() (loadresult.Result, error) {
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex // guards what follows
		result  loadresult.Result
		latency histogram.Histogram
		failed  error
	)
	start := time.Now()
	from := newSources(u.target)
	for range u.conns {
		dialer := from.dialer()
		wg.Go(func() {
			err := u.one(dialer)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				if result.Errors++; failed == nil {
					failed = err
					result.FirstError = err.Error()
				}
				return
			}
			result.Requests++
			result.Bytes += u.size
			latency.Record(time.Since(start))
		})
	}
	wg.Wait()
	result.Seconds = time.Since(start).Seconds()
	result.Connections = int64(u.conns)
	result.P50, result.P99, result.P999 = latency.Percentile(50), latency.Percentile(99), latency.Percentile(99.9)
	if result.Requests == 0 {
		return result, fmt.Errorf("no upload succeeded: %w", failed)
	}
	return result, nil
}

// one makes a single upload.
func (u *upload) one(dialer *net.Dialer) error {
	conn, err := dialer.Dial("tcp4", u.target.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(uploadLimit))
	if err := u.send(conn); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return fmt.Errorf("read response: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read response: %w", err)
	}
	if resp.StatusCode != http.StatusOK || string(body) != strconv.FormatInt(u.size, 10) {
		return fmt.Errorf("status %d, body %.80q, want 200 and %d", resp.StatusCode, body, u.size)
	}
	return nil
}

var piece [pieceSize]byte

func (u *upload) send(w io.Writer) error {
	framing := fmt.Sprintf("Content-Length: %d", u.size)
	if u.chunked {
		framing = "Transfer-Encoding: chunked"
	}
	if _, err := fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: %s\r\n%s\r\n\r\n", u.path, u.target, framing); err != nil {
		return err
	}
	chunk := fmt.Appendf(nil, "%x\r\n%s\r\n", pieceSize, piece[:])
	for left := u.size; left > 0; {
		n := min(left, pieceSize)
		out := piece[:n]
		if u.chunked {
			out = chunk
			if n < pieceSize {
				out = fmt.Appendf(nil, "%x\r\n%s\r\n", n, piece[:n])
			}
		}
		if _, err := w.Write(out); err != nil {
			return fmt.Errorf("send body: %w", err)
		}
		left -= n
	}
	if u.chunked {
		_, err := io.WriteString(w, "0\r\n\r\n")
		return err
	}
	return nil
}
