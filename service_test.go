package ringwire

import (
	"net/http"
	"testing"
	"time"
)

// The Date is of this second, though it is made only once a second.
func TestDate(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello)
		p := s.dial()
		seen := map[string]bool{}
		for end := time.Now().Add(patience); len(seen) < 3 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			before := time.Now().Truncate(time.Second)
			date := p.get("/").Header.Get("Date")
			after := time.Now()
			at, err := http.ParseTime(date)
			// 10 ms beyond the second: loop time is read once a turn.
			if err != nil || at.Before(before.Add(-10*time.Millisecond).Truncate(time.Second)) || at.After(after) {
				t.Fatalf("Date is %q between %v and %v: %v", date, before.UTC(), after.UTC(), err)
			}
			seen[date] = true
		}
		if len(seen) < 3 {
			t.Errorf("%d different dates in %v", len(seen), patience)
		}
	})
}

func TestOffers(t *testing.T) {
	for _, tc := range []struct {
		field, protocol string
		want            bool
	}{
		{"websocket", "websocket", true},
		{"WebSocket", "websocket", true},
		{"h2c, websocket", "websocket", true},
		{"h2c,\twebsocket ", "websocket", true},
		{"websockets", "websocket", false},
		{"", "websocket", false},
		{"websocket/13", "websocket", false},
	} {
		if got := offers([]byte(tc.field), tc.protocol); got != tc.want {
			t.Errorf("offers(%q, %q) = %v", tc.field, tc.protocol, got)
		}
	}
}
