package audit_test // its functions must not look like the audit's own

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/bench/internal/audit"
	"github.com/ringwire/ringwire/bench/internal/audit/audittest"
)

// The profile must be exact from the start of the process, which takes a process of its own.
func TestCulprits(t *testing.T) {
	if os.Getenv("GODEBUG") == "" {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestCulprits$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG=memprofilerate=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	in, commands := io.Pipe()
	answers, out := io.Pipe()
	audit.Start(in, out)
	c := audit.NewController(commands, answers, io.Discard)
	if err := c.Ask("mark", nil); err != nil {
		t.Fatal(err)
	}
	audittest.Drop(1000)
	audittest.Keep(100)
	var sites []audit.Site
	if err := c.Ask("culprits", &sites); err != nil {
		t.Fatal(err)
	}
	if len(sites) < 2 || !strings.HasSuffix(sites[0].Func, "audittest.Drop") || sites[0].Objects != 1000 || sites[0].Bytes != 1000<<10 {
		t.Fatalf("want audittest.Drop first: %+v", sites)
	}
	if len(sites[0].Stack) < 2 || !strings.Contains(sites[0].Stack[0], "audittest.go:") {
		t.Errorf("stack %q", sites[0].Stack)
	}
	for _, s := range sites {
		if strings.HasSuffix(s.Func, "audittest.Keep") {
			if s.Retained < 100<<10 {
				t.Errorf("%d bytes retained, want 100 KiB: %+v", s.Retained, s)
			}
			return
		}
		if strings.Contains(s.Func, "internal/audit.") {
			t.Errorf("the audit's own: %+v", s)
		}
	}
	t.Errorf("audittest.Keep is missing: %+v", sites)
}
