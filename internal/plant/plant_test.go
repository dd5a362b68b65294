package plant_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingIsPlanted: an ordinary build of the server has no call of this package and no name of it, and a build with
// the tag has, or the look would prove nothing.
func TestNothingIsPlanted(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds two binaries")
	}
	gotool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go tool to build with")
	}
	if out, err := exec.Command(gotool, "tool", "nm", "-h").CombinedOutput(); !strings.Contains(string(out), "usage") {
		t.Skipf("no symbol table to be read: %v %s", err, out)
	}
	symbols := func(tag string) string {
		bin := filepath.Join(t.TempDir(), "hello.exe")
		build := exec.Command(gotool, "build", "-tags="+tag, "-o", bin, "github.com/ringwire/ringwire/examples/hello")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building with tag %q: %v\n%s", tag, err, out)
		}
		out, err := exec.Command(gotool, "tool", "nm", bin).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if strings.Contains(symbols(""), "internal/plant.") {
		t.Error("an ordinary build has something of package plant")
	}
	if !strings.Contains(symbols("ringwire_plant"), "internal/plant.planted") {
		t.Error("a build with the tag has nothing of package plant: the look proves nothing")
	}
}
