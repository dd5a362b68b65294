package mem

import "testing"

// The sums in class.go are right.
func TestSlabSums(t *testing.T) {
	full, mapped, headers := 0, 0, 0
	for i, want := range [numClasses]int{128 << 10, 512 << 10, 1 << 20, 1 << 20, 1 << 20, 1 << 20} {
		n := slabBlocks(defaultSlabSize, classSize[i])
		if n*classSize[i] != want {
			t.Errorf("a slab of class %d has %d bytes, want %d", classSize[i], n*classSize[i], want)
		}
		if want == defaultSlabSize {
			full++
		}
		mapped, headers = mapped+want, headers+n
	}
	if full != fullClasses || mapped != 4<<20+640<<10 || headers != 852 {
		t.Errorf("%d full classes, %d bytes, %d headers", full, mapped, headers)
	}
}

// They are what an allocator that has used each class once has mapped.
func TestSlabSumsAreMapped(t *testing.T) {
	if guard {
		t.Skip("a checking build has no slabs")
	}
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	for _, n := range classSize {
		a.Lease(n).Release()
	}
	if n := a.Stats().Mapped; n != 4<<20+640<<10 {
		t.Errorf("%d bytes are mapped", n)
	}
}

func TestClassOf(t *testing.T) {
	for n := 1; n <= maxClass; n++ {
		c := classOf(n)
		if classSize[c] < n || c > 0 && classSize[c-1] >= n {
			t.Fatalf("%d bytes are of class %d", n, classSize[c])
		}
	}
}
