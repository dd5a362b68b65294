package multipart

import (
	"errors"
	"io"

	"github.com/ringwire/ringwire/mem"
)

// Errors of the Writer. They are the caller's, not the peer's.
var (
	ErrInvalidBoundary = errors.New("multipart: a boundary is 1 to 70 letters, digits or '()+_,-./:=? and does not end in a space")
	ErrInvalidName     = errors.New("multipart: a name or file name holds a control character other than CR and LF")
	ErrInvalidType     = errors.New("multipart: a content type holds a control character")
	ErrNoPart          = errors.New("multipart: content before Begin or after Close")
)

// PartHead is what stands before a part's content.
type PartHead struct {
	Name        string // of the form's field
	FileName    string // of a file
	File        bool   // a file, even if FileName is empty
	ContentType string // default none for a field, application/octet-stream for a file
}

func (h *PartHead) file() bool { return h.File || h.FileName != "" }

func (h *PartHead) contentType() string {
	if h.ContentType == "" && h.file() {
		return "application/octet-stream"
	}
	return h.ContentType
}

func (h *PartHead) check() error {
	switch {
	case !writable(h.Name), !writable(h.FileName):
		return ErrInvalidName
	case scan(h.ContentType, 0, charValue) != len(h.ContentType):
		return ErrInvalidType
	}
	return nil
}

// Writer writes a body into a mem.Writer, which stays the caller's: what is there already may be sent and discarded
// while more is appended. Call Init before use. A part is Begin, then its content by any of the methods that follow;
// the body ends with Close. On an error nothing was written.
type Writer struct {
	out      *mem.Writer
	open     bool // a part was begun
	began    bool
	closed   bool
	boundary [MaxBoundary]byte
	n        int
}

// Init begins a body that goes to out. The boundary must not occur in any part's content: make it of 16 random
// bytes or more (crypto/rand.Text), never of a counter or of what a stranger can guess.
func (w *Writer) Init(out *mem.Writer, boundary string) error {
	if !ValidBoundary(boundary) {
		return ErrInvalidBoundary
	}
	*w = Writer{out: out}
	w.n = copy(w.boundary[:], boundary)
	return nil
}

// AppendContentType appends the media type that a body with that boundary is sent with.
func AppendContentType(dst []byte, boundary string) []byte {
	dst = append(dst, "multipart/form-data; boundary="...)
	if scan(boundary, 0, charToken) == len(boundary) {
		return append(dst, boundary...)
	}
	dst = append(dst, '"')
	dst = append(dst, boundary...)
	return append(dst, '"')
}

// Begin begins the next part.
func (w *Writer) Begin(h PartHead) error {
	if w.closed || w.out == nil {
		return ErrNoPart
	}
	if err := h.check(); err != nil {
		return err
	}
	w.delimit()
	w.text("\r\nContent-Disposition: form-data; name=\"")
	w.quoted(h.Name)
	if h.file() {
		w.text("\"; filename=\"")
		w.quoted(h.FileName)
	}
	w.text("\"\r\n")
	if t := h.contentType(); t != "" {
		w.text("Content-Type: ")
		w.text(t)
		w.text("\r\n")
	}
	w.text("\r\n")
	w.open = true
	return nil
}

// Field writes a whole part: a field and its value.
func (w *Writer) Field(name, value string) error {
	if err := w.Begin(PartHead{Name: name}); err != nil {
		return err
	}
	w.text(value)
	return nil
}

// Write copies p to the part's content.
func (w *Writer) Write(p []byte) (int, error) {
	if !w.open {
		return 0, ErrNoPart
	}
	return w.out.Write(p)
}

// WriteString copies s to the part's content.
func (w *Writer) WriteString(s string) (int, error) {
	if !w.open {
		return 0, ErrNoPart
	}
	return w.out.WriteString(s)
}

// Append links the bytes [off, off+n) of l to the part's content without copying, and takes ownership of l, also when
// it fails.
func (w *Writer) Append(l mem.Lease, off, n int) error {
	if !w.open {
		l.Release()
		return ErrNoPart
	}
	w.out.Append(l, off, n)
	return nil
}

// AppendSegments moves all bytes of s to the part's content without copying. On an error they stay.
func (w *Writer) AppendSegments(s *mem.Segments) error {
	if !w.open {
		return ErrNoPart
	}
	w.out.Segments().Splice(s)
	return nil
}

// ReadOnce reads once from r, up to max bytes into a lease of that size, as part of the content: a file of any length goes
// out in bounded memory when what is written is sent between calls. It returns what r did, io.EOF at its end.
//
//	for err == nil {
//		_, err = w.ReadOnce(file, 64<<10)
//		send(out.Segments())
//	}
func (w *Writer) ReadOnce(r io.Reader, max int) (int, error) {
	if !w.open {
		return 0, ErrNoPart
	}
	p := w.out.Reserve(max)
	n, err := r.Read(p[:max])
	w.out.Commit(n)
	return n, err
}

// Close ends the body.
func (w *Writer) Close() error {
	if w.closed || w.out == nil {
		return ErrNoPart
	}
	w.delimit()
	w.text("--\r\n")
	w.open, w.closed = false, true
	return nil
}

// delimit writes the boundary's line as far as all have it alike.
func (w *Writer) delimit() {
	if w.began {
		w.text("\r\n")
	}
	w.began = true
	w.text("--")
	_, _ = w.out.Write(w.boundary[:w.n])
}

func (w *Writer) text(s string) { _, _ = w.out.WriteString(s) }

// quoted writes a name as browsers do (HTML Standard, multipart form data): a quote is %22, CR and LF %0D and %0A. A
// backslash, which some readers drop before a quote, is written twice.
func (w *Writer) quoted(s string) {
	for {
		i := 0
		for i < len(s) && escapeOf(s[i]) == "" {
			i++
		}
		w.text(s[:i])
		if i == len(s) {
			return
		}
		w.text(escapeOf(s[i]))
		s = s[i+1:]
	}
}

func escapeOf(c byte) string {
	switch c {
	case '"':
		return "%22"
	case '\r':
		return "%0D"
	case '\n':
		return "%0A"
	case '\\':
		return `\\`
	}
	return ""
}

// writable reports whether a name can be written so that it can be read.
func writable(s string) bool {
	for i := range len(s) {
		if chars[s[i]]&charValue == 0 && escapeOf(s[i]) == "" {
			return false
		}
	}
	return true
}
