package ringwire

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/ring"
)

// The diagnosis is what a server does: same driver, same reason, same loops.
func TestDiagnose(t *testing.T) {
	for _, driver := range []string{DriverAuto, DriverNetpoll} {
		for _, loops := range []int{0, 3} {
			cfg := testConfig(driver)
			cfg.Loops = loops
			d := cfg.Diagnose()
			s := start(t, driver, hello, func(s *Server) { s.Loops = loops })
			if d.Driver != s.DriverInfo() || d.Loops != len(s.services) {
				t.Errorf("%s: diagnosed %+v with %d loops, a server has %+v with %d", driver, d.Driver, d.Loops, s.DriverInfo(), len(s.services))
			}
			worst, _ := d.Worst()
			if refused := driver == DriverAuto && ring.Available() != nil; refused != (worst == SeverityDriver) {
				t.Errorf("%s: %v, and io_uring: %v: %+v", driver, worst, ring.Available(), d.Findings)
			}
			_ = s.Close()
		}
	}
}

// On an emulated old kernel it is the kernel, and its version, and where uring is asked for nothing runs.
func TestDiagnoseOldKernel(t *testing.T) {
	if err := ring.Available(); err != nil {
		t.Skip(err)
	}
	defer emulateOld(t)()
	d := Diagnose()
	if len(d.Findings) == 0 || d.Findings[0].ID != "io_uring.kernel" || d.Findings[0].Severity != SeverityDriver ||
		!strings.Contains(d.Findings[0].Cause, "this is 5.19") || !strings.Contains(d.Findings[0].Remedy, "6.1") {
		t.Errorf("got %+v", d.Findings)
	}
	d = Config{Driver: DriverURing}.Diagnose()
	if worst, _ := d.Worst(); worst != SeverityBroken || d.Driver.Name != "" || !strings.Contains(d.String(), "cannot start") {
		t.Errorf("with uring asked for: %+v\n%s", d.Driver, d)
	}
}

func TestDiagnoseConfig(t *testing.T) {
	d := Config{Loops: -1}.Diagnose()
	if len(d.Findings) != 1 || d.Findings[0].ID != "config" || !strings.Contains(d.Findings[0].Cause, "Loops") {
		t.Errorf("got %+v", d.Findings)
	}
}

// JSON holds all of it.
func TestDiagnosisJSON(t *testing.T) {
	d := Diagnose()
	d.find("some.thing", SeverityAdvice, "cause", "seen", "remedy")
	var back Diagnosis
	if err := json.Unmarshal(d.JSON(), &back); err != nil || !reflect.DeepEqual(d, &back) {
		t.Errorf("%v: got %+v, want %+v", err, back, d)
	}
	if err := new(Severity).UnmarshalText([]byte("bad")); err == nil {
		t.Error("there is no such severity")
	}
	if worst, found := d.Worst(); !found || worst < SeverityAdvice {
		t.Errorf("the worst is %v, %v", worst, found)
	}
	if text := d.String(); !strings.Contains(text, "advice: some.thing\n  cause\n  seen: seen\n  remedy: remedy\n") {
		t.Errorf("got\n%s", text)
	}
}

// The guide lists the findings that there are, and no others.
func TestFindingsAreDocumented(t *testing.T) {
	guide, err := os.ReadFile("docs/DOCTOR.md")
	if err != nil {
		t.Skip(err)
	}
	_, table, _ := strings.Cut(string(guide), "## Findings")
	table, _, _ = strings.Cut(table, "\n## ")
	documented := map[string]bool{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) > 3 {
			for _, m := range regexp.MustCompile("`([a-z_.-]+)`").FindAllStringSubmatch(cells[1], -1) {
				documented[m[1]] = true
			}
		}
	}
	known := map[string]bool{}
	for _, id := range blames {
		known[id] = true
	}
	for _, name := range []string{"diagnose.go", "diagnose_linux.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Skip(err)
		}
		for _, m := range regexp.MustCompile(`d\.find\("([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			known[m[1]] = true
		}
	}
	if len(known) < 20 || !reflect.DeepEqual(known, documented) {
		t.Errorf("the guide has %v\nthe code %v", documented, known)
	}
}
