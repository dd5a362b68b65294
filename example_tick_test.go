package ringwire_test

import (
	"fmt"
	"time"

	"github.com/ringwire/ringwire"
)

// A world of 50 Hz that ends after three ticks.
func ExampleServer_Every() {
	done := make(chan bool)
	srv := &ringwire.Server{Addr: "127.0.0.1:0", Handler: ringwire.HandlerFunc(ringwire.NotFound)}
	steps := uint64(0)
	srv.Every(20*time.Millisecond, func(t *ringwire.Tick) {
		steps += t.Missed() + 1 // the world keeps its pace
		t.Encode()
		// Here it is written to those who watch it.
		if steps >= 3 && steps == t.N() {
			t.Stop()
			close(done)
		}
	})
	ended := make(chan error)
	go func() { ended <- srv.ListenAndServe() }()
	<-done
	fmt.Println("three steps or more:", steps >= 3)
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
