package h1

import (
	"net/http"
	"testing"
	"time"
)

func TestAppendDate(t *testing.T) {
	times := []int64{784111777, 0, -1, 86399, 86400, 951782399, 951782400, 951868800, 4107542399, 4107542400, 253402300799, -62167219200, 1 << 31}
	for s := int64(-62167219200); s <= 253402300799; s += 86400*29 + 3671 { // every month of every year, and every hour
		times = append(times, s)
	}
	for _, s := range times {
		want := time.Unix(s, 0).UTC().Format(http.TimeFormat)
		if got := string(AppendDate(nil, s)); got != want {
			t.Fatalf("%d: %q, want %q", s, got, want)
		}
	}
	if got := string(AppendDate([]byte("Date: "), 784111777)); got != "Date: Sun, 06 Nov 1994 08:49:37 GMT" {
		t.Errorf("RFC 9110 §5.6.7's example: %q", got)
	}
}

func TestAppendDateClamps(t *testing.T) {
	if got := string(AppendDate(nil, 1<<62)); got != "Fri, 31 Dec 9999 23:59:59 GMT" {
		t.Errorf("got %q", got)
	}
	if got := string(AppendDate(nil, -1<<62)); got != "Sat, 01 Jan 0000 00:00:00 GMT" {
		t.Errorf("got %q", got)
	}
}

func TestAppendDateDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 29)
	if n := testing.AllocsPerRun(100, func() { buf = AppendDate(buf[:0], 784111777) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendDate(b *testing.B) {
	buf := make([]byte, 0, 29)
	for b.Loop() {
		buf = AppendDate(buf[:0], 784111777)
	}
}
