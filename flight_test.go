package ringwire

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// Both drivers tell what they did for a request: it came, it was read, answered, and the
// connection was closed. Nothing of the request or the response is in it.
func TestFlight(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) { _, _ = w.WriteString("answer-secret") })
		p := s.dial()
		p.get("/path-secret?query-secret")
		_ = p.Close()
		s.eventually("it is closed", func(svc *service) bool { return svc.loop.Stats().Open == 0 })
		var f Flight
		s.onLoop(func(*service) { f = s.Flight() }) // also on a loop
		if f.Addr != s.addr || f.Driver != s.DriverInfo() || len(f.Loops) != 1 || time.Since(f.Time) > time.Minute {
			t.Errorf("%+v", f)
		}
		l := &f.Loops[0]
		if l.Loop != 0 || l.State == LoopAsleep || l.Total < uint64(len(l.Records)) || len(l.Records) < 5 {
			t.Errorf("loop %d is %s, %d of %d records", l.Loop, l.State, len(l.Records), l.Total)
		}
		var said strings.Builder
		for _, r := range l.Records {
			op, _, _ := strings.Cut(r.Op, " ")
			said.WriteString(r.Kind + " " + op + "\n")
		}
		want := []string{"cqe accept", "cqe recv", "sqe send", "cqe send", "sqe close", "cqe close"}
		if driver == DriverNetpoll {
			want = []string{"did accept", "did read", "did write", "did read", "did close"}
		}
		rest := said.String()
		for _, line := range want {
			_, after, ok := strings.Cut(rest, line+"\n")
			if !ok {
				t.Errorf("%q is not on record, or not after those before it:\n%s", line, said.String())
			}
			rest = after
		}
		var text bytes.Buffer
		if err := s.WriteFlight(&text); err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if all := text.String() + string(encoded); strings.Contains(all, "secret") {
			t.Errorf("something of a request is in it:\n%s", all)
		}
		for _, want := range []string{s.addr, "driver " + driver, "loop 0: ", " records:\n", "conn=0 "} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%q is not in\n%s", want, text.String())
			}
		}
		for _, want := range []string{`"loops":[{"loop":0,`, `"records":[{"seq":`, `"for_ns":`, `"name":"` + driver + `"`} {
			if !strings.Contains(string(encoded), want) {
				t.Errorf("%q is not in %.300s", want, encoded)
			}
		}
	})
}

// A server that has not started has no loops; one that has ended still knows what it did.
func TestFlightBeforeAndAfter(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		if f := new(Server).Flight(); len(f.Loops) != 0 {
			t.Errorf("%+v", f)
		}
		s := start(t, driver, hello)
		s.dial().get("/")
		_ = s.Close()
		if f := s.Flight(); len(f.Loops) != 1 || len(f.Loops[0].Records) == 0 {
			t.Errorf("%+v", f)
		}
	})
}

func TestFlightRecords(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		for n, want := range map[int]int{-1: 0, 5: 8} {
			s := start(t, driver, hello, func(s *Server) { s.FlightRecords = n })
			p := s.dial()
			for range 10 {
				p.get("/")
			}
			if l := s.Flight().Loops[0]; len(l.Records) > want || want > 0 && l.Total < 10 {
				t.Errorf("FlightRecords is %d: %d of %d records, want %d at most", n, len(l.Records), l.Total, want)
			}
		}
		s := &Server{Handler: HandlerFunc(hello), Config: testConfig(driver)}
		s.FlightRecords = 1<<20 + 1
		if err, ok := as[*ConfigError](s.ListenAndServe()); !ok || err.Field != "FlightRecords" {
			t.Errorf("%v", err)
		}
	})
}

// Whoever looks disturbs nobody: many do while requests are served.
func TestFlightWhileServing(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, func(s *Server) { s.FlightRecords = 64 })
		done := make(chan struct{})
		var readers sync.WaitGroup
		for range 3 {
			readers.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						_ = s.WriteFlight(io.Discard)
					}
				}
			})
		}
		p := s.dial()
		for range 300 {
			p.get("/")
		}
		close(done)
		readers.Wait()
	})
}

// The loops of a dialer record, too.
func TestFlightOfDialer(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		d := &WebSocketDialer{Driver: driver, Logger: testConfig(driver).Logger}
		if f := d.Flight(); len(f.Loops) != 0 {
			t.Errorf("%+v", f)
		}
		s := start(t, driver, func(w *ResponseWriter, r *Request) { _, _ = Upgrade(w, r, nil) }, plain)
		ws, err := d.DialBlocking(t.Context(), "ws://"+s.addr+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := ws.Close(CloseNormal, ""); err != nil {
			t.Error(err)
		}
		var text bytes.Buffer
		_ = d.WriteFlight(&text)
		if f := d.Flight(); len(f.Loops) != 1 || len(f.Loops[0].Records) == 0 || !strings.Contains(text.String(), "loops without a listener") {
			t.Errorf("%+v\n%s", f, text.String())
		}
		_ = d.Close()
	})
}
