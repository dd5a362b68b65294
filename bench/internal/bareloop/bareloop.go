//go:build linux

// Package bareloop holds the floor of a broadcast, a C program, and compiles it where there is a compiler. No Go and no
// cgo: what Go costs is part of what is measured against it.
package bareloop

import (
	"bytes"
	_ "embed"
	"fmt"
	"os/exec"
	"strings"
)

//go:embed c/broadcast.c
var source []byte

// Missing says why the program cannot be compiled here, nil if it can.
func Missing() error { return compile("-fsyntax-only") }

// Compile makes the program at path.
func Compile(path string) error { return compile("-O2", "-o", path) }

func compile(args ...string) error {
	cc, err := exec.LookPath("gcc")
	if err != nil {
		return fmt.Errorf("no C compiler is installed (apt-get install gcc libc6-dev)")
	}
	cmd := exec.Command(cc, append([]string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-x", "c", "-"}, args...)...)
	cmd.Stdin = bytes.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("gcc does not compile it: %w: %s", err, firstError(string(out)))
	}
	return nil
}

// firstError is the line that counts.
func firstError(out string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "error:") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(out)
}
