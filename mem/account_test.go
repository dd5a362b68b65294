package mem

import (
	"strconv"
	"testing"
)

func account(t *testing.T, a *Allocator, name string) AccountStats {
	t.Helper()
	for _, s := range a.Stats().Accounts {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no account %q", name)
	return AccountStats{}
}

func TestAccounts(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			defer closeAll(t, a)
			out := a.Account("output")
			if out != a.Account("output") || out == a.Account("body") || out.Allocator() != a {
				t.Fatal("an account is found by its name")
			}
			l := a.Lease(100)
			var w Writer
			w.InitFor(out, 600)
			_, _ = w.Write(text(3000, 1))
			held := out.Lease(1 << 20)
			if s := account(t, a, "output"); s.Leased < 2 || s.HighWater != s.Leased {
				t.Errorf("while writing: %+v", s)
			}
			if s := account(t, a, ""); s.Leased != 1 {
				t.Errorf("without a purpose: %+v", s)
			}
			w.Release()
			held.Release()
			l.Release()
			if s := account(t, a, "output"); s.Leased != 0 || s.HighWater < 2 {
				t.Errorf("at the end: %+v", s)
			}
			for range 100 { // a buffer that was counted once is not for ever
				a.Lease(600).Release()
			}
			if s := account(t, a, "output"); s.Leased != 0 {
				t.Errorf("after others' leases: %+v", s)
			}
		})
	}
}

func TestAccountsCountMisses(t *testing.T) {
	a := NewAllocator(Config{Limit: 1})
	defer closeAll(t, a)
	a.Account("body").Lease(100).Release()
	a.Lease(100).Release()
	if s, rest := account(t, a, "body"), account(t, a, ""); s.Misses != 1 || rest.Misses != 1 {
		t.Errorf("body %+v, rest %+v: one miss each", s, rest)
	}
}

// A buffer shared with another loop is off its account when it is home.
func TestAccountsOfShared(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	l := a.Account("frame").Lease(100).Share()
	done := make(chan bool)
	go func() {
		l.Release()
		close(done)
	}()
	<-done
	if s := account(t, a, "frame"); s.Leased != 0 {
		t.Errorf("%+v", s)
	}
}

// What was flattened and what came home from elsewhere is told by purpose, the nameless
// one included, and adds up.
func TestAccountsCountBytesAndForeigners(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			defer closeAll(t, a)
			flatten := func(from *Account, n int) {
				var s Segments
				s.InitFor(from)
				s.Append(leaseOf(a, 0, text(n, 1)), 0, n)
				s.Append(leaseOf(a, 0, text(n, 2)), 0, n)
				s.Flatten()
				s.Release()
			}
			flatten(a.accounts[0], 50)
			flatten(a.Account("body"), 500)
			for range 3 {
				a.Account("frame").Lease(100).Share().Release()
			}
			a.Lease(100).Share().Release()
			rest, body, frame, all := account(t, a, ""), account(t, a, "body"), account(t, a, "frame"), a.Stats()
			if rest.Flattened != 100 || body.Flattened != 1000 || frame.Flattened != 0 || all.Flattened != 1100 {
				t.Errorf("flattened %d, %d, %d, %d in all", rest.Flattened, body.Flattened, frame.Flattened, all.Flattened)
			}
			if cfg.Shared {
				return // nobody is foreign
			}
			if rest.ForeignReleases != 1 || body.ForeignReleases != 0 || frame.ForeignReleases != 3 || all.ForeignReleases != 4 {
				t.Errorf("foreign %d, %d, %d, %d in all", rest.ForeignReleases, body.ForeignReleases, frame.ForeignReleases, all.ForeignReleases)
			}
		})
	}
}

// Who looks again and again allocates nothing.
func TestReadStats(t *testing.T) {
	a := NewAllocator(Config{Limit: 5 << 20})
	defer closeAll(t, a)
	a.Account("body").Lease(100).Release()
	var s Stats
	a.ReadStats(&s)
	if n := testing.AllocsPerRun(100, func() { a.ReadStats(&s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if len(s.Accounts) != 2 || s.Accounts[1].Name != "body" || s.Limit != 5<<20 {
		t.Errorf("%+v", s)
	}
}

func TestAccountsAreFew(t *testing.T) {
	a := NewAllocator(Config{})
	for i := range maxAccounts - 1 {
		a.Account(strconv.Itoa(i))
	}
	if panicOf(func() { a.Account("one more") }) == nil {
		t.Error("any number of purposes")
	}
}

func TestAccountAllocatesNothing(t *testing.T) {
	if guard {
		t.Skip("a checking build allocates")
	}
	p := NewAllocator(Config{}).Account("output")
	if n := testing.AllocsPerRun(100, func() { p.Lease(100).Release() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAccount(b *testing.B) {
	p := NewAllocator(Config{}).Account("output")
	for b.Loop() {
		p.Lease(4096).Release()
	}
}
