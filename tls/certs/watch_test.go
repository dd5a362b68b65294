package certs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWatched(t *testing.T) {
	dir := t.TempDir()
	name, other := filepath.Join(dir, "f"), filepath.Join(dir, "g")
	long := time.Now().Add(-time.Hour)
	age := func(name string) {
		if err := os.Chtimes(name, long, long); err != nil {
			t.Fatal(err)
		}
	}
	var w watched
	expect := func(what string, want bool) {
		t.Helper()
		if got := w.changed([]string{name}, time.Now()); got != want {
			t.Errorf("%s: changed is %v, want %v", what, got, want)
		}
	}
	write(t, name, []byte("one"))
	age(name)
	expect("never seen", true)
	expect("as before", false)
	write(t, name, []byte("two"))
	expect("written", true)
	expect("written just now: a second write would not show", true)
	age(name)
	expect("another time", true)
	expect("as before", false)
	write(t, other, []byte("six"))
	age(other)
	if err := os.Rename(other, name); err != nil {
		t.Fatal(err)
	}
	expect("same time and size, another file", true)
	write(t, name, []byte("seven"))
	age(name)
	expect("same time and file, another size", true)
	expect("as before", false)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	expect("gone", true)
	expect("still gone", false)
	write(t, name, []byte("x"))
	expect("there again", true)
}

func TestAlarm(t *testing.T) {
	var a alarm
	one, two := errors.New("one"), errors.New("two")
	for i, step := range []struct {
		err  error
		told bool
	}{{one, false}, {one, true}, {one, false}, {two, false}, {two, true}, {nil, false}, {two, false}, {nil, false}, {two, false}, {two, true}} {
		if got := a.found(step.err); got != step.told {
			t.Errorf("step %d: told is %v, want %v", i, got, step.told)
		}
		if a.failing() != (step.err != nil) {
			t.Errorf("step %d: failing is %v", i, a.failing())
		}
	}
	a.tell(one)
	if a.found(one) {
		t.Error("what was told at once is told again")
	}
}
