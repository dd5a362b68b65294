package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// minor is a line of kernels, such as 6.1.
type minor struct{ major, minor int }

func (m minor) String() string { return fmt.Sprintf("%d.%d", m.major, m.minor) }

func (m minor) less(n minor) bool {
	return m.major < n.major || m.major == n.major && m.minor < n.minor
}

var minorPattern = regexp.MustCompile(`^(\d+)\.(\d+)`)

// parseMinor reads the beginning of a release, such as 6.1.0-56-cloud-amd64.
func parseMinor(s string) (minor, bool) {
	p := minorPattern.FindStringSubmatch(s)
	if p == nil {
		return minor{}, false
	}
	x, err1 := strconv.Atoi(p[1])
	y, err2 := strconv.Atoi(p[2])
	return minor{x, y}, err1 == nil && err2 == nil
}

// floor is the oldest kernel on which a loop runs on io_uring.
var floor = minor{6, 1}

// known are the kernels that Debian's suites had when this was written. The mirrors move: a
// line that is gone is told, and others can be asked for by number.
var known = []struct {
	minor
	suites []string
}{
	{minor{5, 10}, []string{"bullseye", "bullseye-security"}},
	{minor{6, 1}, []string{"bookworm", "bookworm-security"}},
	{minor{6, 12}, []string{"trixie", "trixie-security"}},
	{minor{6, 16}, newer},
	{minor{6, 17}, newer},
	{minor{6, 18}, newer},
	{minor{6, 19}, newer},
	{minor{7, 0}, newer},
	{minor{7, 1}, newer},
	{minor{7, 2}, newer},
	{minor{7, 3}, newer},
}

// newer is where kernels are before a release has them.
var newer = []string{"trixie-backports", "sid"}

// shortly are the kernels of -short: one below the floor, and the floor.
var shortly = []minor{{5, 10}, floor}

// suitesFor are the suites to look in, each once.
func suitesFor(wanted []minor) []string {
	var suites []string
	seen := map[string]bool{}
	add := func(more []string) {
		for _, s := range more {
			if !seen[s] {
				seen[s] = true
				suites = append(suites, s)
			}
		}
	}
	for _, m := range wanted {
		at := newer
		for _, k := range known {
			if k.minor == m {
				at = k.suites
			}
		}
		add(at)
	}
	return suites
}

// kernel is one that can be booted.
type kernel struct {
	name    string
	image   string
	modules []string // files, in the order in which they are to be loaded
	version string   // of the package; "" for an image of the user's own
}

// errGone is why a kernel cannot be had.
var errGone = errors.New("none in the suites of this mirror")

// shelf is where kernels are kept.
type shelf struct{ dir string }

func (s shelf) path(m minor, name string) string { return filepath.Join(s.dir, m.String(), name) }

// load is the kernel that was fetched before.
func (s shelf) load(m minor) (*kernel, error) {
	version, err := os.ReadFile(s.path(m, "version"))
	if err != nil {
		return nil, err
	}
	return &kernel{name: m.String(), image: s.path(m, "vmlinuz"), version: string(version)}, nil
}

// fetch is the newest kernel of a line, by apt unless it is there.
func (s shelf) fetch(ctx context.Context, a *apt, m minor) (*kernel, error) {
	images, err := a.find(ctx, imagePattern(m))
	if err != nil {
		return nil, err
	}
	var newest *pkg
	for i := range images {
		if got, ok := parseMinor(images[i].version); ok && got == m {
			newest = &images[i]
		}
	}
	if newest == nil {
		return nil, errGone
	}
	if k, err := s.load(m); err == nil && k.version == newest.version {
		return k, nil
	}
	pkgs := []pkg{*newest}
	// Since 6.19 the image's package is empty: it depends on one that has it.
	abi := strings.TrimPrefix(newest.name, "linux-image-")
	parts, err := a.find(ctx, "^linux-binary-"+regexp.QuoteMeta(abi)+"$")
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if p.version == newest.version {
			pkgs = append(pkgs, p)
		}
	}
	if err := s.unpack(ctx, a, m, pkgs); err != nil {
		return nil, err
	}
	if err := os.WriteFile(s.path(m, "version"), []byte(newest.version), 0o644); err != nil {
		return nil, err
	}
	return s.load(m)
}

// imagePattern matches the packages of a line: the ones for clouds are small and have virtual
// machines' drivers built in, IPv6 and Unix sockets, too: no module is needed.
func imagePattern(m minor) string {
	return fmt.Sprintf(`^linux-image-%d\.%d\.[0-9].*-cloud-amd64$`, m.major, m.minor)
}

func (s shelf) unpack(ctx context.Context, a *apt, m minor, pkgs []pkg) error {
	dir := filepath.Join(s.dir, m.String())
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	debs, err := a.download(ctx, dir, pkgs...)
	if err != nil {
		return err
	}
	for _, deb := range debs {
		if err := unpackDeb(ctx, deb, dir); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(deb), err)
		}
		if err := os.Remove(deb); err != nil {
			return err
		}
	}
	_, err = os.Stat(s.path(m, "vmlinuz"))
	return err
}

// given is a kernel image of the user's own.
func given(image, mods string) (*kernel, error) {
	k := &kernel{name: filepath.Base(image), image: image}
	if mods != "" {
		k.modules = strings.Split(mods, ",")
	}
	for _, file := range append([]string{image}, k.modules...) {
		if _, err := os.Stat(file); err != nil {
			return nil, err
		}
	}
	return k, nil
}
