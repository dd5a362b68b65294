package tidy

import (
	"regexp"
	"strings"
)

// Page is what the checks look at in a Markdown file.
type Page struct {
	Blocks   []Block  // fenced code blocks
	Links    []Link   // targets of [text](target), outside of code
	Headings []string // the anchors that links can name, as GitHub makes them
	Sections []Section
}

// Block is a fenced code block.
type Block struct {
	Lang string // the word after the fence
	Line int    // of its first line of text, from 1
	Text string // ends with a line feed, unless empty
}

// Link is a link's target.
type Link struct {
	Target string
	Line   int
}

// Section is what follows a heading up to the next one of any level.
type Section struct {
	Title string
	Text  string
}

var (
	linkPattern = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	codeSpan    = regexp.MustCompile("`[^`]*`")
	notAnchor   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// ParsePage reads the Markdown that this project writes: fences of three backticks,
// indented code, headings with #, inline links.
func ParsePage(text string) *Page {
	p := &Page{}
	var block *Block
	var indented indentation
	for i, line := range strings.SplitAfter(text, "\n") {
		bare := strings.TrimSpace(line)
		switch {
		case block == nil && indented.isCode(line, bare):
		case block == nil && strings.HasPrefix(bare, "```"):
			block = &Block{Lang: strings.TrimPrefix(bare, "```"), Line: i + 2}
		case block != nil && bare == "```":
			p.Blocks = append(p.Blocks, *block)
			block = nil
		case block != nil:
			block.Text += line
		default:
			p.prose(bare, line, i+1)
		}
	}
	return p
}

// indentation tells code that is indented by four blanks from the paragraphs of lists.
type indentation struct {
	list, code, blank bool // what the lines before were
}

var listItem = regexp.MustCompile(`^ {0,3}([-*+]|\d+[.)]) `)

func (in *indentation) isCode(line, bare string) bool {
	switch {
	case bare == "":
		in.blank = true
	case strings.HasPrefix(line, "    "):
		in.code = in.code || in.blank && !in.list
		in.blank = false
	default:
		in.list = listItem.MatchString(line) || in.list && (!in.blank || line[0] == ' ')
		in.code, in.blank = false, false
	}
	return in.code && bare != ""
}

// prose reads a line outside of fences.
func (p *Page) prose(bare, line string, number int) {
	if title := strings.TrimLeft(bare, "#"); title != bare && strings.HasPrefix(title, " ") {
		title = strings.TrimSpace(title)
		p.Headings = append(p.Headings, Anchor(title))
		p.Sections = append(p.Sections, Section{Title: title})
		return
	}
	if n := len(p.Sections); n > 0 {
		p.Sections[n-1].Text += line
	}
	for _, m := range linkPattern.FindAllStringSubmatch(codeSpan.ReplaceAllString(bare, ""), -1) {
		p.Links = append(p.Links, Link{m[1], number})
	}
}

// Anchor is the name by which a link finds a heading.
func Anchor(title string) string {
	return strings.ReplaceAll(notAnchor.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}

// Section returns the text under a heading, "" if there is none.
func (p *Page) Section(title string) string {
	for _, s := range p.Sections {
		if s.Title == title {
			return s.Text
		}
	}
	return ""
}

// Rows are the cells of the tables in a text, without heads and rules.
func Rows(text string) [][]string {
	var rows [][]string
	head := true
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "|"):
			head = true
		case strings.HasPrefix(line, "|--") || strings.HasPrefix(line, "| --"):
			head = false
		case !head:
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// Spans are the texts in backticks.
func Spans(text string) []string {
	spans := codeSpan.FindAllString(text, -1)
	for i, s := range spans {
		spans[i] = strings.Trim(s, "`")
	}
	return spans
}
