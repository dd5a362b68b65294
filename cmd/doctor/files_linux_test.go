package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/internal/denied"
	"github.com/ringwire/ringwire/ring"
)

// ringCalls are what no profile and no unit may lack.
var ringCalls = []string{"io_uring_setup", "io_uring_enter", "io_uring_register"}

// parsed is the profile as runtimes read it.
type parsed struct {
	DefaultAction   string
	DefaultErrnoRet int
	ArchMap         []struct {
		Architecture     string
		SubArchitectures []string
	}
	Syscalls []struct {
		Comment, Action string
		ErrnoRet        int
		Names           []string
	}
}

// read is the profile: the names that it lets through, and those that it answers by an errno of their own.
func read(t *testing.T) (allowed []string, answered map[string]int) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(profile))
	dec.DisallowUnknownFields()
	var p parsed
	if err := dec.Decode(&p); err != nil {
		t.Fatal(err)
	}
	if p.DefaultAction != "SCMP_ACT_ERRNO" || p.DefaultErrnoRet != 1 || len(p.ArchMap) == 0 {
		t.Errorf("by default %s with %d on %v", p.DefaultAction, p.DefaultErrnoRet, p.ArchMap)
	}
	var seen []string
	answered = map[string]int{}
	for _, s := range p.Syscalls {
		for _, name := range s.Names {
			if slices.Contains(seen, name) {
				t.Errorf("%s is there twice", name)
			}
			seen = append(seen, name)
		}
		switch {
		case s.Action == "SCMP_ACT_ALLOW" && s.ErrnoRet == 0:
			allowed = append(allowed, s.Names...)
		case s.Action == "SCMP_ACT_ERRNO" && s.ErrnoRet != 0:
			for _, name := range s.Names {
				answered[name] = s.ErrnoRet
			}
		default:
			t.Errorf("%q: action %s with %d", s.Comment, s.Action, s.ErrnoRet)
		}
	}
	return allowed, answered
}

// The profile has io_uring, and nothing by which one leaves a container.
func TestProfile(t *testing.T) {
	names, _ := read(t)
	for _, name := range ringCalls {
		if !slices.Contains(names, name) {
			t.Errorf("the profile lacks %s", name)
		}
	}
	for _, name := range []string{"mount", "umount2", "ptrace", "bpf", "unshare", "setns", "init_module", "finit_module", "kexec_load",
		"keyctl", "add_key", "perf_event_open", "userfaultfd", "open_by_handle_at", "pivot_root", "chroot", "reboot", "clone3"} {
		if slices.Contains(names, name) {
			t.Errorf("the profile allows %s", name)
		}
	}
}

func init() {
	roles["confined"] = confined
	roles["serve"] = serve
}

// serve is a program that a profile must let live: it diagnoses, serves, asks itself, and starts another one.
func serve() {
	code := run([]string{"-json"}, os.Stdout, os.Stderr)
	s := &ringwire.Server{Addr: "127.0.0.1:0", Handler: ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, _ *ringwire.Request) {
		_, _ = w.WriteString("fine")
	})}
	go func() { _ = s.ListenAndServe() }()
	res, err := http.Get("http://" + s.Started().String())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	text, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	_ = s.Close()
	other := exec.Command(os.Args[0], "-test.run=^$")
	other.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, roleEnv) })
	if err := other.Run(); err != nil || string(text) != "fine" {
		fmt.Fprintln(os.Stderr, string(text), err)
		os.Exit(4)
	}
	os.Exit(code)
}

// confined becomes serve under filters that do what its environment lists: calls with 0 are let through, those with
// an errno fail with it, all others with EPERM.
func confined() {
	self, err := denied.Open(os.Args[0])
	var allowed []uintptr
	for _, text := range strings.Split(os.Getenv("RINGWIRE_DOCTOR_CALLS"), ",") {
		var nr uintptr
		var errno syscall.Errno
		if _, serr := fmt.Sscanf(text, "%d=%d", &nr, &errno); serr != nil {
			fmt.Fprintln(os.Stderr, serr)
			os.Exit(5)
		}
		allowed = append(allowed, nr) // by the last filter: the strictest decides
		if errno != 0 && err == nil {
			err = denied.Calls(errno, nr)
		}
	}
	if err == nil {
		_ = os.Setenv(roleEnv, "serve")
		err = denied.AllBut(unix.EPERM, allowed...)
	}
	if err == nil {
		err = self.Exec()
	}
	fmt.Println("skip:", err)
}

// Under the profile a server runs as without one, on io_uring where that is to be had.
func TestProfileEnforced(t *testing.T) {
	var calls []string
	allowed, answered := read(t)
	for name, nr := range callNumbers(t) { // not every architecture has every call
		if slices.Contains(allowed, name) || answered[name] != 0 {
			calls = append(calls, fmt.Sprintf("%s=%d", nr, answered[name]))
		}
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"=confined", "RINGWIRE_DOCTOR_CALLS="+strings.Join(calls, ","))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if why, skip := strings.CutPrefix(string(out), "skip:"); skip {
		t.Skip(why)
	}
	var d ringwire.Diagnosis
	if jerr := json.Unmarshal(out, &d); jerr != nil {
		t.Fatalf("%v, %v\n%s\n%s", err, jerr, out, &stderr)
	}
	if ring.Available() == nil && (err != nil || d.Driver.Name != ringwire.DriverURing) {
		t.Errorf("it ended with %v and was on %+v: %+v\n%s", err, d.Driver, d.Findings, &stderr)
	}
	if code := cmd.ProcessState.ExitCode(); code > 1 {
		t.Errorf("it does not serve: %d\n%s", code, &stderr)
	}
	if !slices.ContainsFunc(d.Facts, func(f ringwire.Fact) bool { return f.Name == "seccomp" && strings.HasPrefix(f.Value, "2") }) {
		t.Error("it ran without a filter")
	}
}

// callNumbers maps the names of system calls to this machine's numbers, out of golang.org/x/sys.
func callNumbers(t *testing.T) map[string]string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "golang.org/x/sys/unix").Output()
	if err != nil {
		t.Skipf("cannot find golang.org/x/sys: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "zsysnum_linux_"+runtime.GOARCH+".go"))
	if err != nil {
		t.Skip(err)
	}
	numbers := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\s+SYS_(\w+)\s+= (\d+)`).FindAllStringSubmatch(string(text), -1) {
		numbers[strings.ToLower(m[1])] = m[2]
	}
	return numbers
}

// What a server calls is in the profile, and in the unit's groups: also what it does without when it is refused.
func TestCallsAreAllowed(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command("strace", "-f", "-qq", "-o", trace, os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"=serve")
	if out, err := cmd.CombinedOutput(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 {
		t.Skipf("strace does not work here: %v\n%s", err, out)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\d+ +(\w+)\(`).FindAllStringSubmatch(string(text), -1) {
		called[m[1]] = true
	}
	if ring.Available() == nil && !called["io_uring_enter"] || !called["execve"] || len(called) < 20 {
		t.Fatalf("the trace is not whole: %v", called)
	}
	names, answered := read(t)
	lists := map[string][]string{"the profile": slices.AppendSeq(names, maps.Keys(answered))}
	if group := systemdCalls(t, "@system-service"); group != nil {
		lists["the unit"] = append(group, ringCalls...)
	}
	for where, names := range lists {
		for name := range called {
			if !slices.Contains(names, name) {
				t.Errorf("%s lacks %s", where, name)
			}
		}
	}
}

// systemdCalls are a group's system calls, nil where systemd does not tell.
func systemdCalls(t *testing.T, group string) (names []string) {
	out, err := exec.Command("systemd-analyze", "syscall-filter", group).Output()
	if err != nil {
		t.Logf("the unit's groups are not checked: systemd-analyze: %v", err)
		return nil
	}
	for _, word := range strings.Fields(regexp.MustCompile(`(?m)^\s*#.*$`).ReplaceAllString(string(out), "")) {
		if word == group {
			continue
		}
		if strings.HasPrefix(word, "@") {
			names = append(names, systemdCalls(t, word)...)
		} else {
			names = append(names, word)
		}
	}
	return names
}

// The unit says what the guide promises, and systemd understands it.
func TestUnit(t *testing.T) {
	settings := map[string]string{}
	for i, line := range strings.Split(unit, "\n") {
		if line == "" || line[0] == '#' || line[0] == '[' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if _, twice := settings[key]; !ok || twice {
			t.Errorf("line %d: %q", i+1, line)
		}
		settings[key] = value
	}
	calls := strings.Fields(settings["SystemCallFilter"])
	for _, want := range append([]string{"@system-service"}, ringCalls...) {
		if !slices.Contains(calls, want) {
			t.Errorf("SystemCallFilter lacks %s: %q", want, calls)
		}
	}
	for _, key := range []string{"LimitMEMLOCK", "LimitNOFILE", "NoNewPrivileges", "ProtectSystem"} {
		if settings[key] == "" {
			t.Errorf("%s is not set", key)
		}
	}
	if settings["ProcSubset"] != "" {
		t.Error("ProcSubset hides /proc/sys, in which Go looks for the backlog")
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip(err)
	}
	name := filepath.Join(t.TempDir(), "ringwire.service")
	if err := os.WriteFile(name, []byte(strings.Replace(unit, "/usr/local/bin/server", "/bin/true", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("systemd-analyze", "verify", name).CombinedOutput()
	if err != nil || strings.Contains(string(out), "ringwire.service") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
