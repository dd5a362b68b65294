package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/ring"
)

// The test binary plays the command, and what the command runs.
const roleEnv = "RINGWIRE_NOURING_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "command":
		_ = os.Setenv(roleEnv, "child")
		main()
	case "child":
		fmt.Printf("ran with %q: %v\n", os.Args[1:], ring.Available())
		os.Exit(7)
	}
	os.Exit(m.Run())
}

// command is nouring with these arguments.
func command(t *testing.T, args ...string) (out string, status int) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), roleEnv+"=command")
	text, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// The command runs with its arguments and its status, and ring says who forbids what.
func TestForbids(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{nil, {"-errno", "ENOSYS"}} {
		out, status := command(t, append(flags, self, "a", "b c")...)
		if status == 126 {
			if runtime.GOOS == "linux" && !strings.Contains(out, "seccomp") {
				t.Fatal(out)
			}
			t.Skip(out)
		}
		if status != 7 || !strings.Contains(out, `ran with ["a" "b c"]: ring: `) {
			t.Errorf("%q: it ended with %d and said %q", flags, status, out)
		}
		if !strings.Contains(out, "seccomp") && !strings.Contains(out, "io_uring_disabled") {
			t.Errorf("%q: io_uring was not refused by the filter: %q", flags, out)
		}
		if strings.Contains(out, "not implemented") != (flags != nil) {
			t.Errorf("%q: another errno: %q", flags, out)
		}
	}
}

func TestFailures(t *testing.T) {
	if out, status := command(t); status != 2 || !strings.Contains(out, "usage") {
		t.Errorf("without a command it ended with %d and said %q", status, out)
	}
	if out, status := command(t, "-errno", "EIO", "true"); status != 126 || out == "" {
		t.Errorf("with an errno of no filter it ended with %d and said %q", status, out)
	}
	if out, status := command(t, "no-such-command"); status != 126 || out == "" {
		t.Errorf("with a command that is not there it ended with %d and said %q", status, out)
	}
}
