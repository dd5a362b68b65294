package tidy

import (
	"reflect"
	"testing"
)

const page = "# The Title\n" +
	"See [one](docs/A.md#part-one), `[not](this)` and [two](https://example.org/).\n" +
	"```sh\n" +
	"go test ./... # [nor](this)\n" +
	"# no heading\n" +
	"```\n" +
	"## Part one: `code`, and more\n" +
	"text\n" +
	"\n" +
	"| Field | Default |\n" +
	"|-------|---------|\n" +
	"| `A.B` | 10 s |\n" +
	"| `C`   | none |\n" +
	"#no heading either\n"

func TestParsePage(t *testing.T) {
	got := ParsePage(page)
	want := &Page{
		Blocks:   []Block{{"sh", 4, "go test ./... # [nor](this)\n# no heading\n"}},
		Links:    []Link{{"docs/A.md#part-one", 2}, {"https://example.org/", 2}},
		Headings: []string{"the-title", "part-one-code-and-more"},
		Sections: got.Sections,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if text := got.Section("Part one: `code`, and more"); len(text) == 0 || text[:5] != "text\n" {
		t.Errorf("section is %q", text)
	}
	if text := got.Section("no such"); text != "" {
		t.Errorf("a section that is not there is %q", text)
	}
}

// A fence that is never closed swallows the rest of the page, and is not a block.
func TestParsePageUnclosed(t *testing.T) {
	if p := ParsePage("```go\nx\n[a](b)\n"); len(p.Blocks)+len(p.Links) != 0 {
		t.Errorf("got %+v", p)
	}
}

func TestParsePageIndented(t *testing.T) {
	p := ParsePage("text\n    [a](in-text)\n\n    [b](code)\n\n    [c](code)\n\ntext\n" +
		" - item\n\n    [d](in-item)\n   more\n    [e](in-item)\n\ntext\n\n    [f](code)\n 1. item\n    [g](in-item)\n")
	var got []string
	for _, link := range p.Links {
		got = append(got, link.Target)
	}
	if want := []string{"in-text", "in-item", "in-item", "in-item"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRows(t *testing.T) {
	got := Rows(page)
	want := [][]string{{"`A.B`", "10 s"}, {"`C`", "none"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSpans(t *testing.T) {
	got := Spans("a `b c` d `e`, f")
	if want := []string{"b c", "e"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
