package mem

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// hot are the functions that every request passes; nothing of the guards may be in them
// in an ordinary build. What they inline is part of their code. mem.release and its like are
// this package's tests' callers of Release and Put.
var hot = []string{
	"mem.(*Allocator).Lease", "mem.(*Account).Lease", "mem.Lease.release", "mem.release", "mem.borrow",
	"mem.(*Segments).Append", "mem.(*Segments).Discard", "mem.(*Segments).Read", "mem.(*Segments).Release",
	"mem.(*Segments).newNode", "mem.(*Segments).write", "mem.(*node).release",
	"mem.(*Writer).Reserve", "mem.(*Writer).Commit",
	"mem.(*Pool[...]).Get", "mem.(*Pool[...]).get", "mem.(*Pool[...]).Put", "mem.(*Pool[...]).put",
}

// guarded are those in which a checking build does have guards, seen by the same look: one
// for each way to see them, by the line and by the call.
var guarded = []string{
	"mem.borrow", "mem.Lease.Release", "mem.(*block).releaseSlow", "mem.(*Segments).Append", "mem.(*Segments).newNode",
	"mem.(*node).release", "mem.(*Allocator).leaseLocked", "mem.(*Pool[...]).make", "mem.(*Pool[...]).put",
}

// borrow is somebody who clones, looks and gives back: all of it inlined here.
//
//go:noinline
func borrow(l Lease) int {
	c := l.Clone()
	defer c.Release()
	return len(c.Bytes()) + c.Cap()
}

// TestNoGuardInHotPath reads the machine code of this package: in an ordinary build not one
// instruction of the hot functions stems from a guard, nor do they call one. The same look at
// a checking build must find guards, else it would prove nothing.
func TestNoGuardInHotPath(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds two test binaries")
	}
	gotool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go tool to build with")
	}
	if out, err := exec.Command(gotool, "tool", "objdump", "-h").CombinedOutput(); !strings.Contains(string(out), "usage") {
		t.Skipf("no disassembler: %v %s", err, out)
	}
	borrow(leaseOf(NewAllocator(Config{}), 0, nil)) // the linker keeps what is used

	plain := guardsIn(t, gotool, "", hot)
	for _, name := range hot {
		at, found := plain[name]
		if !found {
			t.Errorf("%s is not in the binary: is it called otherwise by now?", name)
		}
		if len(at) > 0 {
			t.Errorf("guards in %s:\n%s", name, strings.Join(at, "\n"))
		}
	}
	checking := guardsIn(t, gotool, "memguard", guarded)
	for _, name := range guarded {
		if len(checking[name]) == 0 {
			t.Errorf("no guard was seen in %s of a checking build: the look at the ordinary one proves nothing", name)
		}
	}
}

var (
	instantiation = regexp.MustCompile(`\[.*\]`)
	// fromGuard matches an instruction that was compiled from one of the guards' files, or
	// that calls a function of theirs.
	fromGuard = regexp.MustCompile(`^\s*(pool_)?guard_(on|off|pages|poison)\.go:|` +
		`mem\.\(\*\w+(\[.*\])?\)\.(check|note[A-Z]|quarantine|drain|describe|endOldest)\w*\(|mem\.(poison|poisoned|protect|fill)\(SB\)`)
)

// guardsIn builds this package's tests with a tag and gives, for each of the functions that
// is there, the instructions that belong to guards.
func guardsIn(t *testing.T, gotool, tag string, functions []string) map[string][]string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "mem.test.exe")
	build := exec.Command(gotool, "test", "-c", "-race=false", "-tags="+tag, "-o", bin, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building with tag %q: %v\n%s", tag, err, out)
	}
	var names []string
	for _, name := range functions {
		name = strings.ReplaceAll(regexp.QuoteMeta(name), `\[\.\.\.\]`, `\[.*\]`)
		names = append(names, name)
	}
	out, err := exec.Command(gotool, "tool", "objdump", "-s", `/(`+strings.Join(names, "|")+`)$`, bin).Output()
	if err != nil {
		t.Fatalf("disassembling: %v", err)
	}
	found := map[string][]string{}
	name := ""
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "TEXT "); ok {
			text, _, _ = strings.Cut(text, "(SB)")
			name = instantiation.ReplaceAllString(text, "[...]")
			name = name[strings.LastIndexByte(name, '/')+1:]
			if _, ok := found[name]; !ok {
				found[name] = nil
			}
		} else if fromGuard.MatchString(line) {
			found[name] = append(found[name], strings.TrimRight(line, "\n"))
		}
	}
	return found
}

// TestReleaseIsInlined: what is called once per buffer is to be a few instructions where it is
// called, and never to be called in vain.
func TestReleaseIsInlined(t *testing.T) {
	gotool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go tool to build with")
	}
	out, err := exec.Command(gotool, "build", "-race=false", "-tags=", "-gcflags=-m", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{
		"Lease.Release", "Lease.Clone", "Lease.Bytes", "Lease.Cap", "Lease.Share",
		"(*class).push", "(*node).view", "(*node).room", "(*block).sole", "(*block).addRef",
	} {
		if !strings.Contains(string(out), "can inline "+name+"\n") {
			t.Errorf("the compiler cannot inline %s", name)
		}
	}
}
