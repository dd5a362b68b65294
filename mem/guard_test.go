package mem

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
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
	// Where threads have no numbers, nobody can tell who is on which.
	elsewhereLease   = "mem: a loop's allocator is used on another thread"
	elsewhereRelease = "mem: release of a loop's lease on another thread"
	elsewhereClone   = "mem: clone of a loop's lease on another thread"
	elsewhereShare   = "mem: share of a loop's lease on another thread"
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

// own is what a loop does that stays on its thread.
func own(a *Allocator) {
	runtime.LockOSThread()
	a.Own()
}

// elsewhere runs do on another goroutine, to its end.
func elsewhere(do func()) {
	done := make(chan bool)
	go func() {
		do()
		close(done) // not if it panics: that is to end the process
	}()
	<-done
}

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
	}, []string{"mem: second release of a lease", "acquired at:", "mem.acquire", "given away at:", "mem.TestGuardDefect", "released at:",
		"mem.(*Segments).Release"}},
	{"release what was appended, after a clone of it", func(a *Allocator) {
		var s Segments
		s.Init(a)
		l := acquire(a, 100)
		give(&s, l.Clone())
		release(l) // rightly
		l.Release()
	}, givenAway},
	{"release a chain and its copy", func(a *Allocator) {
		var s Segments
		s.Init(a)
		give(&s, acquire(a, 100))
		other := s
		s.Release()
		other.Release()
	}, []string{"mem: second release of a lease", "mem.acquire", "given away at:", "mem.give", "released at:", "mem.(*Segments).Release"}},
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
	}, []string{"mem: use of a released lease", "acquired at:", "mem.(*Writer).WriteString", "released at:", "mem.(*Writer).Release"}},
	{"patch what was released", func(a *Allocator) {
		var w Writer
		w.Init(a, 100)
		_, _ = w.WriteString("length=?")
		kept := w
		w.Release()
		kept.Patch(7, []byte("1"))
	}, []string{"mem: use of a released lease", "acquired at:", "mem.(*Writer).WriteString", "released at:", "mem.(*Writer).Release"}},
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
		elsewhere(func() { release(l) })
		culprit(p)
	}, fault},
	{"read a stale slice, released on another goroutine", func(a *Allocator) {
		l := acquire(a, 100).Share()
		p := l.Bytes()
		elsewhere(func() { release(l) })
		culprit(p) // before its loop has collected it
	}, fault},
	{"write a stale slice, released by the last of its owners", func(a *Allocator) {
		l := acquire(a, 100)
		c := l.Clone()
		p := l.Bytes()
		release(l)
		p[0] = 1 // rightly: c has it still
		release(c)
		culpritWrite(p)
	}, fault},
	{"lease on another goroutine", func(a *Allocator) {
		own(a)
		elsewhere(func() { acquire(a, 100) })
	}, []string{elsewhereLease, "mem.acquire"}},
	{"lease for a purpose on another goroutine", func(a *Allocator) {
		p := a.Account("output")
		own(a)
		elsewhere(func() { p.Lease(100) })
	}, []string{elsewhereLease, "mem.(*Account).Lease"}},
	{"release on another goroutine", func(a *Allocator) {
		own(a)
		l := acquire(a, 100)
		elsewhere(func() { release(l) })
	}, []string{elsewhereRelease, "acquired at:", "mem.acquire", "mem.release"}},
	{"clone on another goroutine", func(a *Allocator) {
		own(a)
		l := acquire(a, 100)
		elsewhere(func() { l.Clone() })
	}, []string{elsewhereClone, "acquired at:", "mem.acquire"}},
	{"share on another goroutine", func(a *Allocator) {
		own(a)
		l := acquire(a, 100)
		elsewhere(func() { l.Share() })
	}, []string{elsewhereShare, "acquired at:", "mem.acquire"}},
	{"release a localized lease twice", func(a *Allocator) {
		l := a.Localize(NewAllocator(Config{Shared: true}).Lease(100))
		release(l)
		l.Release()
	}, []string{"mem: second release of a lease", "acquired at:", "released at:", "mem.release"}},
	{"read a localized lease after its release", func(a *Allocator) {
		l := a.Localize(acquire(NewAllocator(Config{Shared: true}), 100))
		p := l.Bytes()
		l.Release()
		culprit(p)
	}, fault},
	{"splice another loop's, and send it", func(a *Allocator) {
		own(a)
		var s Segments
		s.Init(a)
		give(&s, acquire(a, 100))
		elsewhere(func() {
			var out Writer
			other := NewAllocator(Config{})
			own(other)
			out.Init(other, 100)
			out.Segments().Splice(&s)
			out.Segments().Discard(10)
		})
	}, []string{elsewhereRelease, "acquired at:", "mem.acquire", "given away at:", "mem.give",
		"mem.(*Segments).Discard"}},
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
	{"keep a view over WriteTo", func(a *Allocator) {
		var s Segments
		s.Init(a)
		s.AppendCopy([]byte("abc"))
		p := s.First()
		_, _ = s.WriteTo(io.Discard)
		culprit(p)
	}, fault},
	{"keep a view over a splice and what became of it", func(a *Allocator) {
		var s, out Segments
		s.Init(a)
		out.Init(a)
		s.AppendCopy([]byte("abc"))
		p := s.First()
		out.Splice(&s)
		out.Discard(3)
		culprit(p)
	}, fault},
	{"keep a writer's view over DetachLease", func(a *Allocator) {
		var w Writer
		w.Init(a, 100)
		_, _ = w.WriteString("abc")
		p := w.Segments().First()
		l, _, _ := w.DetachLease()
		release(l)
		culprit(p)
	}, fault},
	{"keep a reservation over Detach", func(a *Allocator) {
		var w Writer
		w.Init(a, 512)
		p := w.Reserve(10)[:10]
		w.Commit(10)
		var s Segments
		s.Init(a)
		w.Detach(&s)
		s.Release()
		culpritWrite(p)
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
	{"leak what was appended", func(a *Allocator) {
		var s Segments
		s.Init(a)
		give(&s, acquire(a, 1000))
		panic(a.Close())
	}, []string{"mem: close: leases not released: 1 of 2048 B", "mem.acquire"}},
	{"leak a clone", func(a *Allocator) {
		l := acquire(a, 5000)
		l.Clone()
		release(l)
		panic(a.Close())
	}, []string{"mem: close: leases not released: 1 of 16384 B", "mem.acquire"}},
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

// TestGuards plants each defect in a process of its own, which must die of it and say what
// was wrong and where: 100 % of them are found, or this fails.
func TestGuards(t *testing.T) {
	child := guardedBinary(t)
	var found atomic.Int32
	made := 0
	names := map[string]bool{}
	t.Run("defects", func(t *testing.T) {
		for _, d := range defects {
			if names[d.name] {
				t.Errorf("two defects are called %q: the second is not made", d.name)
			}
			names[d.name] = true
			skip := ""
			switch {
			case d.want[0] == fault[0] && !protects():
				skip = "no page protection on " + runtime.GOOS
			case strings.HasSuffix(d.want[0], "on another thread") && runtime.GOOS != "linux":
				skip = "threads have no numbers on " + runtime.GOOS
			default:
				made++
			}
			t.Run(d.name, func(t *testing.T) {
				if skip != "" {
					t.Skip(skip)
				}
				t.Parallel()
				if d.isFound(t, child) {
					found.Add(1)
				}
			})
		}
	})
	t.Logf("found %d of %d planted defects", found.Load(), made)
}

// isFound makes a defect in a child process and reads what that dies with.
func (d *defect) isFound(t *testing.T, child string) bool {
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
	return !t.Failed()
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
