package ringwire

import "strings"

// wsEnding is how a WebSocket ends.
type wsEnding struct {
	code        int    // for the application
	end         simEnd // for the client
	compression int    // 1 it must be agreed on, -1 it must not
	write       func(w *wsWriter)
}

// wsEndings are all that do not depend on when what comes. Goroutines answer a message at any time after it.
func wsEndings(blocking bool) (list []wsEnding) {
	list = append(clientCloses(), serverCloses()...)
	list = append(list, closesLost()...)
	list = append(list, withoutClose()...)
	for _, v := range append(wsViolations[:len(wsViolations):len(wsViolations)], moreViolations()...) {
		list = append(list, breaks(v, -1))
	}
	for _, v := range wsBombs() {
		list = append(list, breaks(v, 1))
	}
	for _, p := range badText {
		list = append(list, breaks(violation{code: CloseInvalidPayload, raw: frame(opText, "\u20ac"+p[:1]) + frame(fin, p[1:])}, 0))
	}
	if !blocking {
		list = append(list, eagerEndings()...)
	}
	return list
}

// clientCloses: its own code comes back, and the server ends the connection.
func clientCloses() (list []wsEnding) {
	for _, c := range []struct {
		code    int
		payload string
	}{
		{CloseNoStatus, ""}, {1000, closing(1000, "")}, {1001, closing(1001, "away")}, {1014, closing(1014, "")},
		{3000, closing(3000, "\u20ac")}, {4999, closing(4999, repeat(123))},
	} {
		for _, end := range []simEnd{endServer, endHalf} {
			list = append(list, wsEnding{code: c.code, end: end, write: func(w *wsWriter) {
				w.talkShortly()
				w.send(frame(fin|opClose, c.payload), 1)
			}})
		}
	}
	return list
}

// talkShortly writes what is answered before the end that follows.
func (w *wsWriter) talkShortly() {
	for range w.rng.IntN(3) {
		w.message()
	}
}

// serverCloses: the server closes because of a word, and the client answers.
func serverCloses() (list []wsEnding) {
	for _, answer := range []string{closing(4001, ""), closing(1000, "well"), ""} {
		list = append(list, wsEnding{code: 4001, end: endServer, write: func(w *wsWriter) {
			w.send(text("!close"), 2)
			w.step(wsDone(w.due)) // nothing is answered any more
			w.send(frame(fin|opClose, answer), 0)
		}})
	}
	return append(list, wsEnding{code: CloseNormal, end: endServer, write: func(w *wsWriter) {
		w.talkShortly()
		w.send(text("!return"), 1)
		w.step(wsDone(w.due))
		w.send(frame(fin|opPing, "not answered")+text("dropped")+frame(fin|opClose, closing(1000, "")), 0)
	}}, wsEnding{code: CloseInternalError, end: endServer, write: func(w *wsWriter) {
		w.talkShortly()
		w.send(text("!panic"), 1)
		if w.blocking { // there the peer's Close is awaited
			w.step(wsDone(w.due))
			w.send(frame(fin|opClose, closing(1011, "")), 0)
		}
	}})
}

// closesLost: the server closes, and gets no answer but its peer's end, or nonsense.
func closesLost() []wsEnding {
	lost := func(raw string) func(w *wsWriter) {
		return func(w *wsWriter) {
			w.send(text("!close"), 2)
			w.step(wsDone(w.due))
			w.send(raw, 0)
		}
	}
	return []wsEnding{
		{code: 4001, end: endHalf, write: lost("")},
		{code: 4001, end: endHalf, write: lost(text("dropped") + frame(opText, "begun"))},
		{code: 4001, end: endServer, write: lost(frame(fin|3, ""))},
		{code: 4001, end: endReset, write: func(w *wsWriter) { w.send(text("!close"), 2); w.silent = false }},
	}
}

// withoutClose: the connection ends where it stands.
func withoutClose() (list []wsEnding) {
	for _, rest := range []string{"", "\x81", text("hello")[:8], frame(opText, "x"), frame(opBinary, repeat(70_000)), text(repeat(70_000))[:50_000]} {
		list = append(list, wsEnding{code: CloseAbnormal, end: endHalf, write: func(w *wsWriter) {
			w.message()
			w.await()
			w.send(rest, 0)
		}})
	}
	quiet := func(w *wsWriter) { w.message() }
	return append(list, wsEnding{code: CloseAbnormal, end: endIdle, write: quiet}, wsEnding{code: CloseAbnormal, end: endReset, write: quiet},
		wsEnding{code: CloseAbnormal, end: endReset, write: func(w *wsWriter) {
			w.send(frame(opBinary, repeat(100)), 0)
		}})
}

// breaks is the end of who breaks a rule. What comes behind does not count.
func breaks(v violation, compression int) wsEnding {
	return wsEnding{code: v.code, end: endServer, compression: compression, write: func(w *wsWriter) {
		w.talkShortly()
		w.send(v.raw, 1)
		if w.rng.IntN(2) == 0 {
			w.send(text("behind")+repeat(w.rng.IntN(1<<w.rng.IntN(17))), 0)
		}
	}}
}

// moreViolations are those of limits, and of headers that only a later frame can have.
func moreViolations() []violation {
	return []violation{
		{1002, "\x81\xfe\x00\x7dmask", "a length of 125 in two bytes"},
		{1002, "\x82\xff\x00\x00\x00\x00\x00\x00\xff\xffmask", "a length of 65535 in eight bytes"},
		{1002, frame(fin|0x20|opText, ""), "RSV2"},
		{1002, frame(fin|0x10|opBinary, ""), "RSV3"},
		{1002, frame(fin|15, ""), "opcode 15"},
		{1002, frame(fin|opClose, closing(1006, "")), "a code that must not be sent"},
		{1002, frame(fin|opClose, closing(5000, "")), "a code of nobody's"},
		{1002, frame(fin|opClose, closing(1000, repeat(124))), "a long Close"},
		{1008, frame(opBinary, "") + strings.Repeat(frame(0, "x"), sameFragments), "too many fragments"},
		{1008, strings.Repeat(frame(fin|opPong, sameFlood), 1000), "too many pongs"},
		{1009, frame(opBinary, repeat(1000)) + "\x80\xff\x00\x00\x00\x00\x00\x0f\xfc\x19mask", "1 MiB and one byte, in two frames"},
	}
}

// badText is what is not UTF-8: RFC 3629 §4.
var badText = []string{"\x80\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88", "\xe2\x82"}

// eagerEndings are those that a callback decides at once.
func eagerEndings() (list []wsEnding) {
	for _, more := range []string{frame(fin|opClose, closing(1000, "")), frame(fin|opPing, "") + text("dropped") + frame(fin|opClose, ""), frame(fin|3, "")} {
		list = append(list, wsEnding{code: 4001, end: endServer, write: func(w *wsWriter) {
			w.talkShortly()
			w.send(text("!close")+more, 2)
		}})
	}
	return append(list, wsEnding{code: CloseAbnormal, end: endHalf, write: func(w *wsWriter) {
		w.message()
		w.talkShortly()
	}}, wsEnding{code: 4001, end: endHalf, write: func(w *wsWriter) {
		w.talkShortly()
		w.send(text("!close"), 2)
	}})
}
