package mem

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"
)

// twoLoops is a snapshot of two allocators and a pool, of which one lease is out, and what is
// to be released.
func twoLoops(t *testing.T) (s Snapshot, free func()) {
	a, b := NewAllocator(Config{SampleEvery: 1}), NewAllocator(Config{Limit: 1})
	pool := NewPool(PoolConfig[int]{Name: "number", Reset: func(*int) {}})
	held := forget(a.Account("body"))
	a.Account("head").Lease(100).Release()
	b.Account("body").Lease(100).Release() // a miss
	b.Lease(100).Release()
	x := pool.Get()

	sa, sb := a.Stats(), b.Stats()
	s.Add(&sa)
	s.AddPools(pool.Stats(), PoolStats{Name: "job", Out: 7, Made: 9})
	s.AddSuspects(a.Suspects(0))
	var other Snapshot
	other.Add(&sb)
	other.AddPools(PoolStats{Name: "number", Out: 1, Free: 2, HighWater: 3, Made: 4, Dropped: 5})
	s.Merge(&other)
	return s, func() {
		held.Release()
		pool.Put(x)
		closeAll(t, a)
		closeAll(t, b)
	}
}

func TestSnapshotAdds(t *testing.T) {
	s, free := twoLoops(t)
	defer free()
	if s.Allocators != 2 || s.Leased != 1 || s.Misses != 2 || s.Mapped == 0 {
		t.Errorf("%+v", s)
	}
	var names []string
	leased, misses := 0, uint64(0)
	for _, p := range s.Accounts {
		names = append(names, p.Name)
		leased, misses = leased+p.Leased, misses+p.Misses
	}
	if !reflect.DeepEqual(names, []string{"", "body", "head"}) || leased != s.Leased || misses != s.Misses {
		t.Errorf("purposes do not add up: %+v", s.Accounts)
	}
	if body := s.Accounts[1]; body.Leased != 1 || body.HighWater != 2 || body.Misses != 1 {
		t.Errorf("body: %+v", body)
	}
	leased, misses = 0, 0
	for i, c := range s.Classes {
		leased, misses = leased+c.Leased, misses+c.Misses
		if i < numClasses && c.Size != classSize[i] {
			t.Errorf("class %d has size %d", i, c.Size)
		}
	}
	if leased != s.Leased || misses != s.Misses {
		t.Errorf("classes do not add up: %+v", s.Classes)
	}
	if want := (PoolStats{Name: "number", Out: 2, Free: 2, HighWater: 4, Made: 5, Dropped: 5}); len(s.Pools) != 2 || s.Pools[1] != want {
		t.Errorf("pools %+v, want job and %+v", s.Pools, want)
	}
	if len(s.Suspects) != 1 || !strings.Contains(s.Suspects[0].Site, "mem.forget") {
		t.Errorf("suspects %+v", s.Suspects)
	}
}

// Every field of Stats that is a number reaches the sum, and the sum of sums.
func TestSnapshotForgetsNothing(t *testing.T) {
	st := Stats{Accounts: []AccountStats{{Name: "x"}}}
	fillNumbers(reflect.ValueOf(&st).Elem())
	var once, twice Snapshot
	once.Add(&st)
	twice.Merge(&once)
	twice.Merge(&once)
	twice.Allocators, once.Allocators = 0, 0
	eachNumber(reflect.ValueOf(once), reflect.ValueOf(twice), "", func(path string, one, two int64) {
		want := 2 * one
		if strings.HasSuffix(path, ".Size") {
			want = one
		}
		if one == 0 && path != ".Allocators" || two != want {
			t.Errorf("%s: %d once, %d twice", path, one, two)
		}
	})
}

// fillNumbers makes every integer in v 7.
func fillNumbers(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillNumbers(v.Field(i))
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			fillNumbers(v.Index(i))
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(7)
	}
}

func eachNumber(a, b reflect.Value, path string, f func(path string, a, b int64)) {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			eachNumber(a.Field(i), b.Field(i), path+"."+a.Type().Field(i).Name, f)
		}
	case reflect.Array, reflect.Slice:
		for i := range a.Len() {
			eachNumber(a.Index(i), b.Index(i), path, f)
		}
	case reflect.Int, reflect.Int64:
		f(path, a.Int(), b.Int())
	case reflect.Uint64:
		f(path, int64(a.Uint()), int64(b.Uint()))
	}
}

func TestSnapshotMergesSuspects(t *testing.T) {
	var s Snapshot
	one := Suspect{Size: 512, Purpose: "body", Count: 2, Age: time.Minute, Stack: "f"}
	other := Suspect{Size: 512, Purpose: "body", Count: 1, Age: 2 * time.Minute, Stack: "g"}
	s.AddSuspects([]Suspect{one, other})
	one.Age = time.Hour
	s.AddSuspects([]Suspect{one})
	if len(s.Suspects) != 2 || s.Suspects[0].Stack != "f" || s.Suspects[0].Count != 4 || s.Suspects[0].Age != time.Hour {
		t.Errorf("%+v, want f first, 4 of an hour", s.Suspects)
	}
}

// Programs read these names: they stay.
func TestSnapshotJSON(t *testing.T) {
	s, free := twoLoops(t)
	defer free()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	keys := func(v any) string {
		var list []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
			name := f.Tag.Get("json")
			if name == "" {
				t.Errorf("%T.%s has no name in JSON", v, f.Name)
			}
			list = append(list, name)
		}
		return strings.Join(list, " ")
	}
	for _, tc := range []struct {
		v    any
		want string
	}{
		{s, "allocators leased mapped_bytes locked_bytes misses refused lock_refused flattened_bytes foreign_releases classes purposes pools suspects"},
		{ClassStats{}, "size leased free high_water misses"},
		{AccountStats{}, "purpose leased high_water misses foreign_releases flattened_bytes"},
		{PoolStats{}, "name out free high_water made dropped"},
		{Suspect{}, "size purpose count age_ns site stack"},
	} {
		if got := keys(tc.v); got != tc.want {
			t.Errorf("%T has %q, want %q", tc.v, got, tc.want)
		}
	}
	var back Snapshot
	if err := json.Unmarshal(raw, &back); err != nil || !reflect.DeepEqual(back, s) {
		t.Errorf("%v: read back %+v, want %+v", err, back, s)
	}
}

func TestSnapshotTellsPeople(t *testing.T) {
	s, free := twoLoops(t)
	defer free()
	table := s.String()
	for _, want := range []string{"1 leased, ", " in 2 allocators, 2 misses", "512 B", "body", "head", "(no purpose)", "number", "job", "suspect: 1 × ", "mem.forget"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in\n%s", want, table)
		}
	}
	if strings.Contains(table, "larger") {
		t.Errorf("a class that was never used is in\n%s", table)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("memory", "mem", s)
	for _, want := range []string{"mem.leased=1", "mem.misses=2", "mem.purposes.body.leased=1", "mem.pools.number.out=2", "mem.suspects.0.count=1", "mem.forget"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in %s", want, log.String())
		}
	}
}

// fullDisk takes a few bytes.
type fullDisk int

var errFull = errors.New("full")

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), int(*d))
	*d -= fullDisk(n)
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// WriteTo says how much was written, and why not all of it.
func TestSnapshotWriteTo(t *testing.T) {
	s, free := twoLoops(t)
	defer free()
	table := s.String()
	for _, room := range []int{0, 1, len(table) / 2, len(table) - 1, len(table)} {
		disk := fullDisk(room)
		n, err := s.WriteTo(&disk)
		if n != int64(room) || (err == errFull) != (room < len(table)) {
			t.Errorf("with room for %d of %d: %d, %v", room, len(table), n, err)
		}
	}
}
