package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringwire/ringwire/conn/conntest/sim"
)

// Spec says which run to make. Its text, "seed=7 conns=3,9-12 steps=2 without=late,reset", is what a failure
// prints and what replays it.
type Spec struct {
	Seed    uint64
	Conns   []int    // which of the seed's connections there are; nil = all
	Steps   int      // requests or messages of one connection at most; 0 = all
	Without []string // of Faults, those that do not happen

	All int // how many connections the seed has; 0 = DefaultConns, or, with TLS, SecureConns
}

// DefaultConns are the connections of a run.
const DefaultConns = 1000

// SecureConns are the connections of a run with TLS, where each takes longer. There are the more of them.
const SecureConns = 250

// secure tells whether a seed's world speaks TLS.
func (s *Spec) secure() bool { return s.Seed%7 == 2 }

// Faults are the names of what can go wrong, but for what clients do.
var Faults = []string{"short-read", "short-write", "stall", "late", "afterwards", "accept", "reset", "overflow", "race", "delay", "shutdown", "stop", "window", "tls", "deflate"}

func (s Spec) String() string {
	text := fmt.Sprintf("seed=%d", s.Seed)
	if s.All != 0 {
		text += fmt.Sprintf(" of=%d", s.All)
	}
	if s.Conns != nil {
		text += " conns=" + rangesOf(s.Conns)
	}
	if s.Steps != 0 {
		text += fmt.Sprintf(" steps=%d", s.Steps)
	}
	if len(s.Without) > 0 {
		text += " without=" + strings.Join(s.Without, ",")
	}
	return text
}

// ParseSpec reads the text of a Spec.
func ParseSpec(text string) (s Spec, err error) {
	for _, field := range strings.Fields(text) {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "seed":
			s.Seed, err = strconv.ParseUint(value, 0, 64)
		case "of":
			s.All, err = strconv.Atoi(value)
		case "steps":
			s.Steps, err = strconv.Atoi(value)
		case "conns":
			s.Conns, err = parseRanges(value)
		case "without":
			s.Without = strings.Split(value, ",")
			for _, f := range s.Without {
				if !slices.Contains(Faults, f) {
					return s, fmt.Errorf("world: no fault is called %q: there are %s", f, strings.Join(Faults, ", "))
				}
			}
		default:
			return s, fmt.Errorf("world: %q is no part of a run", field)
		}
		if err != nil {
			return s, fmt.Errorf("world: %s: %w", field, err)
		}
	}
	return s, nil
}

func (s *Spec) has(fault string) bool { return !slices.Contains(s.Without, fault) }

// conns are the numbers of the run's connections.
func (s *Spec) conns() []int {
	if s.Conns != nil {
		return s.Conns
	}
	n := s.All
	if n == 0 {
		if n = DefaultConns; s.secure() {
			n = SecureConns
		}
	}
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func rangesOf(list []int) string {
	var text []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if i == j {
			text = append(text, strconv.Itoa(list[i]))
		} else {
			text = append(text, fmt.Sprintf("%d-%d", list[i], list[j]))
		}
		i = j + 1
	}
	return strings.Join(text, ",")
}

func parseRanges(text string) (list []int, err error) {
	list = []int{}
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, err := strconv.Atoi(from)
		last := first
		if isRange && err == nil {
			last, err = strconv.Atoi(to)
		}
		if err != nil {
			return nil, err
		}
		if first < 0 || last-first > 1<<20 {
			return nil, fmt.Errorf("%q is out of range", part)
		}
		for ; first <= last; first++ {
			list = append(list, first)
		}
	}
	return list, nil
}

// Plan is what the seed says about the world.
type Plan struct {
	Faults sim.Faults
	Window int
	Delay  time.Duration

	// How the server is to be tuned.
	ReadHeaderTimeout, IdleTimeout, WriteTimeout time.Duration
	MaxConns                                     int // 0 = no limit
	BodyBuffer                                   int
	MaxBody                                      int64

	TLS              bool // whether it secures its connections
	HandshakeTimeout time.Duration

	// And its WebSockets.
	Deflate                                              *Deflate // nil: it compresses nothing
	PingEvery, PongTimeout, MessageTimeout, CloseTimeout time.Duration

	span   time.Duration // in which clients come
	shutAt time.Duration // when the server is shut down, 0 = not
	stopAt time.Duration // when its loop is stopped, 0 = not
}

// longest is how long an answer may be: through a small window it takes its time, and who reads too slowly
// is cut off by the write timeout.
func (p *Plan) longest() int { return min(100_000, 20*p.Window) }

// plan makes it: the same for every subset of the connections.
func (s *Spec) plan() *Plan {
	r := newRand(s.Seed, 0)
	rate := func(fault string, most int) int {
		n := r.IntN(most + 1)
		if r.IntN(3) == 0 || s.Seed%4 == 0 || !s.has(fault) {
			return 0
		}
		return n
	}
	p := &Plan{BodyBuffer: 2000, MaxBody: 100_000}
	p.Faults = sim.Faults{
		ShortRead: rate("short-read", 400), ShortWrite: rate("short-write", 400), Stall: rate("stall", 150),
		Late: rate("late", 150), Afterwards: rate("afterwards", 700), Accept: rate("accept", 150),
		Overflow: rate("overflow", 100), Race: rate("race", 800),
	}
	if reset := 1 + r.IntN(10); s.Seed%3 == 0 && s.has("reset") {
		p.Faults.Reset = reset
	}
	p.Delay = time.Duration(rate("delay", 20)) * time.Millisecond
	p.Window = []int{300, 4096, 16 << 10, 64 << 10}[r.IntN(4)]
	if !s.has("window") {
		p.Window = 64 << 10
	}
	p.ReadHeaderTimeout = time.Duration(1+r.IntN(10)) * time.Second
	p.IdleTimeout = time.Duration(1+r.IntN(30)) * time.Second
	p.WriteTimeout = time.Duration(3+r.IntN(10)) * time.Second
	p.TLS = s.secure() && s.has("tls")
	p.HandshakeTimeout = p.ReadHeaderTimeout + 3*time.Second
	p.PingEvery, p.PongTimeout = p.IdleTimeout, p.WriteTimeout
	p.MessageTimeout = p.ReadHeaderTimeout + 20*time.Second // a message passes through the smallest window in less
	p.CloseTimeout = p.WriteTimeout + 10*time.Second        // and what lies before a Close
	if r.IntN(6) == 0 {
		p.MaxConns = 50
	}
	p.span = []time.Duration{time.Millisecond, time.Second, 10 * time.Second}[r.IntN(3)]
	at := time.Duration(1 + r.Int64N(int64(p.span+5*time.Second)))
	switch r.IntN(4) {
	case 0:
		if s.has("shutdown") {
			p.shutAt = at
		}
	case 1:
		if s.has("stop") && r.IntN(3) == 0 {
			p.stopAt = at
		}
	}
	if s.has("deflate") {
		z := newRand(s.Seed, 1<<36)
		p.Deflate = &Deflate{KeepContext: z.IntN(3) > 0, Threshold: []int{1, 0, 1000}[z.IntN(3)], Level: z.IntN(4)}
	}
	return p
}
