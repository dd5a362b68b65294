//go:build linux

package ring

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newRestricted is a loop whose ring is limited to these.
func newRestricted(t *testing.T, to []Restriction) *Loop {
	t.Helper()
	if err := Available(); err != nil {
		t.Skip(err)
	}
	all := loopNeeds
	defer func() { loopNeeds = all }()
	loopNeeds = to
	l, err := NewLoop(LoopConfig{Restrict: true})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What a loop does not need is refused, by operation, by flag and by registration. What it needs is not, and
// enabling the ring makes the thread its owner in spite of all.
func TestRestrict(t *testing.T) {
	l := newRestricted(t, loopNeeds)
	runtime.LockOSThread() // which owns the ring, and its registered descriptor
	defer runtime.UnlockOSThread()
	defer l.release()
	if err := l.begin(); err != nil {
		t.Fatal(err)
	}
	if l.ring.enterFlags&EnterRegisteredRing == 0 {
		t.Error("the ring's descriptor could not be registered")
	}
	r, root := l.ring, [...]byte{'/', 0}
	if _, err := r.Submit(); err != nil {
		t.Fatal(err)
	}
	for name, prepare := range map[string]func(*SQE){
		"nop":             func(e *SQE) { e.PrepareNop() },
		"openat":          func(e *SQE) { e.PrepareOpenat(unix.AT_FDCWD, &root[0], 0, 0) },
		"write":           func(e *SQE) { e.PrepareWrite(l.inbox.fd, 0, 0, 0) },
		"read, linked":    func(e *SQE) { e.PrepareRead(-1, 0, 0, 0); e.Flags = SQEIOLink },
		"read, fixed":     func(e *SQE) { e.PrepareRead(-1, 0, 0, 0); e.Flags = SQEFixedFile },
		"connect":         func(e *SQE) { e.OpCode = OpConnect },
		"message to ring": func(e *SQE) { e.OpCode = OpMsgRing },
	} {
		if res := run(t, r, prepare); res != -int32(unix.EACCES) {
			t.Errorf("%s: %d, want EACCES", name, res)
		}
	}
	if res := run(t, r, func(e *SQE) { e.PrepareRead(-1, 0, 0, 0) }); res != -int32(unix.EBADF) {
		t.Errorf("a read of no descriptor: %d, want EBADF", res)
	}
	for name, err := range map[string]error{
		"files":        r.RegisterFiles([]int32{-1}),
		"restrictions": r.RegisterRestrictions(loopNeeds),
	} {
		if err == nil {
			t.Errorf("%s were registered with a restricted ring", name)
		}
	}
	if err := r.RegisterFiles([]int32{-1}); !errors.Is(err, unix.EACCES) {
		t.Errorf("registering files: %v, want EACCES", err)
	}
}

// The list is what the loop's files prepare, no more and no less.
func TestLoopNeeds(t *testing.T) {
	names, err := filepath.Glob("loop*.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Skip("the source is not here")
	}
	ops, flags := map[uint8]string{}, uint8(0)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if method := n.Sel.Name; strings.HasPrefix(method, "Prepare") {
					ops[opOf(t, method)] = method
				} else if method == "SetBufferGroup" {
					flags |= SQEBufferSelect
				}
			case *ast.AssignStmt:
				if sel, ok := n.Lhs[0].(*ast.SelectorExpr); ok && sel.Sel.Name == "Flags" {
					id, ok := n.Rhs[0].(*ast.Ident)
					if !ok || id.Name != "SQECQESkipSuccess" {
						t.Errorf("%s sets SQE flags that this test does not know", name)
					}
					flags |= SQECQESkipSuccess
				}
			}
			return true
		})
	}
	for op, method := range ops {
		if !slices.Contains(loopNeeds, allowOp(op)) {
			t.Errorf("the loop calls %s, operation %d, which the list lacks", method, op)
		}
	}
	for _, r := range loopNeeds {
		switch r.OpCode {
		case RestrictionSQEOp:
			if ops[r.OpFlags] == "" {
				t.Errorf("the list allows operation %d, which the loop does not prepare", r.OpFlags)
			}
		case RestrictionSQEFlagsAllowed:
			if r.OpFlags != flags {
				t.Errorf("the list allows flags %#x, the loop sets %#x", r.OpFlags, flags)
			}
		}
	}
}

// opOf is the operation that a method of SQE prepares.
func opOf(t *testing.T, method string) uint8 {
	var e SQE
	m := reflect.ValueOf(&e).MethodByName(method)
	if !m.IsValid() {
		t.Fatalf("SQE has no method %s", method)
	}
	var args []reflect.Value
	for i := range m.Type().NumIn() {
		if arg := m.Type().In(i); arg.Kind() == reflect.Pointer {
			args = append(args, reflect.New(arg.Elem()))
		} else {
			args = append(args, reflect.Zero(arg))
		}
	}
	m.Call(args)
	return e.OpCode
}

// Each entry of the list is needed: without it a loop does not do its work. Children, because descriptors that
// cannot be closed stay open.
func TestLoopNeedsAll(t *testing.T) {
	if testing.Short() {
		t.Skip("a process for each entry: what the kernel refuses does not depend on how the tests are built")
	}
	if err := Available(); err != nil {
		t.Skip(err)
	}
	if out := child(t, "without -1"); out != "works\n" {
		t.Fatalf("with all of it: %s", out)
	}
	for i, r := range loopNeeds {
		if r == allowOp(OpPollAdd) {
			continue // it makes up for what this kernel may not get wrong
		}
		if out := child(t, fmt.Sprintf("without %d", i)); out == "works\n" {
			t.Errorf("without %+v it works as well", r)
		}
	}
}

// restrictedChild takes one entry out of the list and does with the loop what there is to do.
func restrictedChild(missing string) {
	var i int
	if _, err := fmt.Sscan(missing, &i); err == nil && i >= 0 {
		if loopNeeds[i].OpCode == RestrictionSQEFlagsAllowed {
			loopNeeds[i].OpFlags = SQECQESkipSuccess // without the others
		} else {
			loopNeeds = slices.Delete(slices.Clone(loopNeeds), i, i+1)
		}
	}
	patience := 10 * time.Second
	if i >= 0 {
		patience = 300 * time.Millisecond // nothing is to be waited for
	}
	if err := exercise(patience); err != nil {
		fmt.Println("trouble:", err)
	} else {
		fmt.Println("works")
	}
	os.Exit(0)
}

// exercise runs a loop on a restricted ring through all that it asks of it.
func exercise(patience time.Duration) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	l, err := NewLoop(LoopConfig{Restrict: true})
	if err == nil {
		err = l.Listen(ln)
	}
	if err != nil {
		return err
	}
	app := &exerciser{loop: l}
	go func() { _ = l.Run(app) }()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	var buf [16]byte
	for _, ping := range []string{"one", "two", "bye"} { // answered by a send, by a gathered one, by a close
		if _, err = c.Write([]byte(ping)); err != nil {
			return fmt.Errorf("%s: %w", ping, err)
		}
		n, err := c.Read(buf[:])
		if ping == "bye" && (n > 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded)) {
			return fmt.Errorf("the connection was not closed: %d bytes, %v", n, err)
		}
		if ping != "bye" && string(buf[:n]) != ping {
			return fmt.Errorf("%s: answered %q, %v", ping, buf[:n], err)
		}
	}
	return app.idle(patience)
}

// exerciser echoes in one piece, then in two, and then closes with the receive still in flight.
type exerciser struct {
	loop  *Loop
	got   int
	msg   [16]byte
	turns [2]uint64
}

func (x *exerciser) Opened(id uint32) { x.loop.Receive(id) }
func (x *exerciser) Received(id uint32, p []byte) {
	n := copy(x.msg[:], p)
	switch x.got++; x.got {
	case 1:
		x.loop.Send(id, [][]byte{x.msg[:n]})
	case 2:
		x.loop.Send(id, [][]byte{x.msg[:1], x.msg[1:n]})
	default:
		x.loop.Close(id)
	}
}
func (x *exerciser) Ended(uint32, error)     {}
func (x *exerciser) Sent(uint32, int, error) {}
func (x *exerciser) Closed(uint32)           {}
func (x *exerciser) AcceptFailed(error)      {}
func (x *exerciser) Turn(int64) int64        { return 0 }

// idle wants the loop to sleep, to be woken by a task, and to have registered its ring's descriptor.
func (x *exerciser) idle(patience time.Duration) error {
	seen := make(chan uint64)
	look := taskFunc(func() {
		r := x.loop.ring
		if r.enterFlags&EnterRegisteredRing == 0 || r.UnregisterRingFD() != nil || r.RegisterRingFD() != nil {
			x.turns[0] = 1 << 40
		}
		seen <- x.loop.stats.Turns
	})
	for i := range x.turns {
		x.loop.Post(look)
		select {
		case n := <-seen:
			x.turns[i] += n
		case <-time.After(patience):
			return errors.New("nothing wakes the loop")
		}
		time.Sleep(50 * time.Millisecond)
	}
	switch d := x.turns[1] - x.turns[0]; {
	case x.turns[0] >= 1<<40:
		return errors.New("the descriptor cannot be registered and unregistered")
	case d > 20:
		return fmt.Errorf("%d turns without anything to do", d)
	}
	return x.alarm(patience)
}

// alarm wants a timeout to wait, and to come when it is moved.
func (x *exerciser) alarm(patience time.Duration) error {
	in := func(d time.Duration) (was int64) {
		done := make(chan int64)
		x.loop.Post(taskFunc(func() {
			was := x.loop.park.alarm
			if d > 0 {
				x.loop.setAlarm(x.loop.Clock() + int64(d))
			}
			done <- was
		}))
		return <-done
	}
	in(time.Hour)
	time.Sleep(20 * time.Millisecond)
	if in(10*time.Millisecond) == 0 {
		return errors.New("a timeout does not wait")
	}
	for end := time.Now().Add(patience); in(0) != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return errors.New("a timeout cannot be moved")
		}
	}
	return nil
}

// A kernel, or a filter, that does not take restrictions is named, and what to do.
func TestRestrictRefused(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	runtime.LockOSThread() // a ring answers its own thread only
	defer runtime.UnlockOSThread()
	r, err := New(Config{Entries: 4}) // enabled: too late
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var e *Error
	if err := r.restrict(loopNeeds); !errors.As(err, &e) || e.Kind != Unsupported || !errors.Is(err, unix.EBADFD) ||
		!strings.Contains(e.Remedy, "RestrictRing") || !strings.Contains(e.Seen, "io_uring_register(2)") {
		t.Errorf("got %+v", err)
	}
}
