package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// list says which kernels are known and which are here.
func list(w io.Writer, s shelf) error {
	for _, k := range known {
		state := "not fetched"
		if have, err := s.load(k.minor); err == nil {
			state = have.version
			if r, err := loadResult(s.path(k.minor, "result.json")); err == nil {
				state += ", on " + r.Date + " " + r.summary()
			}
		}
		if _, err := fmt.Fprintf(w, "%-5v %s\n", k.minor, state); err != nil {
			return err
		}
	}
	return nil
}

// conclude prints the tables, and writes them where that was asked for.
func conclude(o *options, root string, results []*result, missing []string) (ok bool, err error) {
	if len(results) == 0 {
		return false, errors.New("nothing was run")
	}
	text := tables(results)
	fmt.Printf("\n%s", text)
	for _, m := range missing {
		fmt.Printf("missing: %s\n", m)
	}
	ok = !slices.ContainsFunc(results, func(r *result) bool { return !r.ok() })
	if o.write && o.image == "" {
		err = writeBetween(filepath.Join(root, "docs", "KERNELS.md"), text)
	}
	return ok, err
}

// tables is what is shown and written: how each kernel did, and what each can do.
func tables(results []*result) string {
	var b bytes.Buffer
	resultTable(&b, results)
	b.WriteString("\n")
	reasons(&b, results)
	factTable(&b, results)
	return b.String()
}

func resultTable(b *bytes.Buffer, results []*result) {
	b.WriteString("| kernel | release | driver |")
	for i := range tasks {
		fmt.Fprintf(b, " %s |", tasks[i].name)
	}
	b.WriteString(" seconds | run on |\n|---|---|---|" + strings.Repeat("---|", len(tasks)+2) + "\n")
	for _, r := range results {
		fmt.Fprintf(b, "| %s | %s | %s |", r.Kernel, r.Facts["release"], r.Facts["driver"])
		for i := range tasks {
			fmt.Fprintf(b, " %s |", r.cell(tasks[i].name))
		}
		fmt.Fprintf(b, " %.0f | %s |\n", r.Seconds, r.Date)
	}
}

// cell is a job's outcome: the tests that passed, or what did not.
func (r *result) cell(job string) string {
	o := r.outcome(job)
	switch {
	case o == nil:
		return "–"
	case o.Failed > 0:
		return fmt.Sprintf("%d FAILED", o.Failed)
	case o.Error != "":
		return "FAILED"
	case o.Passed > 0:
		return fmt.Sprint(o.Passed)
	}
	return "✓"
}

// reasons says why netpoll was chosen where it was.
func reasons(b *bytes.Buffer, results []*result) {
	for _, r := range results {
		if r.Facts["driver"] == "netpoll" {
			fmt.Fprintf(b, "On %s, netpoll:\n%s.\n\n", r.Kernel, wrap(r.Facts["reason"], 118))
		}
	}
}

// wrap breaks a text at spaces.
func wrap(text string, width int) string {
	var b strings.Builder
	used := 0
	for _, word := range strings.Fields(text) {
		switch {
		case used > 0 && used+1+len(word) > width:
			b.WriteByte('\n')
			used = 0
		case used > 0:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += len(word)
	}
	return b.String()
}

// factTable is a row for each feature and each verdict of the self-test.
func factTable(b *bytes.Buffer, results []*result) {
	names := map[string]bool{}
	for _, r := range results {
		for name := range r.Facts {
			if strings.HasPrefix(name, "feature ") || strings.HasPrefix(name, "self-test ") {
				names[name] = true
			}
		}
	}
	b.WriteString("| found there |")
	for _, r := range results {
		fmt.Fprintf(b, " %s |", r.Kernel)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(results)) + "\n")
	for _, name := range order(names, results) {
		fmt.Fprintf(b, "| %s |", strings.TrimPrefix(name, "feature "))
		for _, r := range results {
			fmt.Fprintf(b, " %s |", mark(r.Facts[name]))
		}
		b.WriteString("\n")
	}
}

// order puts what all have first, then what fewer have, by name where as many.
func order(names map[string]bool, results []*result) []string {
	have := func(name string) (n int) {
		for _, r := range results {
			if r.Facts[name] == "yes" {
				n++
			}
		}
		return n
	}
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	slices.SortFunc(list, func(a, b string) int {
		if c := strings.Compare(a[:1], b[:1]); c != 0 {
			return c // features before the self-test
		}
		if c := have(b) - have(a); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return list
}

// mark is a verdict in a table.
func mark(verdict string) string {
	switch verdict {
	case "yes":
		return "✓"
	case "no", "":
		return "–"
	}
	return strings.ReplaceAll(verdict, "|", "/")
}

// The generated part of a page stands between these.
const (
	beginMark = "<!-- generated: begin -->\n"
	endMark   = "<!-- generated: end -->\n"
)

// writeBetween puts a text between the marks of a page.
func writeBetween(file, text string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok1 := strings.Cut(string(page), beginMark)
	_, tail, ok2 := strings.Cut(rest, endMark)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no marks to write between", file)
	}
	return os.WriteFile(file, []byte(head+beginMark+"\n"+text+"\n"+endMark+tail), 0o644)
}
