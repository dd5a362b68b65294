package ringwire

import (
	"bytes"
	"runtime/pprof"
	"strings"
)

// Where the stack of a goroutine that runs a loop's callbacks passes through: called by a driver, or
// by what was posted to it.
var callbackFrames = []string{
	"/conn.(*Loop).Opened+", "/conn.(*Loop).Received+", "/conn.(*Loop).Ended+", "/conn.(*Loop).Sent+", "/conn.(*Loop).Closed+",
	"/conn.(*Loop).AcceptFailed+", "/conn.(*Loop).Turn+", "/ring.(*inbox).runAll+", "/fallback.(*Loop).runTasks+",
}

// maxStacks is how many different stacks are told.
const maxStacks = 8

// callbackStacks are the stacks of the goroutines that are inside a loop's callback now. On netpoll
// any goroutine may be, so all are looked at: by way of the profile, which does not stop the world
// for as long as there are goroutines, and shows those with the same stack once.
func callbackStacks() string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return err.Error() + "\n"
	}
	return pickStacks(profile.String())
}

// pickStacks takes what is wanted from a goroutine profile in its text form.
func pickStacks(profile string) string {
	var b strings.Builder
	n := 0
	for group := range strings.SplitSeq(profile, "\n\n") {
		if !inCallback(group) {
			continue
		}
		if n++; n > maxStacks {
			b.WriteString("\n… and others\n")
			break
		}
		appendStack(&b, group)
	}
	if n == 0 {
		return "no goroutine is in a callback of a loop now\n"
	}
	return b.String()
}

func inCallback(group string) bool {
	for _, frame := range callbackFrames {
		if strings.Contains(group, frame) {
			return true
		}
	}
	return false
}

// appendStack writes one group's frames as Go writes a stack: a line for the function, a line for
// the place.
func appendStack(b *strings.Builder, group string) {
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	for line := range strings.Lines(group) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[0] != "#" {
			continue
		}
		function := fields[2][:max(0, strings.LastIndexByte(fields[2], '+'))]
		b.WriteString(function + "\n\t" + strings.Join(fields[3:], " ") + "\n")
	}
}
