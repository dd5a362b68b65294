package ringwire

import (
	"strings"
	"testing"
)

const goroutineProfile = `goroutine profile: total 4
1 @ 0x1 0x2
#	0x1	main.slow+0x2c						/app/main.go:12
#	0x2	github.com/ringwire/ringwire.HandlerFunc.ServeHTTP+0x2f	/src/handler.go:28
#	0x3	github.com/ringwire/ringwire/conn.(*Loop).Received+0x95	/src/conn/loop.go:210
#	0x4	github.com/ringwire/ringwire/conn.(*Loop).Run+0x95	/src/conn/loop.go:99

2 @ 0x1 0x2
#	0x1	github.com/ringwire/ringwire/ring.(*Loop).sleep+0x1	/src/ring/loop.go:1
#	0x4	github.com/ringwire/ringwire/conn.(*Loop).Run+0x95	/src/conn/loop.go:99

1 @ 0x5
#	0x5	main.task+0x1	/app/with space/main.go:30
#	0x6	github.com/ringwire/ringwire/fallback.(*Loop).runTasks+0x1	/src/fallback/turn.go:1

`

// Of all goroutines those are shown which are in a callback, and not those that only run a loop.
func TestPickStacks(t *testing.T) {
	want := "main.slow\n\t/app/main.go:12\n" +
		"github.com/ringwire/ringwire.HandlerFunc.ServeHTTP\n\t/src/handler.go:28\n" +
		"github.com/ringwire/ringwire/conn.(*Loop).Received\n\t/src/conn/loop.go:210\n" +
		"github.com/ringwire/ringwire/conn.(*Loop).Run\n\t/src/conn/loop.go:99\n" +
		"\nmain.task\n\t/app/with space/main.go:30\n" +
		"github.com/ringwire/ringwire/fallback.(*Loop).runTasks\n\t/src/fallback/turn.go:1\n"
	if got := pickStacks(goroutineProfile); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := pickStacks(""); got != "no goroutine is in a callback of a loop now\n" {
		t.Errorf("%q", got)
	}
	if got := pickStacks(strings.Repeat(goroutineProfile, 20)); strings.Count(got, "main.slow") != maxStacks/2 || !strings.Contains(got, "and others") {
		t.Errorf("of forty stacks these are shown:\n%s", got)
	}
}
