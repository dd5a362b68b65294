package multipart

// Length adds up how long a body will be, so that it can be sent with its Content-Length. The zero value is an empty
// body; Add each part, then ask for Total.
type Length struct {
	parts   int64
	content int64 // and heads
}

// Add counts a part with n bytes of content.
func (l *Length) Add(h PartHead, n int64) {
	l.parts++
	l.content += n + int64(len("\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n")+quotedLen(h.Name))
	if h.file() {
		l.content += int64(len("; filename=\"\"") + quotedLen(h.FileName))
	}
	if t := h.contentType(); t != "" {
		l.content += int64(len("Content-Type: \r\n") + len(t))
	}
}

// Total is the body's length in bytes with a boundary of that many.
func (l *Length) Total(boundary int) int64 {
	line := int64(len("--") + boundary)
	return l.content + (l.parts+1)*line + l.parts*int64(len("\r\n")) + int64(len("--\r\n"))
}

func quotedLen(s string) int {
	n := len(s)
	for i := range len(s) {
		if e := escapeOf(s[i]); e != "" {
			n += len(e) - 1
		}
	}
	return n
}
