package mem

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

const defectEnv = "RINGWIRE_MEM_DEFECT"

// defect is one mistake in handling leases, made in a child process that has
// guards, and what its report must say.
type defect struct {
	name string
	make func(a *Allocator)
	want []string
}

var (
	// A panic names the defect and both sites.
	twice     = []string{"mem: second release of a lease", "acquired at:", "mem.acquire", "released at:", "mem.release"}
	released  = []string{"mem: use of a released lease", "acquired at:", "mem.acquire", "released at:", "mem.release"}
	givenAway = []string{"mem: release of a lease that was given away", "acquired at:", "mem.acquire", "given away at:", "mem.give"}
	// A fault shows the culprit's stack.
	fault = []string{"unexpected fault address", "mem.culprit"}

	sink byte
)

//go:noinline
func acquire(a *Allocator, n int) Lease { return a.Lease(n) }

//go:noinline
func release(l Lease) { l.Release() }

//go:noinline
func put(p *Pool[request], r *request) { p.Put(r) }

// poolWaits is more than the objects that a checking build looks at again later.
const poolWaits = 100

//go:noinline
func give(s *Segments, l Lease) { s.Append(l, 0, 10) }

//go:noinline
func culprit(p []byte) { sink += p[0] }

//go:noinline
func culpritWrite(p []byte) { p[len(p)-1] = 1 }

var defects = []defect{
	{"release twice", func(a *Allocator) {
		l := acquire(a, 100)
		release(l)
		l.Release()
	}, twice},
	{"release twice, with leases in between", func(a *Allocator) {
		l := acquire(a, 100)
		release(l)
		for range 3000 { // more than wait: the memory is long gone
			a.Lease(100).Release()
		}
		l.Release()
	}, twice},
	{"release once more than owners", func(a *Allocator) {
		l := acquire(a, 100)
		l.Clone().Release()
		release(l)
		l.Release()
	}, twice},
	{"release twice, large", func(a *Allocator) {
		l := acquire(a, 1<<20)
		release(l)
		l.Release()
	}, twice},
	{"release what was appended", func(a *Allocator) {
		var s Segments
		s.Init(a)
		l := acquire(a, 100)
		give(&s, l)
		l.Release()
	}, givenAway},
	{"release what was appended and shared", func(a *Allocator) {
		var s, other Segments
		s.Init(a)
		other.Init(a)
		l := acquire(a, 100)
		give(&s, l)
		s.ShareTo(&other, 0, 5)
		l.Release()
	}, []string{givenAway[0], "mem.acquire", "given away at:", "mem.(*Segments).ShareTo"}},
	{"append twice", func(a *Allocator) {
		var s Segments
		s.Init(a)
		l := acquire(a, 100)
		give(&s, l)
		s.Append(l, 10, 10)
		s.Release()
	}, []string{"mem: second release of a lease", "acquired at:", "mem.acquire"}},
	{"release what was detached and appended", func(a *Allocator) {
		var w Writer
		w.Init(a, 100)
		_, _ = w.WriteString("x")
		l, _, _ := w.DetachLease()
		var s Segments
		s.Init(a)
		give(&s, l)
		l.Release()
	}, []string{givenAway[0], "given away at:", "mem.give"}},
	{"read what was appended and released", func(a *Allocator) {
		var s Segments
		s.Init(a)
		l := acquire(a, 100)
		s.Append(l, 0, 10)
		kept := s
		s.Release()
		kept.First()
	}, []string{"mem: use of a released lease", "acquired at:", "mem.acquire", "released at:", "mem.(*Segments).Release"}},
	{"write behind what was released", func(a *Allocator) {
		var w Writer
		w.Init(a, 100)
		_, _ = w.WriteString("x")
		kept := w
		w.Release()
		kept.Reserve(10)
	}, []string{"mem: use of a released lease"}},
	{"bytes of a released lease", func(a *Allocator) {
		l := acquire(a, 100)
		release(l)
		l.Bytes()
	}, released},
	{"capacity of a released lease", func(a *Allocator) {
		l := acquire(a, 100)
		release(l)
		_ = l.Cap()
	}, released},
	{"clone a released lease", func(a *Allocator) {
		l := acquire(a, 100)
		release(l)
		l.Clone()
	}, []string{"mem: clone of a released lease", "mem.acquire", "mem.release"}},
	{"append a released lease", func(a *Allocator) {
		var s Segments
		s.Init(a)
		l := acquire(a, 100)
		release(l)
		s.Append(l, 0, 1)
	}, released},
	{"read a stale slice", func(a *Allocator) {
		l := acquire(a, 100)
		p := l.Bytes()
		release(l)
		culprit(p)
	}, fault},
	{"write a stale slice", func(a *Allocator) {
		l := acquire(a, 5000)
		p := l.Bytes()
		release(l)
		culpritWrite(p)
	}, fault},
	{"read a stale slice, large", func(a *Allocator) {
		l := acquire(a, 3<<20)
		p := l.Bytes()
		release(l)
		culprit(p)
	}, fault},
	{"read a stale slice, shared", func(*Allocator) {
		l := acquire(NewAllocator(Config{Shared: true}), 100)
		p := l.Bytes()
		done := make(chan bool)
		go func() {
			release(l)
			close(done)
		}()
		<-done
		culprit(p)
	}, fault},
	{"read a stale slice, released on another goroutine", func(a *Allocator) {
		l := acquire(a, 100).Share()
		p := l.Bytes()
		done := make(chan bool)
		go func() {
			release(l)
			close(done)
		}()
		<-done
		culprit(p) // before its loop has collected it
	}, fault},
	{"share a released lease", func(a *Allocator) {
		l := acquire(a, 100)
		release(l)
		l.Share()
	}, []string{"mem: share of a released lease", "mem.acquire", "mem.release"}},
	{"release twice, shared among loops", func(a *Allocator) {
		l := acquire(a, 100).Share()
		release(l)
		l.Release()
	}, twice},
	{"keep a view over Truncate", func(a *Allocator) {
		var s Segments
		s.Init(a)
		s.AppendCopy([]byte("abc"))
		s.Append(leaseOf(a, 0, []byte("def")), 0, 3)
		p := s.Views(nil, 2)[1]
		s.Truncate(3)
		culprit(p)
	}, fault},
	{"keep a view over Discard", func(a *Allocator) {
		var s Segments
		s.Init(a)
		s.AppendCopy([]byte("abc"))
		p := s.First()
		s.Discard(3)
		culprit(p)
	}, fault},
	{"keep a view over Read", func(a *Allocator) {
		var s Segments
		s.Init(a)
		s.AppendCopy([]byte("abc"))
		p := s.First()
		_, _ = s.Read(make([]byte, 3))
		culprit(p)
	}, fault},
	{"keep a view over Flatten", func(a *Allocator) {
		var s Segments
		s.Init(a)
		s.Append(leaseOf(a, 0, []byte("abc")), 0, 3)
		s.AppendCopy([]byte("def"))
		p := s.First()
		s.Flatten()
		culprit(p)
	}, fault},
	{"keep a reservation over Release", func(a *Allocator) {
		var w Writer
		w.Init(a, 512)
		p := w.Reserve(10)[:10]
		w.Release()
		culprit(p)
	}, fault},
	{"keep a slice over Close", func(a *Allocator) {
		l := acquire(a, 100)
		p := l.Bytes()
		release(l)
		if err := a.Close(); err != nil {
			panic(err)
		}
		culprit(p)
	}, fault},
	{"leak", func(a *Allocator) {
		acquire(a, 100)
		panic(a.Close())
	}, []string{"mem: close: leases not released: 1 of 512 B", "mem.acquire"}},
	{"put twice", func(*Allocator) {
		p := requests(PoolConfig[request]{})
		r := p.Get()
		put(p, r)
		p.Put(r)
	}, []string{`mem: second Put of an object of pool "request"`, "got at:", "put at:", "mem.put"}},
	{"put what is another pool's", func(*Allocator) {
		p := requests(PoolConfig[request]{})
		requests(PoolConfig[request]{}).Put(p.Get())
	}, []string{`mem: Put of an object that is not of pool "request"`}},
	{"write after Put", func(*Allocator) {
		p := requests(PoolConfig[request]{})
		r := p.Get()
		put(p, r)
		r.count++
		for range poolWaits {
			p.Put(p.Get())
		}
	}, []string{`mem: an object of pool "request" was written after Put`, "got at:", "put at:", "mem.put"}},
	{"follow a pointer after Put", func(*Allocator) {
		p := requests(PoolConfig[request]{})
		r := p.Get()
		r.next = new(request)
		p.cfg.Reset = func(*request) {} // which has forgotten it
		put(p, r)
		r.next.count++
	}, []string{"nil pointer dereference"}},
	{"read after Put", func(*Allocator) {
		p := requests(PoolConfig[request]{})
		r := p.Get()
		put(p, r)
		panic(fmt.Sprintf("reads %x", uint(r.count)))
	}, []string{"reads dbdbdbdb"}},
	{"leak of a pool", func(*Allocator) {
		p := requests(PoolConfig[request]{})
		p.Get()
		panic(p.Close())
	}, []string{`mem: close: 1 of pool "request" were not put back`, "got at:"}},
	{"read a stale slice, heap", func(*Allocator) {
		l := acquire(NewAllocator(Config{Heap: true}), 100)
		p := l.Bytes()
		release(l)
		panic(fmt.Sprintf("reads %x", p[:4]))
	}, []string{"reads dbdbdbdb"}},
	{"rely on a fresh lease's zeros", func(a *Allocator) {
		panic(fmt.Sprintf("reads %x", a.Lease(100).Bytes()[:4]))
	}, []string{"reads a5a5a5a5"}},
}

// TestGuardDefect is the child process: it makes the defect that it is told.
func TestGuardDefect(t *testing.T) {
	name := os.Getenv(defectEnv)
	if name == "" {
		t.Skip("the child process of TestGuards")
	}
	if !guard {
		t.Fatal("the child was built without guards")
	}
	i := slices.IndexFunc(defects, func(d defect) bool { return d.name == name })
	defects[i].make(NewAllocator(Config{}))
	fmt.Println("NOT DETECTED")
}

func TestGuards(t *testing.T) {
	child := guardedBinary(t)
	for _, d := range defects {
		t.Run(d.name, func(t *testing.T) {
			if d.want[0] == fault[0] && !protects() {
				t.Skip("no page protection on " + runtime.GOOS)
			}
			t.Parallel()
			cmd := exec.Command(child, "-test.run=^TestGuardDefect$")
			cmd.Env = append(os.Environ(), defectEnv+"="+d.name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("the child lived")
			}
			for _, want := range d.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("the report does not say %q", want)
				}
			}
			if t.Failed() {
				t.Logf("report:\n%s", out)
			}
		})
	}
}

// guardedBinary returns a test binary of this package with guards: this one,
// or one built for it.
func guardedBinary(t *testing.T) string {
	t.Helper()
	if guard {
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

// protects reports whether there is mmap here, so that large leases are mappings
// and checking builds can make memory inaccessible.
func protects() bool {
	return slices.Contains([]string{
		"linux", "android", "darwin", "ios", "freebsd", "netbsd", "openbsd", "dragonfly",
	}, runtime.GOOS)
}

// What guards remember must cost an ordinary build nothing.
func TestOrdinaryBuildCarriesNoGuards(t *testing.T) {
	if guard {
		t.Skip("a checking build")
	}
	if n := unsafe.Sizeof(Lease{}); n != unsafe.Sizeof(uintptr(0)) {
		t.Errorf("a Lease has %d bytes, want one pointer", n)
	}
	if n := unsafe.Sizeof(block{}); n > 64 {
		t.Errorf("a header has %d bytes, want one cache line", n)
	}
	if n := unsafe.Sizeof(Segments{}); n > 40 {
		t.Errorf("Segments have %d bytes, want at most 40", n)
	}
	if n := unsafe.Sizeof(Writer{}); n > 48 {
		t.Errorf("a Writer has %d bytes, want at most 48", n)
	}
}
