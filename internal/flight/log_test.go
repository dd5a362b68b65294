package flight

import (
	"sync"
	"testing"
	"time"
)

// put writes n entries that say their number in every field.
func put(l *Log, n int) {
	for range n {
		n := l.next
		l.Put(Head(uint8(n), uint8(n>>8), uint16(n)), n*n, Size(uint32(n), ^uint32(n)))
		l.Done()
	}
}

// whole reports whether an entry is one that put wrote.
func whole(e *Entry) bool {
	n := e.Seq
	return e.Code == uint8(n) && e.Flags == uint8(n>>8) && e.Aux == uint16(n) && e.User == n*n && e.A == uint32(n) && e.B == ^uint32(n)
}

func TestEntries(t *testing.T) {
	for _, tc := range []struct{ room, puts, want int }{
		{8, 0, 0}, {8, 1, 1}, {8, 7, 7}, {8, 8, 8}, {8, 9, 8}, {8, 100_000, 8},
		{1, 5, 1}, {5, 9, 8}, // rounded up
	} {
		l := New(tc.room, time.Now())
		put(l, tc.puts)
		checkEntries(t, l, tc.want, uint64(tc.puts))
	}
}

// checkEntries fails unless there are so many, in order, up to number total.
func checkEntries(t *testing.T, l *Log, want int, total uint64) {
	t.Helper()
	list, got := l.Entries()
	if len(list) != want || got != total {
		t.Fatalf("%d entries of %d, want %d of %d", len(list), got, want, total)
	}
	for i := range list {
		if e := &list[i]; e.Seq != total-uint64(want-1-i) || !whole(e) {
			t.Fatalf("entry %d is %+v, want number %d", i, e, total-uint64(want-1-i))
		}
	}
}

// A slot holds part of the number only.
func TestEntriesWrap(t *testing.T) {
	for _, start := range []uint64{1<<16 - 4, 1<<32 - 4} {
		l := New(8, time.Now())
		l.next = start
		put(l, 9)
		checkEntries(t, l, 8, start+8)
	}
}

func TestEntryTime(t *testing.T) {
	l := New(8, time.Now())
	for _, at := range []int64{0, 1, 1_000_000, int64(time.Hour) * 24 * 365 * 5} {
		l.Wake(at)
		put(l, 1)
		list, _ := l.Entries()
		if got := list[len(list)-1].At; at-got < 0 || at-got > 1<<timeShift {
			t.Errorf("%d, want %d or up to a µs before", got, at)
		}
	}
}

func TestKeepsNothing(t *testing.T) {
	for _, l := range []*Log{nil, New(0, time.Now()), New(-1, time.Now())} {
		if l.Keeps() {
			t.Errorf("%+v keeps entries", l)
		}
		if list, total := l.Entries(); list != nil || total != 0 {
			t.Errorf("%v, %d", list, total)
		}
	}
	if n := len(New(1<<30, time.Now()).slots); n != maxEntries {
		t.Errorf("%d entries for a mad configuration", n)
	}
}

// An entry that is being overwritten is left out, whichever of its words are the new ones'.
func TestTorn(t *testing.T) {
	for words := 1; words < 4; words++ {
		l, other := New(8, time.Now()), New(8, time.Now())
		put(l, 10)
		put(other, 13) // one more time around
		for w := range words {
			l.slots[5][w].Store(other.slots[5][w].Load())
		}
		list, total := l.Entries()
		if len(list) != 7 || total != 10 {
			t.Errorf("%d words are new: %d entries of %d, want 7 of 10", words, len(list), total)
		}
		for i := range list {
			if !whole(&list[i]) || list[i].Seq == 5 {
				t.Errorf("%d words are new: %+v", words, list[i])
			}
		}
	}
}

// Readers on other goroutines see whole entries, in order, while the loop writes.
func TestConcurrentReaders(t *testing.T) {
	l := New(64, time.Now())
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		readers.Go(func() {
			for last := uint64(0); ; {
				select {
				case <-done:
					return
				default:
				}
				list, total := l.Entries()
				for i := range list {
					if e := &list[i]; !whole(e) || i > 0 && e.Seq <= list[i-1].Seq {
						t.Errorf("%+v", e)
						return
					}
				}
				if total < last {
					t.Errorf("%d in all, after %d", total, last)
				}
				last = total
				l.Doing()
			}
		})
	}
	one, two := &Mark{Kind: "one"}, &Mark{Kind: "two"}
	for i := range 50_000 {
		l.Wake(int64(i))
		l.Enter(one)
		put(l, 3)
		l.Enter(two)
	}
	close(done)
	readers.Wait()
	checkEntries(t, l, 64, 150_000)
}

func TestLogAllocs(t *testing.T) {
	l, m := New(64, time.Now()), &Mark{Kind: "handler"}
	now := int64(0)
	if n := testing.AllocsPerRun(1000, func() {
		now++
		l.Wake(now)
		l.Enter(m)
		put(l, 6)
		l.Sleep()
		l.Doing()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What a request costs that comes alone: a turn, two completions, a handler and a submission.
func BenchmarkRequest(b *testing.B) {
	l, m := New(256, time.Now()), &Mark{Kind: "handler"}
	for i := range b.N {
		l.Wake(int64(i))
		put(l, 2)
		l.Enter(m)
		put(l, 1)
		l.Sleep()
	}
}

// A log that is paused keeps nothing, and what it had before.
func TestPause(t *testing.T) {
	l := New(4, time.Now())
	l.Put(Head(1, 0, 0), 0, 0)
	l.Done()
	for range 2 {
		if l.Pause(true); l.Keeps() {
			t.Fatal("a paused log keeps entries")
		}
	}
	for range 2 {
		l.Pause(false)
	}
	l.Put(Head(2, 0, 0), 0, 0)
	l.Done()
	if list, total := l.Entries(); total != 2 || len(list) != 2 || list[0].Code != 1 || list[1].Code != 2 {
		t.Errorf("%d entries, %+v", total, list)
	}
	none := New(0, time.Now())
	none.Pause(true)
	if none.Pause(false); none.Keeps() {
		t.Error("a log without room has come to some")
	}
}
