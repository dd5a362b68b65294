package tidy

import (
	"regexp"
	"strings"
)

// Command is one command of a shell line.
type Command struct {
	Env  map[string]string // assignments in front of it
	Args []string          // the program and its arguments
}

var assignment = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// ParseCommand reads a line of a shell block: words, quotes, a comment at the end. Pipes
// and lists are not read; only the first command counts. Args is empty for a comment.
func ParseCommand(line string) Command {
	cmd := Command{Env: map[string]string{}}
	for _, word := range words(line) {
		if word == "|" || word == "&" || word == "&&" || word == ";" {
			break
		}
		if m := assignment.FindStringSubmatch(word); m != nil && len(cmd.Args) == 0 {
			cmd.Env[m[1]] = m[2]
			continue
		}
		cmd.Args = append(cmd.Args, word)
	}
	return cmd
}

// words splits at blanks outside of quotes, up to a comment.
func words(line string) []string {
	var list []string
	var word strings.Builder
	open, quote := false, rune(0)
	end := func() {
		if open {
			list = append(list, word.String())
		}
		word.Reset()
		open = false
	}
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, open = c, true
		case c == ' ' || c == '\t' || c == '\n':
			end()
		case c == '#' && !open:
			return list
		default:
			word.WriteRune(c)
			open = true
		}
	}
	end()
	return list
}
