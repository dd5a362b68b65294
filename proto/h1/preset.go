package h1

import "strconv"

// Preset is what most responses of a server begin with, made once in a while instead of once for each: the head of a
// 200 with a Date, a Content-Type, and a length that is still to be filled in. The zero value must be Made first.
type Preset struct{ front []byte }

// Make sets date (29 bytes, see AppendDate) and the Content-Type, which is not checked.
func (p *Preset) Make(date []byte, contentType string) {
	p.front = appendCommon(appendStatusLine(p.front[:0], 200, ""), &ResponseHead{Date: date, Type: contentType})
	p.front = append(p.front, "Content-Length: "...)
}

// AppendPreset appends the same bytes as AppendResponseHead would for a 200 with the preset's fields and a body of
// n > 0 bytes. It reports false, and appends nothing, when this exchange needs another head: for HTTP/1.0, HEAD and
// CONNECT, before a close, or when a 100 (Continue) never went out.
func (e *Engine) AppendPreset(dst []byte, p *Preset, n int64) ([]byte, bool) {
	const other = factHTTP10 | factHEAD | factCONNECT | factExpect
	if e.facts&(other|factPersist) != factPersist || e.request == reqFailed {
		return dst, false
	}
	e.step(inResponse)
	dst = append(dst, p.front...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, "\r\n\r\n"...), true
}
