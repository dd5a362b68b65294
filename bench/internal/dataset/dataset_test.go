package dataset

import (
	"encoding/json"
	"math"
	"testing"
)

func TestAppendJSONEqualsEncodingJSON(t *testing.T) {
	for _, m := range []int{1, 2, 7, 0, -3, 1_000_000} {
		for count := 0; count <= Size; count++ {
			want, err := json.Marshal(Priceds(count, m))
			if err != nil {
				t.Fatal(err)
			}
			if got := AppendJSON(nil, count, m); string(got) != string(want) {
				t.Fatalf("count %d, m %d:\n got %s\nwant %s", count, m, got, want)
			}
		}
	}
}

func TestAppendJSONClampsCount(t *testing.T) {
	if got, want := AppendJSON(nil, -1, 1), `{"items":[],"count":0}`; string(got) != want {
		t.Errorf("count -1: got %s, want %s", got, want)
	}
	if got, want := AppendJSON(nil, Size+1, 1), AppendJSON(nil, Size, 1); string(got) != string(want) {
		t.Errorf("a count above the list's size must give the whole list, got %d bytes, want %d", len(got), len(want))
	}
}

func TestAppendJSONAppends(t *testing.T) {
	if got, want := string(AppendJSON([]byte("x"), 0, 1)), `x{"items":[],"count":0}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAppendStringEqualsEncodingJSON(t *testing.T) {
	inputs := []string{"", "plain", `quote " backslash \`, "<b>&amp;</b>", "tab\tnl\ncr\rbs\bff\f", "\x00\x1f", "grün €"}
	for c := range 128 {
		inputs = append(inputs, "a"+string(rune(c))+"b")
	}
	for _, s := range inputs {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendString(nil, s); string(got) != string(want) {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}

func TestMaxJSONIsEnough(t *testing.T) {
	if n := len(AppendJSON(nil, Size, math.MaxInt32)); n > MaxJSON {
		t.Errorf("the largest response has %d bytes, MaxJSON is %d", n, MaxJSON)
	}
	dst := make([]byte, 0, MaxJSON)
	if n := testing.AllocsPerRun(100, func() { dst = AppendJSON(dst[:0], Size, 3) }); n != 0 {
		t.Errorf("%v allocations with room for MaxJSON, want none", n)
	}
}

func TestItems(t *testing.T) {
	list := Items()
	if len(list) != Size {
		t.Fatalf("%d items, want %d", len(list), Size)
	}
	active := 0
	for i, it := range list {
		if it.ID != i+1 || it.Name == "" || it.Category == "" || it.Price <= 0 || it.Quantity <= 0 || len(it.Tags) == 0 {
			t.Errorf("item %d is incomplete: %+v", i, it)
		}
		if it.Active {
			active++
		}
	}
	if active == 0 || active == Size {
		t.Errorf("%d of %d active: the list should vary", active, Size)
	}
	list[0].Name = "changed"
	if Items()[0].Name == "changed" {
		t.Error("Items handed out the list itself, not a copy")
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	dst := make([]byte, 0, MaxJSON)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendJSON(dst[:0], Size, 3)
	}
	b.SetBytes(int64(len(dst)))
}

func TestBufferHasRoom(t *testing.T) {
	b := GetBuffer()
	defer PutBuffer(b)
	if len(*b) != 0 || cap(*b) < MaxJSON {
		t.Errorf("len %d, cap %d, want an empty buffer with room for %d", len(*b), cap(*b), MaxJSON)
	}
}
