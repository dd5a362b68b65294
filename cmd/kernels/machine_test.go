package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/guest"
)

// console is what a guest's serial line brings.
func console(events ...guest.Event) *bytes.Buffer {
	b := bytes.NewBufferString("\x1b[2JSeaBIOS\r\n[    0.0] Linux\r\n")
	for _, e := range events {
		_ = e.Write(b)
		b.WriteString("[   1.0] noise\r\n")
	}
	return b
}

func TestListen(t *testing.T) {
	events := []guest.Event{
		{Fact: &guest.Fact{Name: "driver", Value: "uring"}},
		{Done: &guest.Outcome{Job: "ring", Passed: 3, Failed: 1, Output: "--- FAIL: TestX"}},
	}
	for _, c := range []struct {
		more  []guest.Event
		ended bool
	}{{nil, false}, {[]guest.Event{{End: true}}, true}} {
		var said bytes.Buffer
		m, r := machine{console: &said}, &result{Kernel: "6.1"}
		tail, ended := m.listen(console(append(events, c.more...)...), r)
		if ended != c.ended || r.Facts["driver"] != "uring" || r.outcome("ring") == nil || r.outcome("ring").Passed != 3 {
			t.Errorf("ended %v, want %v; %+v", ended, c.ended, r)
		}
		if !strings.HasSuffix(tail, "noise") || strings.Contains(tail, "@ringwire") {
			t.Errorf("the console's end is %q", tail)
		}
		if got := said.String(); !strings.Contains(got, "6.1: ring: FAILED, 3 passed, 1 failed, 0 skipped") || !strings.Contains(got, "    --- FAIL: TestX") {
			t.Errorf("it told %q", got)
		}
	}
}

// What is kept of a console that never ends is bounded.
func TestListenBounded(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		_, _ = w.Write(bytes.Repeat([]byte("panic\n"), 10*tailLines))
		_ = w.Close()
	}()
	m := machine{console: io.Discard}
	if tail, _ := m.listen(r, &result{}); strings.Count(tail, "\n")+1 != tailLines {
		t.Errorf("kept %d lines, want %d", strings.Count(tail, "\n")+1, tailLines)
	}
}

func TestArgs(t *testing.T) {
	m := machine{cpus: 3, memory: 77}
	args := m.args("image", "initrd")
	for _, want := range []string{"3", "77", "image", "initrd"} {
		if !slices.Contains(args, want) {
			t.Errorf("%q is not in %q", want, args)
		}
	}
	if !strings.Contains(args[len(args)-1], "quiet") {
		t.Errorf("the kernel talks: %q", args[len(args)-1])
	}
	if m.verbose = true; strings.Contains(strings.Join(m.args("", ""), " "), "quiet") {
		t.Error("with -v the kernel is quiet")
	}
}

// standIn puts a script in the emulator's place.
func standIn(t *testing.T, script string) {
	if runtime.GOOS == "windows" {
		t.Skip("scripts are run by a shell")
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, emulator), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// However a guest ends, the result says it.
func TestBootEnds(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"to the end":   {`echo '@ringwire {"End":true}'`, ""},
		"before":       {`echo 'Kernel panic'`, "before its last job"},
		"with status":  {`echo '@ringwire {"End":true}'; exit 3`, "exit status 3"},
		"not in time":  {`exec sleep 30`, "no end within 300ms"},
		"at its start": {`exit 1`, "before its last job"},
	} {
		t.Run(name, func(t *testing.T) {
			standIn(t, c.script)
			m := machine{cpus: 1, memory: 1, limit: 10 * time.Second, console: io.Discard}
			if strings.Contains(c.want, "300ms") {
				m.limit = 300 * time.Millisecond
			}
			r := m.boot(context.Background(), &kernel{name: "x", image: "i"}, "initrd")
			if (r.Error == "") != (c.want == "") || !strings.Contains(r.Error, c.want) {
				t.Errorf("got %q, want %q", r.Error, c.want)
			}
			if name == "before" && r.Console != "Kernel panic" {
				t.Errorf("the console's end is %q", r.Console)
			}
		})
	}
}

// A guest that has said nothing has a second chance, and no third; one that has said something has none.
func TestTryAgain(t *testing.T) {
	const works = `echo '@ringwire {"Fact":{"Name":"driver","Value":"uring"}}'; echo '@ringwire {"End":true}'`
	for name, c := range map[string]struct {
		first, then string
		boots       int
		kept        string // of the first
		ok          bool
	}{
		"well":          {works, "exit 1", 1, "", true},
		"at the second": {"echo panic", works, 2, "before its last job", true},
		"never":         {"echo panic", "exit 1", 2, "before its last job", false},
		"hung":          {"exec sleep 30", works, 2, "no end within", true},
		"later":         {`echo '@ringwire {"Fact":{"Name":"driver","Value":"uring"}}'`, works, 1, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			count := filepath.Join(dir, "boots")
			standIn(t, "echo x >>"+count+"; if [ $(wc -l <"+count+") = 1 ]; then "+c.first+"; else "+c.then+"; fi")
			var said bytes.Buffer
			m := machine{cpus: 1, memory: 1, limit: 10 * time.Second, console: &said}
			if name == "hung" {
				m.limit = 2 * time.Second // which the second has, too
			}
			image := filepath.Join(dir, "image")
			if err := os.WriteFile(image, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			r := m.try(context.Background(), &kernel{name: "x", image: image}, &suite{}, dir)
			boots, _ := os.ReadFile(count)
			if n := strings.Count(string(boots), "x"); n != c.boots || (r.Error == "") != c.ok || (r.First == "") != (c.kept == "") ||
				!strings.Contains(r.First, c.kept) || !strings.Contains(r.summary(), r.First) {
				t.Errorf("%d boots, want %d; %s", n, c.boots, r.summary())
			}
			if told := strings.Contains(said.String(), "once more"); told != (c.boots == 2) {
				t.Errorf("it told %q", said.String())
			}
		})
	}
}
