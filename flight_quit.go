//go:build unix

package ringwire

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
)

// quitters are the servers that write their flight recorder on SIGQUIT.
var quitters struct {
	mu      sync.Mutex
	servers []*Server
	signals chan os.Signal // nil while there are none
}

// DumpOnQuit has the flight recorder written to standard error when the process gets SIGQUIT (^\ in
// a terminal, kill -QUIT), right before Go writes the stacks of all goroutines and ends the process,
// as it does without. What it returns undoes it. On systems without that signal it does nothing.
//
// A program that handles SIGQUIT itself calls WriteFlight there instead.
func (s *Server) DumpOnQuit() (stop func()) {
	q := &quitters
	q.mu.Lock()
	defer q.mu.Unlock()
	q.servers = append(q.servers, s)
	if q.signals == nil {
		q.signals = make(chan os.Signal, 1)
		signal.Notify(q.signals, syscall.SIGQUIT)
		go awaitQuit(q.signals)
	}
	return sync.OnceFunc(func() { forgetQuitter(s) })
}

func forgetQuitter(s *Server) {
	q := &quitters
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.servers, s); i >= 0 {
		q.servers = slices.Delete(q.servers, i, i+1)
	}
	if len(q.servers) == 0 {
		signal.Stop(q.signals)
		close(q.signals)
		q.signals = nil
	}
}

// awaitQuit writes, and has the signal do what it does without us.
func awaitQuit(signals chan os.Signal) {
	if _, ok := <-signals; !ok {
		return
	}
	quitters.mu.Lock()
	servers := slices.Clone(quitters.servers)
	quitters.mu.Unlock()
	for _, s := range servers {
		f := s.Flight()
		_ = f.write(crashOutput, false) // Go is about to write all stacks
	}
	signal.Reset(syscall.SIGQUIT)
	_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
}
