package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// suite plays a suite of four cases, on gorilla.
type suite struct {
	t  *testing.T
	up websocket.Upgrader

	mu  sync.Mutex
	log []string

	refuses string // a case that gets no 101
	holds   string // a case that never ends
	big     int    // bytes of a message
}

// said notes a step.
func (s *suite) said(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, fmt.Sprintf(format, args...))
}

// steps are what was noted.
func (s *suite) steps() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

func (s *suite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number := r.FormValue("case")
	if number != "" && number == s.refuses {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	c, err := s.up.Upgrade(w, r, nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	switch r.URL.Path {
	case "/getCaseCount":
		c.WriteMessage(websocket.TextMessage, []byte("4"))
	case "/runCase":
		s.said("case %s of %s", number, r.FormValue("agent"))
		if number == s.holds {
			c.ReadMessage()
			return
		}
		s.run(c, number)
	case "/updateReports":
		s.said("reports of %s", r.FormValue("agent"))
	}
	c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
	c.ReadMessage() // the client's Close
}

// run is a case: 1 and 2 want echoes, a long one among them, 3 breaks the protocol, 4 drops the connection.
func (s *suite) run(c *websocket.Conn, number string) {
	c.EnableWriteCompression(number == "2")
	switch number {
	case "1":
		s.echoed(c, websocket.TextMessage, "h\u00e9llo")
		s.echoed(c, websocket.TextMessage, "")
		s.echoed(c, websocket.BinaryMessage, strings.Repeat("x", s.big))
	case "2":
		s.echoed(c, websocket.TextMessage, strings.Repeat("again and ", 1000))
	case "3":
		c.NetConn().Write([]byte{0x83, 0}) // a kind of message that does not exist (RFC 6455 §5.2)
		if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseProtocolError) {
			s.t.Errorf("an unknown opcode: %v, want a Close with 1002", err)
		}
	case "4":
		c.Close()
	}
}

func (s *suite) echoed(c *websocket.Conn, kind int, want string) {
	c.WriteMessage(kind, []byte(want))
	if got, p, err := c.ReadMessage(); err != nil || got != kind || string(p) != want {
		s.t.Errorf("%d bytes of kind %d are echoed as %d of kind %d, %v", len(want), kind, len(p), got, err)
	}
}

// play runs the client against the suite.
func (s *suite) play(t *testing.T, args ...string) (code int, stdout, stderr string) {
	s.t = t
	s.up.EnableCompression = true
	srv := httptest.NewServer(s)
	defer srv.Close()
	var out, errs bytes.Buffer
	args = append([]string{"-url", "ws" + strings.TrimPrefix(srv.URL, "http") + "/"}, args...)
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

var everything = []string{"case 1 of a b", "case 2 of a b", "case 3 of a b", "case 4 of a b", "reports of a b"}

func TestRun(t *testing.T) {
	for _, args := range [][]string{
		{"-agent", "a b"},
		{"-agent", "a b", "-driver", "netpoll", "-loops", "2"},
		{"-agent", "a b", "-blocking"},
	} {
		t.Run(strings.Join(args[2:], " "), func(t *testing.T) {
			s := suite{big: 16 << 20} // the longest of Autobahn's
			code, stdout, stderr := s.play(t, args...)
			if code != 0 || stdout != "4 cases\n" || stderr != "" {
				t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
			}
			if got := s.steps(); !slices.Equal(got, everything) {
				t.Errorf("the suite was asked for %q, want %q", got, everything)
			}
		})
	}
}

// One case that does not run keeps neither the others nor the reports from coming.
func TestCaseThatDoesNotRun(t *testing.T) {
	for _, blocking := range []string{"-blocking=false", "-blocking"} {
		s := suite{refuses: "2", holds: "3"}
		code, stdout, stderr := s.play(t, "-agent", "a b", "-patience", "3s", blocking)
		if code != 1 || !strings.Contains(stderr, "2 cases did not run") {
			t.Errorf("%s: exit code %d, stderr %q", blocking, code, stderr)
		}
		if !strings.Contains(stdout, "case 2: ") || !strings.Contains(stdout, "503") || !strings.Contains(stdout, "case 3: context deadline exceeded") {
			t.Errorf("%s: stdout %q, want why", blocking, stdout)
		}
		steps := s.steps()
		if last := steps[len(steps)-1]; last != "reports of a b" {
			t.Errorf("%s: the suite was last asked for %q", blocking, last)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-url", "http://127.0.0.1:1"}, 1, "getCaseCount"},
		{[]string{"-driver", "nonsense"}, 1, "Driver"},
		{[]string{"-nonsense"}, 2, "nonsense"},
		{[]string{"-h"}, 0, "-agent"},
	} {
		var stderr bytes.Buffer
		if code := run(t.Context(), c.args, io.Discard, &stderr); code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: exit code %d, stderr %q, want %d and %q", c.args, code, stderr.String(), c.code, c.want)
		}
	}
}
