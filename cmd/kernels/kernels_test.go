package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

func TestParseMinor(t *testing.T) {
	for s, want := range map[string]minor{
		"6.1": {6, 1}, "6.12.118+deb13-cloud-amd64": {6, 12}, "7.3.4-1~bpo13+1": {7, 3}, "5.10": {5, 10},
	} {
		if got, ok := parseMinor(s); !ok || got != want {
			t.Errorf("%s: got %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "6", "x6.1", "6.x", "6.99999999999999999999"} {
		if got, ok := parseMinor(s); ok {
			t.Errorf("%q: got %v", s, got)
		}
	}
	if !(minor{5, 19}).less(floor) || (minor{6, 1}).less(floor) || (minor{6, 12}).less(floor) || (minor{7, 0}).less(floor) {
		t.Error("the floor is at the wrong place")
	}
}

// The short form has a kernel on each side of the floor, and both are known.
func TestShortly(t *testing.T) {
	below, above := 0, 0
	for _, m := range shortly {
		if m.less(floor) {
			below++
		} else {
			above++
		}
		if suites := suitesFor([]minor{m}); slices.Contains(suites, "sid") {
			t.Errorf("%v is looked for in %v: lists that are large", m, suites)
		}
	}
	if below == 0 || above == 0 {
		t.Errorf("%d below the floor, %d from there on", below, above)
	}
}

// Each suite is asked once, and a line that nobody knows is looked for where new ones are.
func TestSuitesFor(t *testing.T) {
	got := suitesFor([]minor{{6, 1}, {6, 17}, {6, 18}, {99, 0}})
	if want := []string{"bookworm", "bookworm-security", "trixie-backports", "sid"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestImagePattern(t *testing.T) {
	re := regexp.MustCompile(imagePattern(minor{6, 1}))
	for name, want := range map[string]bool{
		"linux-image-6.1.0-56-cloud-amd64":         true,
		"linux-image-6.12.118+deb13-cloud-amd64":   false,
		"linux-image-6.1.0-56-amd64":               false,
		"linux-image-6.1.0-56-cloud-amd64-dbg":     false,
		"linux-image-16.1.0-56-cloud-amd64":        false,
		"linux-image-6.1.0-56-cloud-amd64-signed4": false,
	} {
		if re.MatchString(name) != want {
			t.Errorf("%s: want %v", name, want)
		}
	}
}

func TestGiven(t *testing.T) {
	dir := t.TempDir()
	image, mod := filepath.Join(dir, "bzImage"), filepath.Join(dir, "ipv6.ko")
	for _, f := range []string{image, mod} {
		if err := os.WriteFile(f, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k, err := given(image, mod+","+mod)
	if err != nil || k.name != "bzImage" || len(k.modules) != 2 || k.version != "" {
		t.Errorf("got %+v, %v", k, err)
	}
	if _, err := given(image, mod+"x"); err == nil {
		t.Error("a module that is not there is no error")
	}
}
