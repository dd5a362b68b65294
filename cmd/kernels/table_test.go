package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTables(t *testing.T) {
	old, bad := good(), good()
	old.Kernel = "5.10"
	old.Facts = map[string]string{"release": "5.10.262", "driver": "netpoll", "reason": strings.Repeat("reason ", 30), "feature bundles": "no"}
	bad.Kernel = "6.17"
	bad.Outcomes[1].Failed = 3
	bad.Facts["self-test bundles"] = "ring: bundles: self-test: half | of it"
	text := tables([]*result{old, good(), bad})
	for _, want := range []string{
		"| 5.10 | 5.10.262 | netpoll | ✓ | 10 | – | – | – | – | 60 | 2026-01-01 |\n",
		"| 6.17 | 6.12.118-cloud | uring | ✓ | 3 FAILED |",
		"On 5.10, netpoll:\nreason reason",
		"| bundles | – | ✓ | ✓ |\n",
		"| self-test bundles | – | – | ring: bundles: self-test: half / of it |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	columns := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			if columns = 0; len(line) > 120 {
				t.Errorf("too long: %q", line)
			}
			continue
		}
		n := strings.Count(line, "|")
		if columns != 0 && n != columns {
			t.Errorf("%d columns, not %d: %q", n-1, columns-1, line)
		}
		columns = n
	}
}

func TestWriteBetween(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	for range 2 { // again and again
		if _, err := os.Stat(file); err != nil {
			if err := os.WriteFile(file, []byte("head\n"+beginMark+"old\n"+endMark+"tail\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := writeBetween(file, "| new |\n"); err != nil {
			t.Fatal(err)
		}
		got, _ := os.ReadFile(file)
		if want := "head\n" + beginMark + "\n| new |\n\n" + endMark + "tail\n"; string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if err := os.WriteFile(file, []byte("no marks\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeBetween(file, "x"); err == nil {
		t.Error("a page without marks was written")
	}
}

func TestList(t *testing.T) {
	s := shelf{t.TempDir()}
	if err := os.MkdirAll(s.path(floor, ""), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path(floor, "version"), []byte("6.1.192-2"), 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := list(&b, s); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "6.1   6.1.192-2\n") || !strings.Contains(got, "6.12  not fetched\n") {
		t.Errorf("got\n%s", got)
	}
}
