package multipart

import (
	"bytes"
	"strings"
)

// Head is a part's header section. What its methods return are views that live as long as it: see Parser.Head.
type Head struct {
	fields      []field
	name        []byte
	fileName    []byte
	contentType []byte
	file        bool
	scratch     []byte // names that had to be decoded
}

type field struct{ name, value []byte }

// Name is the name of the form's field, decoded: quoted pairs, and %22, %0D and %0A, are what they stand for.
// It may be empty, and hold any byte but control characters other than HTAB, CR and LF.
func (h *Head) Name() []byte { return h.name }

// IsFile reports whether the part has a file name, be it an empty one, as browsers send for a file that was not chosen.
func (h *Head) IsFile() bool { return h.file }

// FileName is the file's name as its sender told it, decoded like Name: never to be used as a path. See [BaseName].
func (h *Head) FileName() []byte { return h.fileName }

// ContentType is the part's media type as it was sent, nil when there is none: then it is text/plain (RFC 7578 §4.4).
// It was not checked, and nobody else has: a file that says image/png may be a program.
func (h *Head) ContentType() []byte { return h.contentType }

// Len returns the number of header fields.
func (h *Head) Len() int { return len(h.fields) }

// At returns field i, 0 <= i < Len, as it was sent.
func (h *Head) At(i int) (name, value []byte) { return h.fields[i].name, h.fields[i].value }

// Get returns the value of the first field of that name, in any case, nil when there is none.
func (h *Head) Get(name string) []byte {
	for _, f := range h.fields {
		if len(f.name) == len(name) && strings.EqualFold(string(f.name), name) {
			return f.value
		}
	}
	return nil
}

func (h *Head) reset() {
	*h = Head{fields: h.fields[:0], scratch: h.scratch[:0]}
}

// forget is reset, and drops what is large.
func (h *Head) forget() {
	clear(h.fields[:cap(h.fields)])
	h.reset()
	if cap(h.scratch) > keepScratch {
		h.scratch = nil
	}
	if cap(h.fields) > keepFields {
		h.fields = nil
	}
}

// parse reads *( field-line CRLF ) CRLF.
func (h *Head) parse(p []byte, lim *Limits) *Error {
	h.reset()
	for len(p) > 2 || p[0] != '\r' {
		i := bytes.IndexByte(p, '\n')
		line := p[:i]
		if i == 0 || line[i-1] != '\r' {
			return ErrBareLF
		}
		p = p[i+1:]
		if err := h.parseLine(line[:i-1], lim); err != nil {
			return err
		}
	}
	return h.interpret(lim)
}

// parseLine reads field-name ":" OWS field-value OWS.
func (h *Head) parseLine(line []byte, lim *Limits) *Error {
	if len(line) > 0 && isSpace(line[0]) {
		return ErrFolded
	}
	colon := scan(line, 0, charToken)
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return ErrFieldLine
	}
	value := trim(line[colon+1:])
	if scan(value, 0, charValue) != len(value) {
		return ErrFieldControl
	}
	if len(h.fields) == lim.Fields {
		return ErrTooManyFields
	}
	h.fields = append(h.fields, field{line[:colon:colon], value[:len(value):len(value)]})
	return nil
}

// interpret acts on the fields that say what the part is.
func (h *Head) interpret(lim *Limits) *Error {
	var disposition []byte
	for _, f := range h.fields {
		var seen *[]byte
		switch len(f.name) {
		case len("content-type"):
			if is(f.name, "content-type") {
				seen = &h.contentType
			}
		case len("content-disposition"):
			if is(f.name, "content-disposition") {
				seen = &disposition
			}
		case len("content-transfer-encoding"):
			if is(f.name, "content-transfer-encoding") && !is(f.value, "binary") && !is(f.value, "8bit") && !is(f.value, "7bit") {
				return ErrTransfer
			}
		}
		if seen == nil {
			continue
		}
		if *seen != nil {
			return ErrRepeatedField
		}
		*seen = f.value
	}
	if disposition == nil {
		return ErrNoDisposition
	}
	return h.readDisposition(disposition, lim)
}

func (h *Head) readDisposition(p []byte, lim *Limits) *Error {
	t, rest := cutType(p)
	if !is(t, "form-data") {
		return ErrDisposition
	}
	var named, extName, extFile bool
	s := params{rest: rest}
	for s.next() {
		switch {
		case is(s.name, "name"):
			if named {
				return ErrManyParameters
			}
			h.name, named = h.plain(s.value), true
		case is(s.name, "filename"):
			if h.file {
				return ErrManyParameters
			}
			h.fileName, h.file = h.plain(s.value), true
		case beginsWith(s.name, "name*"):
			extName = true
		case beginsWith(s.name, "filename*"):
			extFile = true
		}
	}
	switch {
	case s.bad:
		return ErrParameter
	case extName && !named, extFile && !h.file:
		return ErrExtended // read without it, a file would be taken for a field
	case !named:
		return ErrNoName
	case len(h.name) > lim.Name:
		return ErrNameTooLong
	case len(h.fileName) > lim.FileName:
		return ErrFileNameTooLong
	}
	return nil
}

// plain returns the value itself, or decoded in the scratch.
func (h *Head) plain(value []byte) []byte {
	if bytes.IndexByte(value, '\\') < 0 && bytes.IndexByte(value, '%') < 0 {
		return value[:len(value):len(value)]
	}
	from := len(h.scratch)
	h.scratch = appendPlain(h.scratch, value)
	return h.scratch[from:len(h.scratch):len(h.scratch)]
}
