package tidy

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// checker checks one command of a document.
type checker struct {
	errorf func(format string, args ...any)
	files  []*File
	dir    string // where the command runs
}

// What the documents tell people to type exists: programs, packages, tests, flags,
// build tags and environment variables.
func TestCommandsExist(t *testing.T) {
	list, seen := files(t), 0
	for name, page := range pages(t) {
		for _, block := range page.Blocks {
			if block.Lang != "sh" {
				continue
			}
			for i, line := range strings.Split(block.Text, "\n") {
				c := checker{func(format string, args ...any) {
					t.Errorf("%s:%d: "+format, append([]any{name, block.Line + i}, args...)...)
				}, list, root(t)}
				if cmd := ParseCommand(line); len(cmd.Args) > 0 {
					seen++
					c.command(cmd)
				}
			}
		}
	}
	if seen < 15 {
		t.Errorf("only %d commands were found to check", seen)
	}
}

// The check notices what it is for.
func TestCommandsExistNotices(t *testing.T) {
	list := files(t)
	for line, bad := range map[string]bool{
		"go test ./...": false,
		"go test ./internal/tidy -run 'TestCommandsExist/x' -v": false,
		"RINGWIRE_TEST_DRIVER=netpoll go test -tags memguard .": false,
		"go run ./examples/hello -addr :1 -driver=uring":        false,
		"GOOS=windows go vet ./... # anything":                  false,
		".ci/run vet -l":                                        false,
		"go -C bench run ./compare -short":                      false,

		"RINGWIRE_TEST_DRIVERS=netpoll go test .": true,
		"go tset ./...":                   true,
		"go test ./nowhere":               true,
		"go test ./nowhere/...":           true,
		"go test ./docs":                  true,
		"go test -rnu X ./mem":            true,
		"go test -run TestNoSuch ./mem":   true,
		"go test -fuzz FuzzNoSuch ./...":  true,
		"go test -tags memgaurd ./mem":    true,
		"go run ./examples/hello -port 1": true,
		"go -C docs test .":               true,
		".ci/run everything":              true,
		"scripts/build.sh":                true,
		"make test":                       true,
	} {
		var found []string
		c := checker{func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }, list, root(t)}
		c.command(ParseCommand(line))
		if bad != (len(found) > 0) {
			t.Errorf("%s: found %q, want something: %v", line, found, bad)
		}
	}
}

// programs that people have, or are told to get.
var programs = []string{"cd", "curl", "docker", "git", "gofmt", "perf", "podman", "strace", "sysctl", "systemd-analyze", "wrk"}

func (c *checker) command(cmd Command) {
	for name := range cmd.Env {
		if strings.HasPrefix(name, "RINGWIRE_") && !c.anywhere(name) {
			c.errorf("nothing reads the variable %s", name)
		}
	}
	switch program := cmd.Args[0]; {
	case program == "go":
		c.goCommand(cmd.Args[1:])
	case strings.Contains(program, "/"):
		c.executable(program, cmd.Args[1:])
	case !slices.Contains(programs, program):
		c.errorf("%s is not a program that people have", program)
	}
}

// anywhere reports whether a string constant occurs in the module's Go files.
func (c *checker) anywhere(name string) bool {
	return slices.ContainsFunc(c.files, func(f *File) bool {
		return !strings.HasPrefix(f.Path, "internal/tidy/") && strings.Contains(f.Text, `"`+name+`"`)
	})
}

// executable is a script of the checkout; a step of .ci/run is one of its functions.
func (c *checker) executable(name string, args []string) {
	name = filepath.Join(c.dir, filepath.FromSlash(name))
	text, err := os.ReadFile(name)
	if err != nil {
		c.errorf("%v", err)
		return
	}
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") && !strings.Contains(string(text), "step_"+arg+"()") {
			c.errorf("%s has no step %s", name, arg)
		}
	}
}

// valued are the go command's flags that take the next word, where people write it so.
var valued = []string{"-run", "-bench", "-fuzz", "-fuzztime", "-tags", "-benchtime", "-count", "-exec", "-o", "-cpuprofile",
	"-memprofile", "-timeout", "-skip", "-list", "-sim.conns", "-sim.duration", "-sim.replay", "-sim.seed"}

var switches = []string{"-v", "-race", "-short", "-benchmem", "-diff", "-cover", "-c", "-http"}

func (c *checker) goCommand(args []string) {
	nested := false
	if len(args) > 1 && args[0] == "-C" {
		c.dir, nested = filepath.Join(c.dir, filepath.FromSlash(args[1])), true
		if _, err := os.Stat(filepath.Join(c.dir, "go.mod")); err != nil {
			c.errorf("%v", err)
		}
		args = args[2:]
	}
	if len(args) == 0 || !slices.Contains([]string{"build", "run", "test", "vet", "tool", "mod", "get", "doc"}, args[0]) {
		c.errorf("go %q is no command that this check knows", args)
		return
	}
	verb, values := args[0], map[string]string{}
	if verb == "tool" {
		return // each tool has flags of its own
	}
	var packages []string
	for args = args[1:]; len(args) > 0; args = args[1:] {
		flag, value, joined := strings.Cut(args[0], "=")
		switch {
		case verb == "run" && len(packages) > 0:
			c.programFlags(packages[0], args)
			args = args[:1]
		case slices.Contains(valued, flag):
			if !joined && len(args) > 1 {
				value = args[1]
				args = args[1:]
			}
			values[flag] = value
		case strings.HasPrefix(flag, "-") && !joined && !slices.Contains(switches, flag):
			c.errorf("this check does not know the flag %s: misspelt?", flag)
		case strings.HasPrefix(args[0], "."):
			packages = append(packages, args[0])
		}
	}
	for _, pkg := range packages {
		c.packageExists(pkg)
	}
	if verb == "test" && !nested {
		c.selected(values, packages)
	}
	if tag := values["-tags"]; tag != "" && !c.isTag(tag) {
		c.errorf("no file has the build tag %s", tag)
	}
}

func (c *checker) packageExists(pkg string) {
	dir := filepath.Join(c.dir, filepath.FromSlash(strings.TrimSuffix(strings.TrimSuffix(pkg, "..."), "/")))
	found, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	if len(found) == 0 && !strings.HasSuffix(pkg, "...") {
		c.errorf("%s is no package", pkg)
	}
	if _, err := os.Stat(dir); err != nil {
		c.errorf("%v", err)
	}
}

// programFlags checks the flags given to a program against its source.
func (c *checker) programFlags(pkg string, args []string) {
	var source strings.Builder
	names, _ := filepath.Glob(filepath.Join(c.dir, filepath.FromSlash(pkg), "*.go"))
	for _, name := range names {
		text, _ := os.ReadFile(name)
		source.Write(text)
	}
	for _, arg := range args {
		name, isFlag := strings.CutPrefix(arg, "-")
		name, _, _ = strings.Cut(name, "=")
		if isFlag && name != "" && (name[0] < '0' || name[0] > '9') && !strings.Contains(source.String(), `"`+name+`"`) {
			c.errorf("%s has no flag -%s", pkg, name)
		}
	}
}

var testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w*)\(`)

// selected wants that -run, -bench and -fuzz select something in every package named.
func (c *checker) selected(values map[string]string, packages []string) {
	for _, flag := range []string{"-run", "-bench", "-fuzz"} {
		pattern, given := values[flag]
		if pattern, _, _ = strings.Cut(pattern, "/"); !given || pattern == "^$" || pattern == "." {
			continue
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			c.errorf("%s: %v", flag, err)
			continue
		}
		for _, pkg := range packages {
			if !c.selects(re, pkg) {
				c.errorf("%s %s selects nothing in %s", flag, pattern, pkg)
			}
		}
	}
}

func (c *checker) selects(re *regexp.Regexp, pkg string) bool {
	dir, all := strings.CutSuffix(path.Clean(pkg), "...")
	for _, f := range c.files {
		if !f.Test || f.Dir() != dir && !(all && strings.HasPrefix(f.Path, strings.TrimPrefix(dir, "./"))) {
			continue
		}
		for _, m := range testFunc.FindAllStringSubmatch(f.Text, -1) {
			if re.MatchString(m[1]) {
				return true
			}
		}
	}
	return false
}

var constraint = regexp.MustCompile(`(?m)^//go:build (.*)$`)

func (c *checker) isTag(tag string) bool {
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(tag) + `\b`)
	return slices.ContainsFunc(c.files, func(f *File) bool {
		m := constraint.FindStringSubmatch(f.Text)
		return m != nil && word.MatchString(m[1])
	})
}
