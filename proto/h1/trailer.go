package h1

// nextTrailers parses the trailer section at p[n:], n bytes of chunk line before it being consumed already
// (RFC 9112 §7.1.2). The section is taken as a whole.
func (e *Engine) nextTrailers(p []byte, n int, h *Head) Event {
	q := p[n:]
	if e.phase == phaseStart || !e.resumes(q, h) {
		e.phase, e.pos, e.mark = phaseName, 0, 0
		h.fields = h.fields[:h.headers]
	}
	limit := e.lim.Trailers
	end, err := e.scanFields(q[:min(len(q), limit)], h, int(e.pos))
	if err != nil {
		return e.fail(err)
	}
	if end == more {
		if len(q) >= limit {
			return e.fail(ErrTrailersTooLarge)
		}
		return Event{Kind: NeedMore, N: n}
	}
	h.tail, h.owner = q[:end:end], nil
	e.step(inRequestEnd)
	return Event{Kind: End, N: n + end}
}

// checkTrailer refuses fields that would frame, route or authorise a message that was already acted upon
// (RFC 9110 §6.5.1). The rest is handed out apart from the header fields, never merged.
func checkTrailer(name []byte) *Error {
	switch len(name) {
	case 2, 4, 6, 7, 10, 13, 14, 17, 19:
	default:
		return nil
	}
	for _, s := range &forbiddenTrailers {
		if equalFold(name, s) {
			return ErrTrailerField
		}
	}
	return nil
}

// checkAnnouncement refuses a Trailer field that announces what a trailer section must not hold (RFC 9110 §6.6.2).
func checkAnnouncement(list []byte) *Error {
	for more := true; more; {
		var name []byte
		if name, list, more = nextElement(list); checkTrailer(name) != nil {
			return ErrTrailerField
		}
	}
	return nil
}

var forbiddenTrailers = [...]string{
	"te", "host", "expect", "cookie", "trailer", "upgrade", "connection", "authorization",
	"content-length", "content_length", "transfer-encoding", "transfer_encoding", "proxy-authorization",
}
