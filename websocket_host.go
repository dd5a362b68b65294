package ringwire

import (
	"fmt"
	"log/slog"
	"net/netip"
	"sync"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/ws"
)

// wsHost is what the WebSockets of a loop have in common, a server's or a client's.
type wsHost struct {
	loop    *conn.Loop
	log     *slog.Logger
	account *mem.Account // messages that are gathered
	shared  *mem.Account // messages on their way from and to other goroutines
	codecs  *ws.Codecs
	tasks   *mem.Pool[wsTask]
	users   *users
	topics  *topicPools // nil until somebody subscribes
	stats   WebSocketStats
}

// newTasks makes the pool that functions given to Post travel in.
func newTasks(heap bool) *mem.Pool[wsTask] {
	return mem.NewPool(mem.PoolConfig[wsTask]{
		Name:   "websocket task",
		Reset:  func(t *wsTask) { *t = wsTask{} },
		Shared: true,
		Heap:   heap,
	})
}

// logPanic reports a callback's panic.
func (h *wsHost) logPanic(remote netip.AddrPort, v any, stack []byte) {
	if v == ErrAbortHandler {
		return
	}
	h.log.Error("ringwire: websocket callback panicked", "remote", remote.String(), "panic", fmt.Sprint(v), "stack", string(stack))
}

// users are the goroutines that may still use the shared memory after the loops have ended.
type users struct {
	mu   sync.Mutex
	n    int
	last func() // called when n has become 0
}

func (u *users) add() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.n++
}

func (u *users) done() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.n--; u.n == 0 && u.last != nil {
		u.last()
	}
}

// wait has f called when there are none, at once if that is so now. All loops have ended.
func (u *users) wait(f func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last = f; u.n == 0 {
		f()
	}
}
