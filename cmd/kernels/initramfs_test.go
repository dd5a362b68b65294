package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unpackCpio reads an archive by the format's words, and no further than this test's needs.
func unpackCpio(t *testing.T, b []byte) (names []string, files map[string]string) {
	files = map[string]string{}
	at := 0
	for {
		if len(b) < at+110 || string(b[at:at+6]) != "070701" {
			t.Fatalf("no header at %d", at)
		}
		field := func(i int) (n int) {
			if _, err := fmt.Sscanf(string(b[at+6+8*i:at+14+8*i]), "%08x", &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		mode, size, nameLen := field(1), field(6), field(11)
		name := string(b[at+110 : at+110+nameLen-1])
		at = (at + 110 + nameLen + 3) &^ 3
		if name == "TRAILER!!!" {
			return names, files
		}
		names = append(names, name)
		files[name] = fmt.Sprintf("%o %s", mode, b[at:at+size])
		at = (at + size + 3) &^ 3
	}
}

func TestInitramfs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	err := writeInitramfs(&b, []entry{
		{name: "init", file: file, mode: 0o755},
		{name: "a/b/c", content: []byte("x"), mode: 0o644},
		{name: "a/d", content: nil, mode: 0o600},
	})
	if err != nil {
		t.Fatal(err)
	}
	names, files := unpackCpio(t, b.Bytes())
	if want := []string{"init", "a", "a/b", "a/b/c", "a/d"}; !slices.Equal(names, want) {
		t.Errorf("the names are %q, want %q", names, want)
	}
	for name, want := range map[string]string{
		"init": "100755 from a file", "a": "40755 ", "a/b": "40755 ", "a/b/c": "100644 x", "a/d": "100600 ",
	} {
		if files[name] != want {
			t.Errorf("%s is %q, want %q", name, files[name], want)
		}
	}
	listed(t, b.Bytes(), names)
}

// listed asks cpio itself, where it is installed.
func listed(t *testing.T, archive []byte, want []string) {
	program, err := exec.LookPath("cpio")
	if err != nil {
		t.Log(err)
		return
	}
	cmd := exec.Command(program, "-it", "--quiet")
	cmd.Stdin = bytes.NewReader(archive)
	out, err := cmd.Output()
	if got := strings.Fields(string(out)); err != nil || !slices.Equal(got, want) {
		t.Errorf("cpio lists %q, %v, want %q", got, err, want)
	}
}

func TestInitramfsMissingFile(t *testing.T) {
	if err := writeInitramfs(new(bytes.Buffer), []entry{{name: "x", file: filepath.Join(t.TempDir(), "none")}}); err == nil {
		t.Error("a file that is not there is no error")
	}
}
