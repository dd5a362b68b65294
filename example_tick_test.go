package ringwire_test

import (
	"fmt"
	"time"

	"github.com/ringwire/ringwire"
)

// world is what a game would compute, and send to those who watch it.
type world struct {
	age  uint64
	sent chan uint64
}

func (w *world) step(n uint64) { w.age += n }

func (w *world) send() {
	if w.age >= 3 {
		select {
		case w.sent <- w.age:
		default: // a tick must not block
		}
	}
}

// A world of 50 Hz.
func ExampleServer_Every() {
	w := &world{sent: make(chan uint64, 1)}
	srv := &ringwire.Server{Addr: "127.0.0.1:0", Handler: ringwire.HandlerFunc(ringwire.NotFound)}
	srv.Every(20*time.Millisecond, func(t *ringwire.Tick) {
		w.step(t.Missed() + 1) // it keeps its pace
		t.Encode()
		w.send()
	})
	ended := make(chan error)
	go func() { ended <- srv.ListenAndServe() }()
	fmt.Println("three steps or more:", <-w.sent >= 3)
	_ = srv.Close()
	fmt.Println(<-ended)
	// Output:
	// three steps or more: true
	// ringwire: server closed
}

// A budget for each phase, two ticks made up for after a stall.
func ExampleServer_NewTicker() {
	srv := &ringwire.Server{Addr: "127.0.0.1:0", Handler: ringwire.HandlerFunc(ringwire.NotFound)}
	ticker, err := srv.NewTicker(ringwire.TickConfig{
		Every:   time.Second / 60,
		Func:    func(t *ringwire.Tick) {},
		CatchUp: 2,
		Budgets: ringwire.Budgets{
			ringwire.PhaseSimulate: 4 * time.Millisecond,
			ringwire.PhaseFlush:    8 * time.Millisecond,
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	st := ticker.Stats()
	fmt.Println(st.Ticks, st.Missed, st.Lateness.Quantile(0.999), st.Phases[ringwire.PhaseSimulate].Over)
	// Output: 0 0 0s 0
}
