package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ringwire/ringwire/internal/guest"
)

// emulator runs the guests: in software (TCG), so that any machine will do.
const emulator = "qemu-system-x86_64"

// machine is how a guest is run.
type machine struct {
	cpus    int
	memory  int // MiB
	limit   time.Duration
	verbose bool
	console io.Writer // gets the guest's console when verbose
}

// tailLines is how much of a console is shown when a guest ended too early.
const tailLines = 40

// boot runs a guest to its end and returns what it reported.
func (m *machine) boot(ctx context.Context, k *kernel, initrd string) *result {
	ctx, cancel := context.WithTimeout(ctx, m.limit)
	defer cancel()
	r := &result{Kernel: k.name, Package: k.version, Date: time.Now().UTC().Format(time.DateOnly)}
	start := time.Now()
	cmd := exec.CommandContext(ctx, emulator, m.args(k.image, initrd)...)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.Error = err.Error()
		return r
	}
	tail, ended := m.listen(out, r)
	err = cmd.Wait()
	r.Seconds = time.Since(start).Seconds()
	switch {
	case ctx.Err() != nil:
		r.Error = fmt.Sprintf("no end within %v", m.limit)
		if errors.Is(ctx.Err(), context.Canceled) {
			r.Error = "interrupted"
		}
	case !ended:
		r.Error = "the guest ended before its last job"
	case err != nil:
		r.Error = emulator + ": " + err.Error()
	}
	if r.Error != "" {
		r.Console = tail
	}
	return r
}

// args are the emulator's. Mitigations cost time and prove nothing here.
func (m *machine) args(image, initrd string) []string {
	append := "console=ttyS0 panic=-1 mitigations=off"
	if !m.verbose {
		append += " quiet loglevel=1"
	}
	return []string{
		"-M", "pc", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", strconv.Itoa(m.cpus), "-m", strconv.Itoa(m.memory),
		"-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
		"-kernel", image, "-initrd", initrd, "-append", append,
	}
}

// listen reads a console until it closes: events go into r, the end of the rest is returned.
func (m *machine) listen(console io.Reader, r *result) (tail string, ended bool) {
	var last []string
	lines := bufio.NewReader(console)
	for {
		line, err := lines.ReadString('\n')
		if e, ok := guest.Parse(line); ok {
			r.add(e)
			ended = ended || e.End
			m.progress(r, e)
		} else if line = strings.TrimSpace(line); line != "" {
			if last = append(last, line); len(last) > tailLines {
				last = last[1:]
			}
			if m.verbose {
				fmt.Fprintln(m.console, "  |", line)
			}
		}
		if err != nil {
			return strings.Join(last, "\n"), ended
		}
	}
}

// progress tells of each job that has ended.
func (m *machine) progress(r *result, e guest.Event) {
	if e.Done == nil {
		return
	}
	fmt.Fprintf(m.console, "%s: %s: %s\n", r.Kernel, e.Done.Job, describe(e.Done))
	if !e.Done.OK() {
		fmt.Fprintln(m.console, indent(e.Done.Output))
	}
}

// describe is an outcome in a few words.
func describe(o *guest.Outcome) string {
	var b strings.Builder
	switch {
	case o.OK():
		b.WriteString("ok")
	case o.Error != "":
		b.WriteString("FAILED, " + o.Error)
	default:
		b.WriteString("FAILED")
	}
	if o.Passed+o.Failed+o.Skipped > 0 {
		fmt.Fprintf(&b, ", %d passed, %d failed, %d skipped", o.Passed, o.Failed, o.Skipped)
	}
	fmt.Fprintf(&b, ", %.1f s", o.Seconds)
	return b.String()
}

func indent(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

// try boots a kernel with the suite. A guest that ends or hangs before it says a word is booted once more: emulated
// processors now and then do not get through a kernel's own start, which says nothing of what is to be tested.
func (m *machine) try(ctx context.Context, k *kernel, s *suite, dir string) *result {
	initrd := filepath.Join(dir, "initrd")
	if err := s.initramfs(k, initrd); err != nil {
		return &result{Kernel: k.name, Error: err.Error()}
	}
	r := m.boot(ctx, k, initrd)
	if r.mute() && ctx.Err() == nil {
		fmt.Fprintf(m.console, "%s: it did not boot: %s; once more\n", k.name, r.Error)
		first := r.Error
		r = m.boot(ctx, k, initrd)
		r.First = first
	}
	r.Build = s.build
	r.judge(s.jobs)
	return r
}
