//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/conn"
	"golang.org/x/sys/unix"
)

// bareTimer is the floor: how late the system wakes a thread that does nothing but wait, in a process of its own, while
// the others are at work.
type bareTimer struct {
	Count               uint64
	P50, P99, P999, Max time.Duration

	cmd *exec.Cmd
	out io.Reader
}

// startBareTimer runs this program once more, as the timer.
func startBareTimer(o *options) (*bareTimer, error) {
	b := &bareTimer{cmd: exec.Command("/proc/self/exe", "-bare", "-hz", strconv.FormatFloat(o.hz, 'g', -1, 64), "-duration", o.duration.String())}
	b.cmd.Env = append(os.Environ(), "GOMAXPROCS=1", asProgram+"=1")
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	b.cmd.Stderr = os.Stderr
	out, err := b.cmd.StdoutPipe()
	if err == nil {
		err = b.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("the bare timer: %w", err)
	}
	b.out = out
	return b, nil
}

// wait takes what it has measured.
func (b *bareTimer) wait() error {
	err := json.NewDecoder(b.out).Decode(b)
	if e := b.cmd.Wait(); e != nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("the bare timer: %w", err)
	}
	return nil
}

// waitBare is that process: a thread in clock_nanosleep(2) until one point in time after the other.
func waitBare(o *options, w io.Writer) error {
	runtime.LockOSThread()
	var late conn.Histogram
	now, err := monotonic()
	for n, start := int64(1), now; err == nil && now < start+int64(o.duration); n++ {
		at := start + n*int64(o.period())
		ts := unix.NsecToTimespec(at)
		if err = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil); err == unix.EINTR {
			n, err = n-1, nil
			continue
		}
		if err == nil {
			now, err = monotonic()
			late.Record(time.Duration(now - at))
		}
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(bareTimer{Count: late.Count(), P50: late.Quantile(0.5), P99: late.Quantile(0.99),
		P999: late.Quantile(0.999), Max: late.Max()})
}

func monotonic() (int64, error) {
	var ts unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano(), err
}
