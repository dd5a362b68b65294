package conn

import (
	"fmt"
	"testing"

	stdtls "crypto/tls"
)

// Sessions that do nothing rest when there are many, wake up in both directions, and are
// counted to their end. Those in use are left alone.
func TestSessionsRest(t *testing.T) {
	r := secureRig(t)
	r.loop.rest.above = 1
	var clients []*client
	var servers []*script
	for range 5 {
		c := r.connect(stdtls.VersionTLS13)
		clients, servers = append(clients, c), append(servers, c.shake())
	}
	talk := func(i int) {
		t.Helper()
		c, s := clients[i], servers[i]
		c.text, s.data = "", nil
		r.recv(c.id, c.seal("ping"))
		s.write("pong")
		r.settle()
		if c.hear(); c.text != "pong" || string(s.data) != "ping" {
			t.Errorf("connection %d: %q was asked, %q answered", i, s.data, c.text)
		}
		s.took()
	}
	awake := func(want string) {
		t.Helper()
		got := ""
		for _, s := range servers {
			got += fmt.Sprint(s.c.sec.pulse != resting, " ")
		}
		if got != want {
			t.Errorf("awake: %s, want %s", got, want)
		}
	}
	awake("true true true true true ")
	for range 8 {
		talk(0)
		r.sleep(restSweep / 2)
	}
	awake("true false false false false ")
	if r.loop.rest.awake != 1 {
		t.Errorf("%d are counted awake", r.loop.rest.awake)
	}
	talk(1)
	talk(2)
	awake("true true true false false ")
	talk(1)
	for i, c := range clients {
		r.recv(c.id, c.bye())
		servers[i].c.Close()
		r.settle()
		if c.hear(); c.end != "close_notify" {
			t.Errorf("connection %d ended with %q", i, c.end)
		}
	}
	if r.loop.rest.awake != 0 {
		t.Errorf("%d are counted awake when all are gone", r.loop.rest.awake)
	}
}

// Few sessions are left alone, and so is the sleep of their loop.
func TestFewSessionsDoNotRest(t *testing.T) {
	r := secureRig(t)
	s := r.connect(stdtls.VersionTLS13).shake()
	r.sleep(3 * trimIdle)
	if s.c.sec.pulse == resting {
		t.Error("the only session rests")
	}
	if r.wake != 0 {
		t.Error("an idle loop wakes up")
	}
}

// What crypto/tls seals does not rest.
func TestStreamsDoNotRest(t *testing.T) {
	r := secureRig(t)
	r.loop.rest.above = 0
	s := r.connect(stdtls.VersionTLS12).shake()
	r.sleep(3 * restSweep)
	if s.c.sec.pulse != stiff || r.loop.rest.awake != 0 {
		t.Errorf("pulse %v, %d awake", s.c.sec.pulse, r.loop.rest.awake)
	}
}
