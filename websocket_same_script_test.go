package ringwire

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// wsWriter writes the script of a WebSocket's client.
type wsWriter struct {
	script
	rng      *rand.Rand
	blocking bool // it is played to goroutines
	deflates bool // compression is agreed on
	mixed    bool // what the topic sends comes anywhere among the rest

	raw    []byte // of the step
	due    int    // answers and frames that will have come
	silent bool   // nothing answers the step's last bytes
	room   int    // bytes of messages that may still be sent in this step
}

func wsScripts(seed uint64, blocking bool) (list []script) {
	rng := rand.New(rand.NewPCG(seed, 0x77736d65))
	all := wsEndings(blocking)
	for i := range sameClients {
		w := &wsWriter{rng: rng, blocking: blocking}
		ending := &all[(int(seed)*sameClients+i)%len(all)]
		w.open(i, ending)
		for range rng.IntN(4) {
			w.talk()
			w.await()
		}
		ending.write(w)
		w.end, w.last, w.told = ending.end, fmt.Sprintf("ended: %d", ending.code), w.tell
		if w.end == endIdle || w.end == endReset {
			w.await()
		} else {
			w.step(nil)
		}
		list = append(list, w.script)
	}
	return list
}

// send adds bytes for which n frames come back.
func (w *wsWriter) send(raw string, n int) {
	w.raw = append(w.raw, raw...)
	w.due += n
	w.silent = n == 0
}

func (w *wsWriter) step(done func(got []byte) bool) {
	w.steps = append(w.steps, step{cut(w.rng, w.raw), done})
	w.raw, w.room = nil, 150_000 // all that is sent back at once, and the connection is not congested
}

// await ends a step: the server has taken everything, and what is due has come.
func (w *wsWriter) await() {
	if w.silent {
		w.ping("awaited")
	}
	w.step(wsDone(w.due))
}

// open writes the handshake, behind others that are refused.
func (w *wsWriter) open(client int, e *wsEnding) {
	kind, fields := "plain", []string{"Sec-WebSocket-Protocol: first, second"}[w.rng.IntN(2):]
	if e.compression > 0 || e.compression == 0 && w.rng.IntN(2) == 0 {
		w.deflates, kind = true, pick(w.rng, "alone", "kept")
		fields = append(fields, "Sec-WebSocket-Extensions: "+pick(w.rng, "permessage-deflate", "permessage-deflate; client_max_window_bits",
			"unknown, permessage-deflate; server_no_context_takeover; server_max_window_bits=10"))
	}
	path := fmt.Sprintf("/ws/%s/c%d", kind, client)
	for w.rng.IntN(4) == 0 {
		w.send(pick(w.rng, wsGet(path, "Origin: http://elsewhere"), strings.Replace(wsGet(path), "Version: 13", "Version: 12", 1),
			strings.Replace(wsGet(path), wsKey, "c2hvcnQ=", 1), get(path)), 1)
	}
	w.send(wsGet(path, fields...), 2)
	if w.room = 10_000; w.rng.IntN(2) == 0 {
		w.message()
	}
	w.await()
}

// talk writes what a client says in a step.
func (w *wsWriter) talk() {
	switch w.rng.IntN(8) {
	case 0:
		w.send(text("!big"), 2)
	case 1:
		w.send(text("!ping"), 1)
		w.await()
		w.send(frame(fin|opPong, "mine"), 0)
	case 2:
		w.mixed = true
		w.room = 20_000 // so that no message of the topic's has to wait
		for range 1 + w.rng.IntN(4) {
			w.send(text("!publish"), 2)
			w.message()
		}
	default:
		for range 1 + w.rng.IntN(6) {
			switch w.rng.IntN(8) {
			case 0:
				w.ping(repeat(w.rng.IntN(126)))
			case 1:
				w.send(frame(fin|opPong, repeat(w.rng.IntN(126))), 0)
			default:
				w.message()
			}
		}
	}
}

func (w *wsWriter) ping(payload string) { w.send(frame(fin|opPing, payload), 1) }

// message writes a message, whole or in fragments, with what may come between them.
func (w *wsWriter) message() {
	sizes := []int{0, 1, 125, 126, 127, 16383, 16384, 65535, 65536, 65537, w.rng.IntN(1 << w.rng.IntN(17)), w.rng.IntN(1000)}
	n := sizes[w.rng.IntN(len(sizes))]
	if n > w.room {
		n = w.rng.IntN(100)
	}
	w.room -= n
	first, m := byte(opBinary), string(seeded(w.rng.Uint64(), n))
	if w.rng.IntN(2) == 0 {
		first, m = opText, letters(w.rng, n)
	}
	if w.deflates && w.rng.IntN(2) == 0 {
		first, m = first|deflate, deflated(m)
	}
	w.fragments(first, m)
}

func (w *wsWriter) fragments(first byte, m string) {
	for w.rng.IntN(3) == 0 {
		n := w.rng.IntN(len(m) + 1)
		w.send(frame(first, m[:n]), 0)
		if w.rng.IntN(3) == 0 {
			w.ping(m[:min(n, 125)])
		}
		first, m = 0, m[n:]
	}
	w.send(frame(fin|first, m), 1)
}

// letters are n bytes of UTF-8, with characters of every length.
func letters(rng *rand.Rand, n int) string {
	var text strings.Builder
	for text.Grow(n); text.Len() < n; {
		if c := pick(rng, "a", "\u00e9", "\u20ac", "\U0001d11e", "\x00", "\ufeff"); text.Len()+len(c) <= n {
			text.WriteString(c)
		}
	}
	return text.String()
}

func pick(rng *rand.Rand, list ...string) string { return list[rng.IntN(len(list))] }
