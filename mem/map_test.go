package mem

import (
	"math"
	"runtime"
	"testing"
)

func TestMap(t *testing.T) {
	for _, huge := range []bool{false, true} {
		for _, n := range []int{1, 4096, 5000, 3 << 20} {
			p, err := Map(n, huge)
			if err != nil {
				t.Fatalf("Map(%d, %v): %v", n, huge, err)
			}
			if len(p) != n || cap(p) != n {
				t.Errorf("Map(%d, %v): len %d, cap %d", n, huge, len(p), cap(p))
			}
			if address(p)%uintptr(pageSize) != 0 {
				t.Errorf("Map(%d, %v) is not on a page", n, huge)
			}
			if huge && runtime.GOOS == "linux" && address(p)%hugePage != 0 {
				t.Errorf("Map(%d, %v) is not on a huge page", n, huge)
			}
			for i, c := range p {
				if c != 0 {
					t.Fatalf("Map(%d, %v): byte %d is %d", n, huge, i, c)
				}
				p[i] = 1 // all of it is writable
			}
			if err := Unmap(p); err != nil {
				t.Errorf("Unmap: %v", err)
			}
		}
	}
}

func TestMapRefusesSizes(t *testing.T) {
	for _, n := range []int{0, -1, math.MinInt, math.MaxInt, math.MaxInt - 1<<20} {
		if p, err := Map(n, n%2 == 0); err == nil {
			t.Errorf("Map(%d) gave %d bytes", n, len(p))
		}
	}
}

func TestUnmapRefusesWhatIsNoMapping(t *testing.T) {
	p, err := Map(10_000, false)
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string][]byte{"nil": nil, "empty": p[:0], "inside": p[1:]} {
		if err := Unmap(q); err == nil {
			t.Errorf("Unmap of %s slice: no error", name)
		}
	}
	p[9_999] = 1 // still there
	if err := Unmap(p); err != nil {
		t.Error(err)
	}
}
