package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// apt is an apt with lists, cache and sources of its own. The machine's configuration is
// asked once, for the mirrors that it uses, and not changed. It works as any user.
type apt struct {
	dir string
	env []string
}

// errNoApt is why nothing can be fetched.
var errNoApt = errors.New("no apt-get here: kernels are fetched as Debian packages")

// newApt sets one up in dir for the suites named.
func newApt(ctx context.Context, dir string, suites []string) (*apt, error) {
	for _, program := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, errNoApt
		}
	}
	targets, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", targetFormat, "Created-By: Packages").Output()
	if err != nil {
		return nil, fmt.Errorf("apt-get indextargets: %w", err)
	}
	sources, err := sourcesFor(string(targets), suites)
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	a := &apt{dir: dir, env: append(os.Environ(), "APT_CONFIG="+filepath.Join(dir, "apt.conf"), "LC_ALL=C")}
	for name, text := range map[string]string{
		"status": "", "sources.list": sources, "apt.conf": aptConf(dir),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// aptConf keeps everything in dir. Old suites are signed, but for a time that has passed.
func aptConf(dir string) string {
	return fmt.Sprintf(`Dir::State %[1]q; Dir::State::Lists "%[2]s/lists"; Dir::State::status "%[2]s/status";
Dir::Cache "%[2]s/cache"; Dir::Etc::sourcelist "%[2]s/sources.list"; Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null"; APT::Architecture "amd64"; APT::Architectures { "amd64"; };
Acquire::Languages "none"; Acquire::Check-Valid-Until "false"; Acquire::Retries "3"; APT::Sandbox::User "root";
`, dir, dir)
}

// targetFormat is one line for each suite that the machine has.
const targetFormat = "$(ORIGIN)\t$(REPO_URI)\t$(CODENAME)"

// keyring is where Debian's keys are when no source names them.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// sourcesFor writes sources for suites on the mirrors that the machine uses: one for the
// archive itself, one for its security updates.
func sourcesFor(targets string, suites []string) (string, error) {
	var archive, security string
	for line := range strings.Lines(targets) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < 3 || f[0] != "Debian" {
			continue
		}
		if strings.HasSuffix(f[2], "-security") || strings.Contains(f[1], "debian-security") {
			security = f[1]
		} else if archive == "" {
			archive = f[1]
		}
	}
	if archive == "" {
		return "", errors.New("none of apt's sources here is Debian's archive")
	}
	var b strings.Builder
	for _, suite := range suites {
		uri := archive
		if strings.HasSuffix(suite, "-security") {
			if uri = security; uri == "" {
				continue
			}
		}
		fmt.Fprintf(&b, "deb [arch=amd64 signed-by=%s] %s %s main\n", keyring, uri, suite)
	}
	return b.String(), nil
}

// update fetches the lists. A suite that has left the mirror is told, and does without.
func (a *apt) update(ctx context.Context) error {
	out, err := a.command(ctx, "", "apt-get", "update", "-qq").CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || len(out) > 0 {
		fmt.Fprintf(os.Stderr, "kernels: apt-get update: %s\n", firstLine(out, err))
	}
	return nil
}

func firstLine(out []byte, err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if line == "" && err != nil {
		return err.Error()
	}
	return line
}

// pkg is a package in one version.
type pkg struct{ name, version string }

// find lists the packages whose names match a regular expression, the newest last.
func (a *apt) find(ctx context.Context, pattern string) ([]pkg, error) {
	names, err := a.command(ctx, "", "apt-cache", "search", "--names-only", pattern).Output()
	if err != nil {
		return nil, fmt.Errorf("apt-cache search: %w", err)
	}
	args := []string{"madison"}
	for line := range strings.Lines(string(names)) {
		name, _, _ := strings.Cut(line, " ")
		args = append(args, name)
	}
	if len(args) == 1 {
		return nil, nil
	}
	text, err := a.command(ctx, "", "apt-cache", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("apt-cache madison: %w", err)
	}
	return parseMadison(text), nil
}

// parseMadison reads lines such as "linux-image-x | 6.1.192-1 | http://… Packages".
func parseMadison(text []byte) []pkg {
	var list []pkg
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		f := strings.Split(s.Text(), "|")
		if len(f) < 3 || strings.HasSuffix(strings.TrimSpace(f[2]), "Sources") {
			continue
		}
		list = append(list, pkg{strings.TrimSpace(f[0]), strings.TrimSpace(f[1])})
	}
	slices.SortStableFunc(list, func(a, b pkg) int { return compareVersions(a.version, b.version) })
	return slices.Compact(list)
}

// download fetches packages into a directory and returns their files.
func (a *apt) download(ctx context.Context, dir string, pkgs ...pkg) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	args := []string{"download", "-qq"}
	for _, p := range pkgs {
		args = append(args, p.name+"="+p.version)
	}
	if out, err := a.command(ctx, dir, "apt-get", args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("apt-get download %s: %s", args[2:], firstLine(out, err))
	}
	return filepath.Glob(filepath.Join(dir, "*.deb"))
}

// command runs a program of apt's. The machine's own settings count where these do not differ, a
// proxy for one; container images have some that switch apt's index off, which takes seconds to make.
func (a *apt) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	args = append([]string{"-o", "Dir::Cache::pkgcache=pkgcache.bin", "-o", "Dir::Cache::srcpkgcache=srcpkgcache.bin"}, args...)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Dir = a.env, dir
	return cmd
}

// compareVersions orders as dpkg does, but for epochs, which kernels do not have: what stands
// before the last hyphen, then what stands behind it.
func compareVersions(a, b string) int {
	cut := func(s string) (upstream, revision string) {
		if i := strings.LastIndexByte(s, '-'); i >= 0 {
			return s[:i], s[i+1:]
		}
		return s, ""
	}
	upA, revA := cut(a)
	upB, revB := cut(b)
	if c := compareParts(upA, upB); c != 0 {
		return c
	}
	return compareParts(revA, revB)
}

// compareParts compares digits by value; ~ comes before the end, letters before the rest.
func compareParts(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = span(a, false)
		y, b = span(b, false)
		if c := compareText(x, y); c != 0 {
			return c
		}
		x, a = span(a, true)
		y, b = span(b, true)
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if len(x) != len(y) {
			return len(x) - len(y)
		}
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// span cuts off the digits, or what is none, at the beginning.
func span(s string, digits bool) (part, rest string) {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9') == digits {
		i++
	}
	return s[:i], s[i:]
}

func compareText(a, b string) int {
	for i := range max(len(a), len(b)) {
		if c := rank(a, i) - rank(b, i); c != 0 {
			return c
		}
	}
	return 0
}

// rank is a character's place: ~, the end, letters, others.
func rank(s string, i int) int {
	switch {
	case i >= len(s):
		return 0
	case s[i] == '~':
		return -1
	case s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z':
		return int(s[i])
	}
	return int(s[i]) + 256
}
