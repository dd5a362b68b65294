package oldkernel

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/ring"
)

// A process with the variable has the kernel that it names: this binary, run again, looks.
func TestEmulates(t *testing.T) {
	if want := os.Getenv("OLDKERNEL_TEST_WANT"); want != "" {
		if got := ring.Probe().Kernel.String(); got != want {
			t.Errorf("the kernel is %s, want %s", got, want)
		}
		return
	}
	for text, want := range map[string]string{"6.0": "6.0", "5.19": "5.19", "6": "", "x": "", "6.0.1": "", "six.one": ""} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestEmulates$")
		cmd.Env = append(os.Environ(), Env+"="+text, "OLDKERNEL_TEST_WANT="+want+"?")
		if want != "" {
			cmd.Env = append(os.Environ(), Env+"="+text, "OLDKERNEL_TEST_WANT="+want)
		}
		out, err := cmd.CombinedOutput()
		if (err == nil) != (want != "") {
			t.Errorf("%q: %v\n%s", text, err, out)
		}
		if want == "" && !strings.Contains(string(out), "want a version") {
			t.Errorf("%q: it said %q", text, out)
		}
	}
}
