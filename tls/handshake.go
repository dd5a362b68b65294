package tls

import (
	"bytes"
	stdtls "crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"runtime/debug"

	"github.com/ringwire/ringwire/mem"
)

// handshake is crypto/tls at work on one connection. It runs in a coroutine, which is
// resumed by Step and yields when it needs more bytes, or a signature.
type handshake struct {
	s    *Session
	conn *stdtls.Conn

	in    []byte // borrowed for the length of a step
	used  int    // of in
	out   *mem.Writer
	frame framer

	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool // nil: outside of the coroutine

	clientSecret secret
	serverSecret secret
	serverHalf   half   // of serverSecret, once it was needed, under the suite that was tried last
	tickets      uint64 // records that crypto/tls has sealed under the key that we take over
	wanted       bool   // a signature
	done         bool
	err          error
}

// begin makes the coroutine. It runs with the first resume.
func (hs *handshake) begin() {
	hs.next, hs.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if v := recover(); v != nil { // of a callback of the application's
				hs.err = &PanicError{Value: v, Stack: debug.Stack()}
			}
			hs.done, hs.yield = true, nil
		}()
		growStack()
		hs.yield = yield
		hs.err = hs.conn.Handshake()
	})
}

// growStack has the coroutine's stack grow once, to what crypto/tls needs, instead of four times: each
// growth copies what is there and walks it.
//
//go:noinline
func growStack() {
	var room [12 << 10]byte
	use(&room)
}

//go:noinline
func use(*[12 << 10]byte) {}

// PanicError is a panic in a callback of the Config, which ends the handshake.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("tls: panic in a callback of the Config: %v", e.Value)
}

// resume lets crypto/tls go on with what is there, until it needs more.
func (hs *handshake) resume(in []byte, out *mem.Writer) (used int) {
	hs.in, hs.used, hs.out = in, 0, out
	l := hs.s.loop
	l.current = hs.s
	hs.next()
	l.current = nil
	hs.in, hs.out = nil, nil
	return hs.used
}

// wait yields until there is more. It fails once the handshake was given up.
func (hs *handshake) wait() error {
	if hs.yield == nil {
		return errWouldBlock
	}
	if !hs.yield(struct{}{}) {
		hs.yield = nil
		return errAborted
	}
	return nil
}

// abort unwinds crypto/tls. It must be called where resume may be.
func (hs *handshake) abort() {
	if hs.stop != nil {
		hs.stop()
	}
	hs.wipe()
}

func (hs *handshake) wipe() {
	hs.clientSecret, hs.serverSecret = secret{}, secret{}
	hs.serverHalf.wipe()
}

// secret is a traffic secret, of the length of its suite's hash, of none until it is known.
type secret struct {
	buf [48]byte
	n   int
}

func (s *secret) bytes() []byte { return s.buf[:s.n] }

// keySink receives the secrets of whichever session is being stepped: crypto/tls has no other
// way to tell them. It is the KeyLogWriter of every Config of the loop.
type keySink struct{ loop *Loop }

// Write takes one line "LABEL client_random secret", and overwrites it.
func (k keySink) Write(line []byte) (int, error) {
	defer clear(line)
	if w := k.loop.engine.keyLog; w != nil {
		if err := writeGuarded(w, line); err != nil {
			return 0, err
		}
	}
	if s := k.loop.current; s != nil && s.hs != nil {
		return len(line), s.hs.takeSecret(line)
	}
	return len(line), nil
}

func (hs *handshake) takeSecret(line []byte) error {
	label, rest, _ := bytes.Cut(line, []byte(" "))
	var dst *secret
	switch string(label) {
	case "CLIENT_TRAFFIC_SECRET_0":
		dst = &hs.clientSecret
	case "SERVER_TRAFFIC_SECRET_0":
		dst = &hs.serverSecret
	default:
		return nil
	}
	_, digits, _ := bytes.Cut(rest, []byte(" "))
	digits = bytes.TrimSpace(digits)
	if hex.DecodedLen(len(digits)) > len(dst.buf) {
		return ErrNoSecrets
	}
	n, err := hex.Decode(dst.buf[:], digits)
	if err != nil {
		return ErrNoSecrets
	}
	dst.n = n
	return nil
}

// writeGuarded makes an error of a panic: crypto/tls holds a lock of the whole process meanwhile,
// and would not let go of it.
func writeGuarded(w io.Writer, line []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	_, err = w.Write(line)
	return err
}
