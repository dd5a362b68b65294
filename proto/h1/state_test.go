package h1

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The picture in the documentation is made from the tables; this keeps it so.
func TestStatePictureMatchesTables(t *testing.T) {
	src, err := os.ReadFile("state.go")
	if err != nil {
		t.Fatal(err)
	}
	if picture := drawTables(); !strings.Contains(strings.ReplaceAll(string(src), "\r\n", "\n"), picture) {
		t.Errorf("the comment in state.go is not\n%s", picture)
	}
}

// drawTables draws both tables as the lines of a Go comment.
func drawTables() string {
	var b strings.Builder
	draw := func(title, prefix string, names []string, cell func(state, in int) int) {
		rows := [][]string{append([]string{title}, inputNames[:]...), make([]string, inputs+1)}
		for s := 1; s < len(names); s++ {
			row := []string{names[s]}
			for in := range int(inputs) {
				next := "·"
				if n := cell(s, in); n != 0 {
					next = strings.ToLower(strings.TrimPrefix(names[n], prefix))
				}
				row = append(row, next)
			}
			rows = append(rows, row)
		}
		widths := make([]int, inputs+1)
		for _, row := range rows {
			for i, c := range row {
				widths[i] = max(widths[i], len([]rune(c)))
			}
		}
		for i := range rows[1] {
			rows[1][i] = strings.Repeat("-", widths[i])
		}
		for _, row := range rows {
			line := "//\t"
			for i, c := range row {
				line += fmt.Sprintf("%-*s  ", widths[i], c)
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	draw("request half", "req", requestNames[:], func(s, in int) int { return int(requestTable[s][in]) })
	b.WriteString("//\n")
	draw("response half", "res", responseNames[:], func(s, in int) int { return int(responseTable[s][in]) })
	return b.String()
}

// Every state is entered from somewhere.
func TestStatesAreReachable(t *testing.T) {
	req, res := map[requestState]bool{reqIdle: true}, map[responseState]bool{resIdle: true}
	for range 10 {
		for in := range inputs {
			for s := range req {
				req[requestTable[s][in]] = true
			}
			for s := range res {
				res[responseTable[s][in]] = true
			}
		}
	}
	for s := requestState(1); s < requestStates; s++ {
		if !req[s] {
			t.Errorf("nothing leads to %s", requestNames[s])
		}
	}
	for s := responseState(1); s < responseStates; s++ {
		if !res[s] {
			t.Errorf("nothing leads to %s", responseNames[s])
		}
	}
}

// Commands out of turn are the caller's mistake and say so, instead of corrupting the stream.
func TestCommandsOutOfTurnPanic(t *testing.T) {
	ok := &ResponseHead{Status: 200}
	for _, c := range []struct {
		name string
		run  func(e *Engine)
		want string
	}{
		{"a response without request", func(e *Engine) { e.AppendResponseHead(nil, ok) }, "h1: response in state reqIdle/resIdle"},
		{"the end of none", func(e *Engine) { e.FinishResponse() }, "h1: responseEnd in state reqIdle/resIdle"},
		{"two heads", func(e *Engine) {
			e.Next([]byte(get("")), new(Head))
			e.AppendResponseHead(nil, ok)
			e.AppendResponseHead(nil, ok)
		}, "h1: response in state reqEnding/resBody"},
		{"an interim head after the final one", func(e *Engine) {
			e.Next([]byte(get("")), new(Head))
			e.AppendResponseHead(nil, ok)
			e.AppendResponseHead(nil, &ResponseHead{Status: 103})
		}, "h1: interim in state reqEnding/resBody"},
		{"the end before the head", func(e *Engine) {
			e.Next([]byte(get("")), new(Head))
			e.FinishResponse()
		}, "h1: responseEnd in state reqEnding/resAwait"},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != c.want {
					t.Errorf("panic(%v), want %q", got, c.want)
				}
			}()
			var e Engine
			e.Init(Server, &defaults)
			c.run(&e)
		})
	}
}
