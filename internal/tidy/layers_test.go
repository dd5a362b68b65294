package tidy

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ringwire/ringwire"

// layers says what each package may import of this module, outside of its tests. The
// folders are the layers: what is not listed is not allowed.
var layers = map[string][]string{
	".":                  {"conn", "fallback", "internal/flight", "internal/host", "internal/plant", "mem", "proto/coding", "proto/form", "proto/h1", "proto/multipart", "proto/ws", "ring", "tls"},
	"cmd/doctor":         {"."},
	"cmd/kernels":        {"internal/guest"},
	"cmd/kernels/guest":  {".", "internal/guest", "internal/wire", "ring"},
	"conn":               {"internal/flight", "internal/plant", "mem", "tls"},
	"conn/conntest":      {"conn", "conn/conntest/sim", "mem"},
	"conn/conntest/sim":  {},
	"examples":           {".", "tls", "tls/certs"},
	"fallback":           {"internal/flight", "mem"},
	"internal/bogo":      {"internal/tlsconn", "tls"},
	"internal/denied":    {},
	"internal/flight":    {},
	"internal/guest":     {},
	"internal/host":      {},
	"internal/leak":      {},
	"internal/nouring":   {"internal/denied"},
	"internal/oldkernel": {"ring"},
	"internal/plant":     {},
	"internal/tidy":      {},
	"internal/tlsconn":   {"mem", "tls"},
	"internal/wire":      {},
	"internal/world":     {"conn/conntest/sim"},
	"mem":                {},
	"proto/coding":       {"mem"},
	"proto/form":         {"mem"},
	"proto/h1":           {"internal/plant", "mem"},
	"proto/multipart":    {"mem"},
	"proto/ws":           {"internal/plant", "mem"},
	"ring":               {"internal/flight", "internal/host", "mem"},
	"tls":                {"internal/plant", "mem", "tls/keyexchange"},
	"tls/certs":          {},
	"tls/keyexchange":    {},
}

// external are the modules that a package may use beside the standard library.
var external = map[string][]string{
	"cmd/kernels/guest": {"golang.org/x/sys"},
	"conn":              {"golang.org/x/sys"},
	"fallback":          {"golang.org/x/sys"},
	"internal/denied":   {"golang.org/x/sys"},
	"internal/host":     {"golang.org/x/sys"},
	"internal/leak":     {"golang.org/x/sys"},
	"internal/nouring":  {"golang.org/x/sys"},
	"internal/wire":     {"golang.org/x/sys"},
	"internal/world":    {"golang.org/x/crypto"},
	"mem":               {"golang.org/x/sys"},
	"proto/coding":      {"github.com/andybalholm/brotli", "github.com/klauspost/compress"},
	"proto/ws":          {"github.com/klauspost/compress", "golang.org/x/sys"},
	"ring":              {"golang.org/x/sys"},
	"tls":               {"golang.org/x/crypto", "golang.org/x/sys"},
	"tls/certs":         {"golang.org/x/crypto"},
	"tls/keyexchange":   {"github.com/cloudflare/circl", "golang.org/x/sys"},
}

// sansIO are what engines have no business with: they hold no descriptor, clock,
// randomness or lock, so that every run of them can be repeated.
var sansIO = []string{"net", "os", "time", "syscall", "math/rand", "math/rand/v2", "crypto/rand", "context",
	"sync", "sync/atomic", "golang.org/x/sys/unix"}

func TestImportsPointDown(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range files(t) {
		allowed, known := layers[layerOf(f.Dir())]
		if !known {
			t.Errorf("%s: the package is in no layer: add it to the table here and to docs/ARCHITECTURE.md", f.Path)
		}
		seen[layerOf(f.Dir())] = true
		for _, imp := range f.Imports {
			if own, ok := ownPackage(imp); ok && !f.Test && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s, which is not below it", f.Path, own)
			}
			if host, _, _ := strings.Cut(imp, "/"); strings.Contains(host, ".") && !f.Test && !strings.HasPrefix(imp, module) &&
				!slices.ContainsFunc(external[layerOf(f.Dir())], func(m string) bool { return strings.HasPrefix(imp+"/", m+"/") }) {
				t.Errorf("%s imports %s, which is not for this package: see the table here", f.Path, imp)
			}
		}
	}
	for layer := range layers {
		if !seen[layer] {
			t.Errorf("the table names %s, where no Go file is", layer)
		}
	}
}

// layerOf is the package, but for those below a folder of which all are alike.
func layerOf(dir string) string {
	if strings.HasPrefix(dir, "examples/") {
		return "examples"
	}
	return dir
}

// ownPackage is the directory of an imported package of this module.
func ownPackage(imp string) (dir string, ok bool) {
	if imp == module {
		return ".", true
	}
	return strings.CutPrefix(imp, module+"/")
}

func TestEnginesDoNoIO(t *testing.T) {
	engines := 0
	for _, f := range files(t) {
		if f.Test || !strings.HasPrefix(f.Path, "proto/") {
			continue
		}
		engines++
		for _, imp := range f.Imports {
			if slices.Contains(sansIO, imp) {
				t.Errorf("%s imports %s: an engine takes bytes and time as arguments", f.Path, imp)
			}
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine", f.Path)
			}
			return true
		})
	}
	if engines == 0 {
		t.Error("no engine was found: the check looks in the wrong place")
	}
}

// clocks are the files that may read the clock of the machine, and why. Everything else is told the time: by
// its loop, or by an argument. What a loop does can be simulated only as long as that is so.
var clocks = map[string]string{
	"fallback/loop.go":             "the driver's clock",
	"fallback/accept.go":           "waits on a goroutine of its own",
	"fallback/socket_unix.go":      "likewise",
	"ring/loop.go":                 "the driver's clock",
	"ring/selftest.go":             "before anything is served",
	"mem/sample.go":                "when a sampled lease was taken, for people",
	"health.go":                    "on the watcher's goroutine",
	"internal/flight/log.go":       "when a record was made, for people",
	"conn/record.go":               "likewise, of one that keeps none",
	"ring/setup.go":                "likewise",
	"ring/queue.go":                "when a ring was closed, before another is made",
	"flight.go":                    "likewise",
	"watchdog.go":                  "on the watcher's goroutine",
	"topic_message.go":             "memory of the process's, trimmed on a timer of its own",
	"server.go":                    "Server.wall's default, and Shutdown's own patience",
	"workers.go":                   "idle workers",
	"tls/certs/tickets.go":         "a clock's default",
	"tls/certs/ech.go":             "likewise",
	"tls/certs/certs.go":           "likewise",
	"tls/certs/selfsigned.go":      "when a certificate begins",
	"tls/certs/stapler.go":         "on a goroutine of its own",
	"tls/certs/watch.go":           "likewise",
	"internal/leak/leak.go":        "tests",
	"internal/wire/cable_linux.go": "tests: packets that are late",
	"internal/world/shrink.go":     "how long may be spent on it",
}

// readsClock are what reads the machine's clock, or waits for it.
var readsClock = []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "NewTimer", "NewTicker", "Tick"}

func TestClocks(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range files(t) {
		if f.Test || strings.HasPrefix(f.Path, "examples/") || strings.HasPrefix(f.Path, "cmd/") || strings.HasPrefix(f.Path, "conn/conntest/") && f.Dir() == "conn/conntest" {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains(readsClock, sel.Sel.Name) {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" {
				if seen[f.Path] = true; clocks[f.Path] == "" {
					t.Errorf("%s uses time.%s: ask the loop, or take the time as an argument", f.Path, sel.Sel.Name)
				}
			}
			return true
		})
	}
	for path := range clocks {
		if !seen[path] {
			t.Errorf("the table names %s, which reads no clock", path)
		}
	}
}

// Every downstream build would have to have a C compiler, or pass a flag to its linker.
func TestNoCgoNoLinkname(t *testing.T) {
	for _, f := range files(t) {
		if slices.Contains(f.Imports, "C") {
			t.Errorf("%s uses cgo", f.Path)
		}
		for _, group := range f.AST.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//go:linkname") {
					t.Errorf("%s uses linkname", f.Path)
				}
			}
		}
	}
}

// files reads the module, or skips a test that does not run from a checkout.
func files(t *testing.T) []*File {
	list, err := Files(root(t))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func root(t *testing.T) string {
	dir, err := Root()
	if err != nil {
		t.Skip(err)
	}
	return dir
}
