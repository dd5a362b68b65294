package tidy

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	stepDefined = regexp.MustCompile(`(?m)^step_([a-z]+)\(\)`)
	stepsRun    = regexp.MustCompile(`(?m)^\t(?:run|together) (.+)$`)
)

// Each step of .ci/run is part of the whole run, once.
func TestStepsRun(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	_, all, _ := strings.Cut(string(text), "\nall() {\n")
	all, _, _ = strings.Cut(all, "\n}\n")
	var defined, run []string
	for _, m := range stepDefined.FindAllStringSubmatch(string(text), -1) {
		defined = append(defined, m[1])
	}
	for _, m := range stepsRun.FindAllStringSubmatch(all, -1) {
		run = append(run, strings.Fields(m[1])...)
	}
	slices.Sort(defined)
	slices.Sort(run)
	if !slices.Equal(defined, run) || len(run) < 10 {
		t.Errorf("the steps are\n%v, and those of the whole run\n%v", defined, run)
	}
}
