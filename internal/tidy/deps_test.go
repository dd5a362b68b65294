package tidy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var requirement = regexp.MustCompile(`(?m)^(?:require)?\s+([a-z0-9.-]+\.[a-z]+/\S+) v\S+`)

// A product's dependencies become those of everybody who uses it.
func TestDependenciesAreArgued(t *testing.T) {
	mod, decisions := read(t, "go.mod"), read(t, "docs/DECISIONS.md")
	found := requirement.FindAllStringSubmatch(mod, -1)
	if len(found) != strings.Count(mod, " v") {
		t.Fatalf("cannot read go.mod: found %q in\n%s", found, mod)
	}
	for _, m := range found {
		if !strings.Contains(decisions, m[1]) {
			t.Errorf("docs/DECISIONS.md does not say why the product depends on %s", m[1])
		}
	}
}

func TestGoFloor(t *testing.T) {
	if mod := read(t, "go.mod"); !strings.Contains(mod, "\ngo 1.25.0\n") {
		t.Errorf("go.mod asks for another Go than 1.25.0, the floor that is promised:\n%s", mod)
	}
	if !strings.Contains(read(t, "README.md"), "Go 1.25") {
		t.Error("README.md does not name the Go floor")
	}
}

// read is a file of the checkout.
func read(t *testing.T, name string) string {
	text, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
