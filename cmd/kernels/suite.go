package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringwire/ringwire/internal/guest"
)

// task is a job and the package that is built for it.
type task struct {
	name  string
	pkg   string
	tests bool   // a test binary
	skip  string // tests that prove nothing about a kernel, or the wrong thing there
	run   string // tests, "" = all
	args  []string
	env   map[string]string
	data  string // a directory of the checkout that the tests read
	long  bool   // left out with -short
	limit int    // seconds
}

// tasks are what each kernel must pass, in this order. An emulated machine is slow, with loopback
// some ten times: it gets the tests in which the kernel matters.
var tasks = []task{
	{name: "probe", pkg: "cmd/kernels/guest", args: []string{"probe"}, limit: 30},
	{name: "ring", pkg: "ring", tests: true, skip: ringSkipped, data: "ring/testdata", limit: 90},
	{name: "conntest", pkg: "conn/conntest", tests: true, run: conntestCases, skip: "PauseResume", limit: 150},
	{name: "conn", pkg: "conn", tests: true, run: "Dial|Adopt|Listen", skip: "OpenSSL|Sim|TestAdoptTLSFails|DialLoopBusy|DialTLSFails", long: true, limit: 90},
	{name: "server", pkg: ".", tests: true, run: serverTests, env: map[string]string{"RINGWIRE_TEST_SET_CLOCK": "1"}, limit: 150},
	{name: "load", pkg: "cmd/kernels/guest", args: []string{"load"}, limit: 90},
}

const (
	// ringSkipped are a test that reads source, and those that self-test an emulated kernel many times.
	ringSkipped = "^Test(Constants|AvailableOnOldKernels|AvailableAfterExhaustion)$"

	// conntestCases are nearly all on io_uring, and on each of the others where buffers and ends meet.
	conntestCases = "TestUring/TCP/(Echo|Many|Gathered|Pause|Back|Peer|Send|CloseM|CloseE|Dead|Slot|Churn|Post|Deadline|Fair|Adopt)|" +
		"TestUring/(Tiny|Watch)/(Echo|PeerResets$|Many|Back|CloseE|Fair)|TestNetpoll/TCP/(Echo|Many|Back|Peer|CloseE|Fair|Adopt)"

	// serverTests are the root package's: HTTP/1.1, bodies, pipelines, WebSockets, topics, TLS, ends.
	serverTests = "^Test(AutoDriver|Driver|NetHTTPClient|Addresses|UnixSocket|KeepAlive|ResponseFraming|Pipeline|HalfClose|" +
		"ExpectContinue|Trailers$|BodyStreamed$|BodyWhole|BlockingFlush|WebSocket(Echo|ManyAtOnce|Gone)|TopicBurst|DialBlocking|HTTPS$|ClockJumps)"
)

// suite is what was built: an initramfs for any kernel, but for its modules.
type suite struct {
	entries []entry
	jobs    []guest.Job
	build   string // a digest: what was run
}

// buildSuite builds the programs from the checkout in root.
func buildSuite(ctx context.Context, root, dir string, only []string) (*suite, error) {
	s, built, digest := &suite{}, map[string]bool{}, sha256.New()
	for i := range tasks {
		t := &tasks[i]
		if !slices.Contains(only, t.name) {
			continue
		}
		program := t.program()
		if file := filepath.Join(dir, program); !built[program] {
			built[program] = true
			if err := t.build(ctx, root, file); err != nil {
				return nil, err
			}
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			digest.Write(content)
			s.entries = append(s.entries, entry{name: "bin/" + program, content: content, mode: 0o755})
		}
		job := t.job()
		if t.data != "" {
			files, err := dataFiles(root, t.data)
			if err != nil {
				return nil, err
			}
			s.entries = append(s.entries, files...)
			job.Dir = "/src/" + filepath.Dir(t.data)
		}
		s.jobs = append(s.jobs, job)
	}
	if len(s.jobs) == 0 {
		return nil, fmt.Errorf("no such job as %s", strings.Join(only, ", "))
	}
	if err := s.addInit(ctx, root, dir); err != nil {
		return nil, err
	}
	text, err := json.Marshal(s.jobs)
	if err != nil {
		return nil, err
	}
	digest.Write(text)
	s.build = hex.EncodeToString(digest.Sum(nil))[:12]
	return s, nil
}

// addInit adds the first process: the same program as the probe's.
func (s *suite) addInit(ctx context.Context, root, dir string) error {
	t := &tasks[0]
	file := filepath.Join(dir, "init")
	if err := t.build(ctx, root, file); err != nil {
		return err
	}
	s.entries = append(s.entries, entry{name: "init", file: file, mode: 0o755},
		entry{name: "etc/hosts", content: []byte("127.0.0.1 localhost\n::1 localhost\n"), mode: 0o644})
	return nil
}

func (t *task) program() string {
	if t.tests {
		return t.name + ".test"
	}
	return filepath.Base(t.pkg)
}

// build links the program statically, and the same each time.
func (t *task) build(ctx context.Context, root, file string) error {
	args := []string{"build"}
	if t.tests {
		args = []string{"test", "-c"}
	}
	args = append(args, "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", file, "./"+t.pkg)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

func (t *task) job() guest.Job {
	job := guest.Job{Name: t.name, Program: "/bin/" + t.program(), Args: t.args, Env: t.env, Seconds: t.limit}
	if t.tests {
		job.Args = []string{"-test.v", "-test.short", fmt.Sprintf("-test.timeout=%ds", t.limit-5)}
		if t.run != "" {
			job.Args = append(job.Args, "-test.run="+t.run)
		}
		if t.skip != "" {
			job.Args = append(job.Args, "-test.skip="+t.skip)
		}
	}
	return job
}

// dataFiles are the files of a directory, at /src in the guest.
func dataFiles(root, dir string) ([]entry, error) {
	files, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(dir)))
	if err != nil {
		return nil, err
	}
	var list []entry
	for _, f := range files {
		if f.Type().IsRegular() {
			list = append(list, entry{name: "src/" + dir + "/" + f.Name(), file: filepath.Join(root, dir, f.Name()), mode: 0o644})
		}
	}
	return list, nil
}

// initramfs writes a guest's first file system for a kernel.
func (s *suite) initramfs(k *kernel, file string) error {
	entries := slices.Clone(s.entries)
	plan := guest.Plan{Jobs: s.jobs}
	for i, mod := range k.modules {
		name := fmt.Sprintf("modules/%02d-%s", i, filepath.Base(mod))
		plan.Modules = append(plan.Modules, "/"+name)
		entries = append(entries, entry{name: name, file: mod, mode: 0o644})
	}
	text, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	entries = append(entries, entry{name: strings.TrimPrefix(guest.PlanFile, "/"), content: text, mode: 0o644})
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := writeInitramfs(f, entries); err != nil {
		return err
	}
	return f.Close()
}
