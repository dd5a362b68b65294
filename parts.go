package ringwire

import (
	"io"
	"iter"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/multipart"
)

// Part is one part of a multipart/form-data body: a field of a form, or a file. It and its views
// are valid until the loop over Parts goes on, or until the part's last call of a StreamParts
// function returns.
//
// Everything in it is the client's claim: FileName is made safe, the others are as sent.
type Part struct{ r *partReader }

// NameView is the field's name.
func (p *Part) NameView() View { return p.r.parser.Head().Name() }

// Name is a copy of NameView.
func (p *Part) Name() string { return string(p.NameView()) }

// IsFile reports whether the part has a file name, be it an empty one, as browsers send when no
// file was chosen.
func (p *Part) IsFile() bool { return p.r.parser.Head().IsFile() }

// FileName is the file's name without whatever path stood before it, fit to name a file in a directory: see
// multipart.BaseName, also for what it does not promise. It is "" if there is none that is.
func (p *Part) FileName() string { return string(multipart.BaseName(p.FileNameView())) }

// FileNameView is the file's name as the client told it, never to be used as a path.
func (p *Part) FileNameView() View { return p.r.parser.Head().FileName() }

// ContentTypeView is the part's media type, nil if none was sent: then it is text/plain.
func (p *Part) ContentTypeView() View { return p.r.parser.Head().ContentType() }

// HeaderView is the part's first header field with that name, in any case, nil if there is none.
func (p *Part) HeaderView(name string) View { return p.r.parser.Head().Get(name) }

// Headers goes over the part's header fields in the order in which they came.
func (p *Part) Headers() iter.Seq2[View, View] {
	return func(yield func(name, value View) bool) {
		h := p.r.parser.Head()
		for i := range h.Len() {
			if name, value := h.At(i); !yield(name, value) {
				return
			}
		}
	}
}

// Len is how many bytes of content are unread, -1 in a streamed body, where nobody knows yet.
func (p *Part) Len() int64 {
	if !p.r.whole {
		return -1
	}
	return int64(p.r.left)
}

// View is the unread content in one piece: where it lies in the body, else copied together. It
// fails with ErrBodyStreaming in a streamed body.
func (p *Part) View() (View, error) {
	r := p.r
	if !r.whole {
		return nil, ErrBodyStreaming
	}
	first := r.first()
	if len(first) == r.left {
		return first, nil
	}
	return r.ex.join(r.left, r.each), nil
}

// Views gives the unread content piece by piece as it lies in the body, without copying. It fails
// like View.
func (p *Part) Views(yield func(p View) bool) error {
	if !p.r.whole {
		return ErrBodyStreaming
	}
	p.r.each(yield)
	return nil
}

// Read reads the content. In a streamed body it waits for what has not arrived; what is wrong with
// that is then reported by the loop over Parts, too. It is not for StreamParts, where it fails
// with ErrBodyStreaming.
func (p *Part) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return p.r.read(b)
}

// Keep appends the unread content to dst, which owns it from then on. A zero Segments will do: it takes its leases from
// the server then. Of a whole body nothing is copied that lies in leases of the server's (it does not when it came in one
// piece): these get one more owner, and the body stays. A handler on the loop must release them on the loop (see
// mem.Segments); in a Blocking handler any goroutine may, before the server has ended. A streamed body is copied piece by
// piece as it arrives; bounding how much that may be is the caller's, or Config.MaxBody.
func (p *Part) Keep(dst *mem.Segments) error {
	dst.EnsureFor(p.r.ex.body.account())
	if p.r.whole {
		p.r.keepWhole(dst)
		return nil
	}
	for {
		if err := p.r.fill(); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		dst.AppendCopy(p.r.cur)
		p.r.cur = nil
	}
}

// Parts goes over the parts of a multipart/form-data body, in order. The loop ends after the last, or with one turn that
// has an error and no part:
//
//	for part, err := range r.Parts() {
//		if err != nil {
//			ringwire.Error(w, "not a form", ringwire.StatusBadRequest)
//			return
//		}
//		…
//	}
//
// The error is a *multipart.Error when the body breaks the rules or a limit (multipart.Limits), with the status to answer
// with; or what Body.Read fails with. Parts before it were given already: only without an error was the body whole.
//
// A whole body is looked at where it lies and not consumed. A streamed one is read by the loop, in a
// Blocking handler and once, in bounded memory: what was not read of a part is passed over. On the loop that fails
// with ErrBodyStreaming; see StreamParts.
func (r *Request) Parts() iter.Seq2[*Part, error] {
	return func(yield func(*Part, error) bool) {
		pr, err := r.openParts()
		if err == nil {
			defer pr.close()
			err = pr.begin()
		}
		for err == nil {
			if err = pr.nextPart(); err == nil && !yield(&pr.part, nil) {
				return
			}
		}
		if err != io.EOF {
			yield(nil, err)
		}
	}
}

// fieldView is FormView in a multipart body.
func (r *Request) fieldView(name string) (value View, ok bool) {
	if r.Body.stream {
		return nil, false
	}
	for part, err := range r.Parts() {
		if err == nil && !part.IsFile() && string(part.NameView()) == name {
			value, err = part.View()
			return value, err == nil
		}
	}
	return nil, false
}
