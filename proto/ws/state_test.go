package ws

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

var (
	inputNames   = [inputs]string{"first", "whole", "next", "last", "end", "close", "fail"}
	receiveNames = [receiveStates]string{"", "recIdle", "recFrame", "recGap", "recLast", "recClosed", "recFailed"}
	sendNames    = [sendStates]string{"", "sndIdle", "sndBegun", "sndClosed"}
)

// The pictures in the comment are made from the tables; this keeps them so.
func TestStatePicturesMatchTables(t *testing.T) {
	src, err := os.ReadFile("state.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, picture := range []string{
		draw("received", receiveNames[:], 7, func(s, in int) int { return int(receiveTable[s][in]) }),
		draw("sent", sendNames[:], 6, func(s, in int) int { return int(sendTable[s][in]) }),
	} {
		if !strings.Contains(strings.ReplaceAll(string(src), "\r\n", "\n"), picture) {
			t.Errorf("the comment in state.go is not\n%s", picture)
		}
	}
}

// draw is a table as the lines of a Go comment. Only columns with something in them are drawn.
func draw(title string, names []string, columns int, cell func(s, in int) int) string {
	var b strings.Builder
	head, rule := fmt.Sprintf("//\t%-9s", title), "//\t---------"
	for in := range columns {
		head += fmt.Sprintf("  %-6s", inputNames[in])
		rule += "  ------"
	}
	b.WriteString(strings.TrimRight(head, " ") + "\n" + rule + "\n")
	for s := 1; s < len(names); s++ {
		line := fmt.Sprintf("//\t%-9s", names[s])
		for in := range columns {
			next := "·"
			if n := cell(s, in); n != 0 {
				next = strings.ToLower(names[n][3:])
			}
			line += fmt.Sprintf("  %-6s", next)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// What can only be a fault of this package does not pass for a state.
func TestStepPanics(t *testing.T) {
	var e Engine
	e.Init(Server, &defaults, newWorld(t, Server).acc)
	defer func() {
		if recover() == nil {
			t.Error("the end of a frame that never began was taken")
		}
	}()
	e.step(inEnd)
}
