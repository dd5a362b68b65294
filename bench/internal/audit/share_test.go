package audit

import "testing"

func TestByShare(t *testing.T) {
	sites := []Site{
		{Func: "little", Objects: 10, Bytes: 100},
		{Func: "many small ones", Objects: 1000, Bytes: 16_000},
		{Func: "one large one", Objects: 1, Bytes: 1 << 20},
		{Func: "another little", Objects: 10, Bytes: 100},
	}
	byShare(sites)
	got := ""
	for _, s := range sites {
		got += s.Func + "; "
	}
	if want := "one large one; many small ones; another little; little; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	byShare(nil)
}

func TestMerge(t *testing.T) {
	sites := merge([]Site{
		{Func: "f", Objects: 5, Bytes: 500, Stack: []string{"f f.go:1", "often"}},
		{Func: "g", Objects: 4, Bytes: 400, Stack: []string{"g g.go:1"}},
		{Func: "g", Objects: 3, Bytes: 300, Retained: 7, Stack: []string{"g g.go:1", "seldom"}},
		{Func: "f", Objects: 1, Bytes: 100, Stack: []string{"f f.go:2"}},
	})
	if len(sites) != 3 || sites[0].Func != "g" || sites[0].Objects != 7 || sites[0].Bytes != 700 || sites[0].Retained != 7 || len(sites[0].Stack) != 1 {
		t.Errorf("got %+v, want g first, as one", sites)
	}
	if got := merge(nil); got == nil || len(got) != 0 {
		t.Errorf("nothing: got %#v, want an empty list, which is an answer", got)
	}
}
