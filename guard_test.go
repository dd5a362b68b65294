package ringwire

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/mem"
)

// keeper is a handler that breaks the rule of borrowed views: what it sees in one request it
// looks at in the next, or changes.
type keeper struct {
	kept  []byte
	res   *ResponseWriter
	req   *Request
	lease mem.Lease
	alloc *mem.Allocator
}

var looked byte

//go:noinline
func culprit(p []byte) { looked += p[0] }

//go:noinline
func culpritWrite(p []byte) { p[0] = 'X' }

// lapse is one way to keep what was borrowed. What it keeps it keeps in the request
// for /keep; the one for /use comes after that has been answered.
type lapse struct {
	name string
	keep func(k *keeper, w *ResponseWriter, r *Request)
	use  func(k *keeper, w *ResponseWriter) // nil = culprit(k.kept)
	want []string                           // nil = a fault in culprit
}

var lapses = []lapse{
	{name: "a header's view", keep: func(k *keeper, w *ResponseWriter, r *Request) { k.kept = r.HeaderView("X-Kept") }},
	{name: "a header that was gone over", keep: func(k *keeper, w *ResponseWriter, r *Request) {
		for _, v := range r.Headers() {
			k.kept = v
		}
	}},
	{name: "the target", keep: func(k *keeper, w *ResponseWriter, r *Request) { k.kept = r.TargetView() }},
	{name: "the path, decoded", keep: func(k *keeper, w *ResponseWriter, r *Request) { k.kept = r.PathView() }},
	{name: "a query value, decoded", keep: func(k *keeper, w *ResponseWriter, r *Request) { k.kept, _ = r.QueryView("q") }},
	{name: "a query value as it came", keep: func(k *keeper, w *ResponseWriter, r *Request) { k.kept, _ = r.QueryView("r") }},
	{name: "a form's value", keep: func(k *keeper, w *ResponseWriter, r *Request) { k.kept, _ = r.FormView("f") }},
	{name: "the body", keep: func(k *keeper, w *ResponseWriter, r *Request) { k.kept, _ = r.Body.View() }},
	{name: "the body, written to", keep: func(k *keeper, w *ResponseWriter, r *Request) { k.kept, _ = r.Body.View() },
		use: func(k *keeper, w *ResponseWriter) { culpritWrite(k.kept) }, want: []string{"unexpected fault address", "culpritWrite"}},
	{name: "a piece of the body", keep: func(k *keeper, w *ResponseWriter, r *Request) {
		_ = r.Body.Views(func(p View) bool { k.kept = p; return false })
	}},
	{name: "a piece that Body.Stream lent", keep: func(k *keeper, w *ResponseWriter, r *Request) {
		r.Body.Stream(func(p []byte, err error) {
			if len(p) > 0 {
				k.kept = p
			}
		})
	}},
	{name: "a reservation", keep: func(k *keeper, w *ResponseWriter, r *Request) {
		k.kept = w.Reserve(10)[:10]
		_ = w.Commit(len(append(k.kept[:0], "some"...)))
	}, use: func(k *keeper, w *ResponseWriter) { culpritWrite(k.kept) }, want: []string{"unexpected fault address", "culpritWrite"}},
	{name: "a reservation of much", keep: func(k *keeper, w *ResponseWriter, r *Request) {
		k.kept = append(w.Reserve(10_000), pattern(10_000)...)
		_ = w.Commit(10_000)
	}, use: func(k *keeper, w *ResponseWriter) { culpritWrite(k.kept) }, want: []string{"unexpected fault address", "culpritWrite"}},
	{name: "the request", keep: func(k *keeper, w *ResponseWriter, r *Request) { k.req = r },
		use: func(k *keeper, w *ResponseWriter) { k.req.Header("X-Kept") }, want: []string{"nil pointer", "(*Request).Header"}},
	{name: "the response", keep: func(k *keeper, w *ResponseWriter, r *Request) { k.res = w },
		use: func(k *keeper, w *ResponseWriter) { _ = k.res.Flush() }, want: []string{"nil pointer", "(*ResponseWriter).Flush"}},
	{name: "a lease that was handed over", keep: func(k *keeper, w *ResponseWriter, r *Request) {
		k.lease = k.alloc.Lease(5000)
		k.kept = k.lease.Bytes()
		_ = w.Append(k.lease, 0, 10)
	}, use: func(k *keeper, w *ResponseWriter) { culpritWrite(k.kept) }, want: []string{"unexpected fault address", "culpritWrite"}},
	{name: "a lease that is released once more", keep: func(k *keeper, w *ResponseWriter, r *Request) {
		k.lease = k.alloc.Lease(5000)
		_ = w.Append(k.lease, 0, 10)
	}, use: func(k *keeper, w *ResponseWriter) { k.lease.Release() },
		want: []string{"mem: second release of a lease", "acquired at:", "ringwire.init", "given away at:", "(*ResponseWriter).Append", "released at:"}},
	{name: "a lease that is handed over twice", keep: func(k *keeper, w *ResponseWriter, r *Request) {
		k.lease = k.alloc.Lease(5000)
		_ = w.Append(k.lease, 0, 10)
	}, use: func(k *keeper, w *ResponseWriter) { _ = w.Append(k.lease, 0, 10) },
		want: []string{"mem: use of a released lease", "acquired at:", "ringwire.init", "given away at:", "(*ResponseWriter).Append", "released at:"}},
}

// serve answers /keep and /use, each of them also on a worker.
func (k *keeper) serve(l *lapse) HandlerFunc {
	return routes(map[string]HandlerFunc{
		"keep": func(w *ResponseWriter, r *Request) {
			l.keep(k, w, r)
			fmt.Fprint(w, "kept")
		},
		"use": func(w *ResponseWriter, r *Request) {
			if l.use == nil {
				culprit(k.kept)
			} else {
				l.use(k, w)
			}
			fmt.Fprint(w, "used")
		},
	})
}

// TestGuards has handlers keep what they were lent, in a process of their own with guards: it
// must die of the first look, on each driver: on the loop with a request in one piece, and on a
// worker with one in several.
func TestGuards(t *testing.T) {
	if testConfig(DriverNetpoll).DisablePooling {
		t.Skip("buffers of the Go heap are overwritten, not made inaccessible")
	}
	bin := guardedBinary(t)
	eachDriver(t, func(t *testing.T, driver string) {
		for _, l := range lapses {
			for _, how := range []string{"loop|whole", "worker|split"} {
				t.Run(l.name+"/"+how, func(t *testing.T) {
					t.Parallel()
					want := l.want
					if want == nil {
						want = []string{"unexpected fault address", "ringwire.culprit"}
					}
					dies(t, bin, driver+"|"+l.name+"|"+how, want)
				})
			}
		}
		t.Run("received by an upgraded connection", func(t *testing.T) {
			t.Parallel()
			dies(t, bin, driver+"|upgraded||", []string{"unexpected fault address", "ringwire.culprit"})
		})
	})
}

// dies runs TestGuardsChild and reads what it dies with.
func dies(t *testing.T, bin, what string, want []string) {
	cmd := exec.Command(bin, "-test.run=^TestGuardsChild$")
	cmd.Env = append(os.Environ(), "RINGWIRE_TEST_CHILD="+what)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("nobody noticed")
	}
	for _, text := range want {
		if !strings.Contains(string(out), text) {
			t.Errorf("the report does not say %q", text)
		}
	}
	if t.Failed() {
		t.Logf("report:\n%.6000s", out)
	}
}

func TestGuardsChild(t *testing.T) {
	what := strings.Split(os.Getenv("RINGWIRE_TEST_CHILD"), "|")
	if len(what) != 4 {
		t.Skip("runs as a child of TestGuards")
	}
	driver, name, where, how := what[0], what[1], what[2], what[3]
	if name == "upgraded" {
		s := start(t, driver, upgradeToKeeper)
		p := s.dial()
		p.send(upgradeRequest)
		p.expectRaw(switching, "")
		p.send("first")
		p.expectRaw("first", "an echo")
		p.send("second")
		p.expectGone("it looks at the first")
		return
	}
	for _, l := range lapses {
		if l.name != name {
			continue
		}
		k := &keeper{alloc: mem.NewAllocator(mem.Config{Shared: true})}
		s := start(t, driver, k.serve(&l))
		prefix := "/"
		if where == "worker" {
			prefix = "/b/"
		}
		p := s.dial()
		raw := post(strings.Replace(prefix+"keep?q=a%20value&r=raw", "k", "%6b", 1), "f="+pattern(20_000), formType, "X-Kept: a header")
		if how == "split" {
			p.sendSplit(raw[:20], raw[20:9000], raw[9000:])
		} else {
			p.send(raw)
		}
		p.response("POST")
		s.eventually("the response has left", func(svc *service) bool {
			return svc.alloc.Stats().Leased == 0 && s.shared.Stats().Leased == 0
		})
		p.send(get(prefix + "use"))
		if a, err := p.tryResponse("GET"); err == nil {
			t.Fatalf("the handler got through to %d %q; log:\n%s", a.StatusCode, a.body, s.log.String())
		}
	}
}

// keepRaw speaks on a connection after its upgrade, and keeps what it was given.
type keepRaw struct {
	rawEcho
	kept []byte
}

func upgradeToKeeper(w *ResponseWriter, r *Request) {
	_ = w.Upgrade("echo", &keepRaw{rawEcho: rawEcho{make(chan string, 10)}})
}

func (k *keepRaw) OnData(c *conn.Conn, p []byte) int {
	if k.kept != nil {
		culprit(k.kept)
	}
	k.kept = p
	return k.rawEcho.OnData(c, p)
}

// guardedBinary returns a test binary of this package with guards: this one, or one
// built for it.
func guardedBinary(t *testing.T) string {
	t.Helper()
	if mem.Checking {
		return os.Args[0]
	}
	if testing.Short() {
		t.Skip("short: builds a second test binary")
	}
	gotool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go tool to build the guarded test binary with")
	}
	bin := filepath.Join(t.TempDir(), "guarded.test.exe")
	if out, err := exec.Command(gotool, "test", "-c", "-tags", "memguard", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the guarded test binary: %v\n%s", err, out)
	}
	return bin
}
