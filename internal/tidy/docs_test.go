package tidy

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// pages are all Markdown files of the checkout, nested modules included, by path.
func pages(t *testing.T) map[string]*Page {
	found := map[string]*Page{}
	for _, pattern := range []string{"*.md", "docs/*.md", "bench/*.md", "examples/*/*.md", "ring/oracle/*.md"} {
		names, err := filepath.Glob(filepath.Join(root(t), filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			rel, _ := filepath.Rel(root(t), name)
			rel = filepath.ToSlash(rel)
			found[rel] = ParsePage(read(t, rel))
		}
	}
	return found
}

func TestPagesAreThere(t *testing.T) {
	found := pages(t)
	for _, name := range []string{"README.md", "docs/ARCHITECTURE.md", "docs/HACKING.md", "docs/MEMORY.md",
		"docs/BODIES.md", "docs/WEBSOCKET.md", "docs/TESTING.md", "docs/DECISIONS.md", "bench/README.md"} {
		if found[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestLinksResolve(t *testing.T) {
	found := pages(t)
	for name, page := range found {
		for _, link := range page.Links {
			if strings.Contains(link.Target, "://") {
				continue // the network is no part of this test
			}
			target, anchor, _ := strings.Cut(link.Target, "#")
			if target == "" {
				target = name
			} else {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			}
			if _, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(target))); err != nil {
				t.Errorf("%s:%d: %s leads nowhere: %v", name, link.Line, link.Target, err)
				continue
			}
			if anchor != "" && (found[target] == nil || !slices.Contains(found[target].Headings, anchor)) {
				t.Errorf("%s:%d: %s has no heading #%s", name, link.Line, target, anchor)
			}
		}
	}
}

// A page is read in editors and in diffs, too. Rows of tables and code cannot be wrapped.
func TestLinesFit(t *testing.T) {
	const longest = 120
	for name := range pages(t) {
		fenced := false
		for i, line := range strings.Split(read(t, name), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
			}
			if n := utf8.RuneCountInString(line); n > longest && !fenced && !strings.HasPrefix(line, "|") {
				t.Errorf("%s:%d: %d characters, want %d at most", name, i+1, n, longest)
			}
		}
	}
}

// The program in the README is what most people try first: it is compiled and run as it
// stands there, on the address that it names.
func TestReadmeProgram(t *testing.T) {
	page := ParsePage(read(t, "README.md"))
	first := slices.IndexFunc(page.Blocks, func(b Block) bool { return b.Lang == "go" })
	if first < 0 {
		t.Fatal("README.md shows no program")
	}
	program := page.Blocks[first]
	if n := strings.Count(program.Text, "\n"); n > 25 {
		t.Errorf("README.md:%d: the first program has %d lines, want about 20", program.Line, n)
	}
	// Only the port is another one: 8080 may be in use here.
	addr := freeAddr(t)
	source := strings.Replace(program.Text, "127.0.0.1:8080", addr, 1)
	if source == program.Text {
		t.Fatalf("README.md:%d: the first program does not listen on 127.0.0.1:8080", program.Line)
	}
	serveProgram(t, source)
	checkAnswer(t, "http://"+addr+"/?name=you", "hello you\n")
}

// The code in the guides is part of examples that run.
func TestSnippets(t *testing.T) {
	snippets(t, "docs/BODIES.md", "parts_example_test.go")
	snippets(t, "docs/WEBSOCKET.md", "websocket_example_test.go")
	snippets(t, "docs/BROADCAST.md", "topic_example_test.go")
}

func snippets(t *testing.T, page, source string) {
	t.Helper()
	squeeze := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	examples := squeeze(read(t, source))
	blocks := ParsePage(read(t, page)).Blocks
	for _, b := range blocks {
		if b.Lang == "go" && !strings.Contains(examples, squeeze(b.Text)) {
			t.Errorf("%s:%d: the code is in no example of %s", page, b.Line, source)
		}
	}
	if len(blocks) < 3 {
		t.Errorf("%s: only %d blocks of code were found to check", page, len(blocks))
	}
}

// So is the code in the guides to ticks and to what hangs.
func TestShortSnippets(t *testing.T) {
	squeeze := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	for page, source := range map[string]string{"docs/TICKS.md": "example_tick_test.go", "docs/DEBUGGING.md": "example_flight_test.go"} {
		example := squeeze(read(t, source))
		for _, b := range ParsePage(read(t, page)).Blocks {
			if b.Lang == "go" && !strings.Contains(example, squeeze(b.Text)) {
				t.Errorf("%s:%d: the code is in no example of %s", page, b.Line, source)
			}
		}
	}
}

// freeAddr is an address on which nobody listens now.
func freeAddr(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// serveProgram builds a program as if it lay in this module, and runs it until the test ends.
func serveProgram(t *testing.T, source string) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	main, overlay, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "program.exe")
	if err := os.WriteFile(main, []byte(source), 0o666); err != nil {
		t.Fatal(err)
	}
	virtual := filepath.Join(root(t), "internal", "tidy", "readme", "main.go")
	json := `{"Replace": {` + quote(virtual) + `: ` + quote(main) + `}}`
	if err := os.WriteFile(overlay, []byte(json), 0o666); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-o", binary, "./internal/tidy/readme")
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the README's program does not compile: %v\n%s", err, out)
	}
	cmd := exec.Command(binary)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// quote makes a JSON string of a path.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `\`, `\\`) + `"` }

func checkAnswer(t *testing.T, url, want string) {
	client := http.Client{Timeout: 5 * time.Second}
	deadline := time.Now().Add(15 * time.Second)
	for {
		res, err := client.Get(url)
		if err == nil {
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if string(body) != want || err != nil {
				t.Errorf("the README's program answers %q, %v, want %q", body, err, want)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

var apiName = regexp.MustCompile(`^[A-Z]\w*(\.[A-Z]\w*)?`)

// What the README says about the API is there under that name.
func TestReadmeNames(t *testing.T) {
	var own []*File
	for _, f := range files(t) {
		if f.Dir() == "." && !f.Test {
			own = append(own, f)
		}
	}
	names := Exported(own)
	page := ParsePage(read(t, "README.md"))
	checked := 0
	for _, title := range []string{"The API at a glance", "Safe by default"} {
		for _, span := range Spans(page.Section(title)) {
			name := apiName.FindString(span)
			if name == "" {
				continue
			}
			checked++
			if !names[name] && !names["Config."+name] {
				t.Errorf("README.md, %s: %s does not exist", title, name)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d names were found to check", checked)
	}
}

// The defaults that the README promises are those that Config documents.
func TestReadmeDefaults(t *testing.T) {
	config := read(t, "config.go")
	rows := Rows(ParsePage(read(t, "README.md")).Section("Safe by default"))
	for _, row := range rows {
		field, def := strings.Trim(row[0], "`"), row[1]
		comment := regexp.MustCompile(`(?m)(?:^\t// ` + field + ` .*\n(?:^\t//.*\n)*)?^\t` + field + `\s.*$`).FindString(config)
		comment = strings.Join(strings.Fields(strings.ReplaceAll(comment, "//", "")), " ")
		if !strings.Contains(strings.ToLower(comment), "default "+strings.ToLower(def)) &&
			!strings.Contains(strings.ToLower(comment), "default: "+strings.ToLower(def)) {
			t.Errorf("README.md says that the default of %s is %q, config.go: %q", field, def, comment)
		}
	}
	if len(rows) < 8 {
		t.Errorf("only %d defaults were found to check", len(rows))
	}
}
