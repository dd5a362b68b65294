package main

import (
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The mirrors are those of the machine, whatever they are called; other distributions' are not.
func TestSourcesFor(t *testing.T) {
	targets := "Docker\thttps://docker.example/linux\tbookworm\tbookworm\t\n" +
		"Debian\thttp://near.example/debian/\tbookworm\toldstable\t\n" +
		"Debian\thttp://near.example/debian/\tbookworm-updates\toldstable-updates\t\n" +
		"Debian\thttp://sec.example/debian-security/\tbookworm-security\toldstable-security\t\n"
	got, err := sourcesFor(targets, []string{"trixie", "trixie-security"})
	want := "deb [arch=amd64 signed-by=" + keyring + "] http://near.example/debian/ trixie main\n" +
		"deb [arch=amd64 signed-by=" + keyring + "] http://sec.example/debian-security/ trixie-security main\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if got, err := sourcesFor(targets[:strings.LastIndex(targets, "Debian\t")], []string{"sid", "bookworm-security"}); err != nil || strings.Contains(got, "security") {
		t.Errorf("without a mirror of the security updates: %q, %v", got, err)
	}
	if _, err := sourcesFor(targets[:strings.Index(targets, "Debian")], []string{"sid"}); err == nil {
		t.Error("without a Debian mirror there are sources")
	}
}

func TestParseMadison(t *testing.T) {
	got := parseMadison([]byte(`
 linux-image-6.1.0-9 | 6.1.27-1 | http://x/debian bookworm/main amd64 Packages
 linux-image-6.1.0-56 | 6.1.192-1 | http://x/debian bookworm/main amd64 Packages
 linux-image-6.1.0-56 | 6.1.192-1 | http://x/debian-security bookworm/main amd64 Packages
     linux | 6.1.192-1 | http://x/debian bookworm/main Sources
`))
	want := []pkg{{"linux-image-6.1.0-9", "6.1.27-1"}, {"linux-image-6.1.0-56", "6.1.192-1"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The order is dpkg's (Debian Policy §5.6.12); where there is a dpkg it is asked.
func TestCompareVersions(t *testing.T) {
	sorted := []string{"1.0~~", "1.0~rc1", "1.0", "1.0-1", "1.0a", "1.0+b", "1.0.1", "5.10.46-4um", "6.1.27-1", "6.1.192-1~bpo11+1",
		"6.1.192-1", "6.12.9", "6.12.117-1", "7.2.13-1"}
	dpkg, _ := exec.LookPath("dpkg")
	for i, a := range sorted {
		for j, b := range sorted {
			got := compareVersions(a, b)
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%s against %s: got %d", a, b, got)
			}
			if dpkg != "" && i+1 == j && exec.Command(dpkg, "--compare-versions", a, "lt", b).Run() != nil {
				t.Errorf("dpkg does not find %s before %s", a, b)
			}
		}
	}
	if !slices.IsSortedFunc(sorted, compareVersions) {
		t.Error("the list is not sorted")
	}
}

// It terminates, is antisymmetric, and equal texts are equal.
func FuzzCompareVersions(f *testing.F) {
	f.Add("6.1.27-1", "6.1.192-1~bpo11+1")
	f.Add("007", "7")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := compareVersions(a, b), compareVersions(b, a)
		if (x < 0) != (y > 0) || (x > 0) != (y < 0) || compareVersions(a, a) != 0 {
			t.Errorf("%q, %q: %d and %d", a, b, x, y)
		}
	})
}
