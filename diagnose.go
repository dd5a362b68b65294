package ringwire

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/tls"
)

// Diagnosis says what a server would run on here, why, and what stands in its way. It is found out by doing what
// a server does, and by reading what the system says: nothing in it is guessed, and each statement names its source.
type Diagnosis struct {
	System   string     `json:"system"` // GOOS/GOARCH
	Go       string     `json:"go"`
	Driver   DriverInfo `json:"driver"`   // what a server would take; without a name when it could not start
	Loops    int        `json:"loops"`    // of such a server
	Findings []Finding  `json:"findings"` // the worst first
	Facts    []Fact     `json:"facts"`
}

// Finding is something that somebody may want to change.
type Finding struct {
	ID       string   `json:"id"` // stable; docs/DOCTOR.md lists them
	Severity Severity `json:"severity"`
	Cause    string   `json:"cause"`  // what is the matter, and what follows
	Seen     string   `json:"seen"`   // system calls and files, and what they said
	Remedy   string   `json:"remedy"` // what to do; may be empty
}

// Fact is a thing that was looked at.
type Fact struct {
	Name   string `json:"name"`
	Value  string `json:"value"`  // or why there is none
	Source string `json:"source"` // the system call or file that says so
}

// Severity says what a Finding means for a server.
type Severity uint8

// The severities, the mildest first.
const (
	SeverityNote   Severity = iota // worth knowing
	SeverityAdvice                 // it serves, with less than it could have, or than may be expected
	SeverityDriver                 // it serves on netpoll, where io_uring is wanted
	SeverityBroken                 // it cannot serve
)

var severityNames = [...]string{"note", "advice", "driver", "broken"}

// String is the severity in one word: note, advice, driver or broken. JSON has the same.
func (s Severity) String() string { return severityNames[s] }

// MarshalText makes it String's word in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Severity) UnmarshalText(text []byte) error {
	i := slices.Index(severityNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("ringwire: no severity: %q", text)
	}
	*s = Severity(i)
	return nil
}

// Diagnose is the diagnosis for a server with the default configuration. It takes some milliseconds: it opens
// what a server opens, and gives it back. It starts no goroutine and changes nothing in the process.
func Diagnose() *Diagnosis { return Config{}.Diagnose() }

// Diagnose is the diagnosis for a server with this configuration.
func (cfg Config) Diagnose() *Diagnosis {
	d := &Diagnosis{System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Findings: []Finding{}}
	cfg, err := cfg.withDefaults()
	if err != nil {
		d.find("config", SeverityBroken, err.Error(), "Config", "see Config's documentation")
		return d
	}
	d.tryDrivers(&cfg)
	d.tryListening()
	d.lookAround(&cfg)
	d.lookAtTLS()
	slices.SortStableFunc(d.Findings, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	return d
}

// Worst is the highest severity of the findings, and whether there are any.
func (d *Diagnosis) Worst() (worst Severity, found bool) {
	for _, f := range d.Findings {
		worst = max(worst, f.Severity)
	}
	return worst, len(d.Findings) > 0
}

// JSON is the diagnosis for programs, indented.
func (d *Diagnosis) JSON() []byte {
	text, _ := json.MarshalIndent(d, "", "  ") // strings and numbers: it cannot fail
	return append(text, '\n')
}

func (d *Diagnosis) find(id string, s Severity, cause, seen, remedy string) {
	d.Findings = append(d.Findings, Finding{id, s, cause, seen, remedy})
}

func (d *Diagnosis) know(name, value, source string) {
	d.Facts = append(d.Facts, Fact{name, value, source})
}

// tryDrivers opens the drivers as a server does, and closes them.
func (d *Diagnosis) tryDrivers(cfg *Config) {
	c := chooseDrivers(cfg, nil)
	defer closeDrivers(c.drivers)
	if c.refused != nil {
		severity := SeverityDriver
		if c.err != nil {
			severity = SeverityBroken
		}
		d.refused(c.refused, severity)
	}
	if c.err != nil {
		if c.err != c.refused {
			d.find("driver", SeverityBroken, c.err.Error(), "fallback.NewLoop", "")
		}
		return
	}
	d.Driver, d.Loops = c.info, len(c.drivers)
	d.lookAtDrivers(c.drivers)
}

// blames are the findings' names by who refuses.
var blames = map[ring.Blame]string{
	ring.BlameUnknown: "io_uring.failed", ring.BlameSystem: "io_uring.system", ring.BlameKernel: "io_uring.kernel",
	ring.BlameSysctl: "io_uring.sysctl", ring.BlameSeccomp: "io_uring.seccomp", ring.BlamePolicy: "io_uring.policy",
	ring.BlameMemlock: "io_uring.memlock", ring.BlameMemory: "io_uring.memory",
	ring.BlameDescriptors: "io_uring.descriptors", ring.BlameFiles: "io_uring.files", ring.BlameSelfTest: "io_uring.self-test",
}

// refused says why there is no io_uring.
func (d *Diagnosis) refused(err error, severity Severity) {
	var e *ring.Error
	if !errors.As(err, &e) {
		d.find("io_uring.failed", severity, err.Error(), "ring.NewLoop", "")
		return
	}
	d.find(blames[e.Blame], severity, e.Op+": "+e.Cause, e.Seen, e.Remedy)
}

// tryListening opens as many listeners as there are loops, on a port of the system's choice.
func (d *Diagnosis) tryListening() {
	const where = "127.0.0.1:0"
	lns, err := conn.Listen(context.Background(), "tcp", where, max(1, d.Loops))
	for _, ln := range lns {
		_ = ln.Close()
	}
	seen := fmt.Sprintf("socket(2), bind(2) and listen(2) on %s, %d times", where, max(1, d.Loops))
	switch {
	case err == nil:
		d.know("listen", "works", seen)
	case errors.Is(err, syscall.EMFILE):
		d.find("limits.nofile", SeverityBroken, "too few descriptors to listen: "+err.Error(), seen, "raise RLIMIT_NOFILE (ulimit -n, LimitNOFILE=)")
	default:
		d.find("net.listen", SeverityBroken, "no TCP socket can listen on the loopback address: "+err.Error(), seen, "")
	}
}

// lookAtTLS says in short what package tls finds out at length.
func (d *Diagnosis) lookAtTLS() {
	caps := tls.Probe()
	for _, c := range []tls.Capability{tls.CanTLS13, tls.HasAES, tls.CanRecordInPlace, tls.CanKernelTX, tls.CanECHServer, tls.InFIPSMode} {
		value := "no"
		if caps.Has(c) {
			value = "yes"
		}
		if why := caps.Why(c); why != "" {
			value += ": " + why
		}
		d.know(c.String(), value, "tls.Probe")
	}
}
