package ws

// utf8State validates UTF-8 in pieces. The zero value is the start of a text.
type utf8State struct{ need, lo, hi uint8 }

// write reports whether what came so far, with p, can be the beginning of a text.
func (s *utf8State) write(p []byte) bool { panic("not built yet") }

// done reports whether what came so far is a whole text.
func (s *utf8State) done() bool { return s.need == 0 }
