package h1

import (
	"errors"
	"unsafe"
)

// Errors of Fields. They are the handler's, not the peer's.
var (
	ErrInvalidName   = errors.New("h1: a field name is not a token")
	ErrInvalidValue  = errors.New("h1: a field value holds a control character")
	ErrReservedField = errors.New("h1: the field belongs to the engine")
)

// Fields are header or trailer fields to send, kept as the bytes that will go out. The zero value is ready; Reset
// keeps memory for reuse. Names and values are copied and checked when they are set, so that what is kept cannot
// break out of its line: a name must be a token (RFC 9110 §5.1), a value must hold no control character but HTAB
// (§5.5).
//
// Content-Length and Transfer-Encoding are the engine's and refused. Connection is interpreted: close closes,
// keep-alive and upgrade are the engine's to say and are dropped, other options are refused.
type Fields struct {
	buf   []byte     // "Name: value\r\n" …
	index []fieldRef // where each is
	known fieldSet
}

type fieldRef struct{ start, colon, end uint32 }

// fieldSet is the set of fields that a response head must know about.
type fieldSet uint8

const (
	fieldDate fieldSet = 1 << iota
	fieldClose
	fieldType // Content-Type
)

// standIn returns the bit of a field that a response gets by default when there is none.
func standIn(name []byte) fieldSet {
	switch {
	case len(name) == 4 && equalFold(name, "date"):
		return fieldDate
	case len(name) == 12 && equalFold(name, "content-type"):
		return fieldType
	}
	return 0
}

// asBytes views s as bytes, which must not be written.
func asBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// Reset empties f.
func (f *Fields) Reset() { f.buf, f.index, f.known = f.buf[:0], f.index[:0], 0 }

// Len returns the number of fields.
func (f *Fields) Len() int { return len(f.index) }

// Size returns how many bytes the fields take in a head.
func (f *Fields) Size() int { return len(f.buf) }

// At returns field i, 0 <= i < Len, as views that the next Set, Add, Del or Reset ends.
func (f *Fields) At(i int) (name, value []byte) {
	r := f.index[i]
	return f.buf[r.start:r.colon:r.colon], f.buf[r.colon+2 : r.end-2 : r.end-2]
}

// Get returns the value of the first field of that name, in any case, nil when there is none. It is a view that the
// next Set, Add, Del or Reset ends.
func (f *Fields) Get(name string) []byte {
	for i := range f.index {
		if n, v := f.At(i); len(n) == len(name) && sameName(n, name) {
			return v
		}
	}
	return nil
}

// Add appends a field. On an error nothing changes.
func (f *Fields) Add(name, value string) error { return f.AddBytes(name, asBytes(value)) }

// AddBytes is Add for bytes; value is copied.
func (f *Fields) AddBytes(name string, value []byte) error {
	n := asBytes(name)
	if len(n) == 0 || scanToken(n, 0) != len(n) {
		return ErrInvalidName
	}
	if scanValue(value, 0) != len(value) {
		return ErrInvalidValue
	}
	switch len(name) {
	case 4, 12:
		f.known |= standIn(n)
	case 10:
		if equalFold(n, "connection") {
			return f.setConnection(value)
		}
	case 14, 17:
		if equalFold(n, "content-length") || equalFold(n, "transfer-encoding") {
			return ErrReservedField
		}
	}
	start := len(f.buf)
	f.buf = append(f.buf, name...)
	f.buf = append(f.buf, ": "...)
	f.buf = append(f.buf, value...)
	f.buf = append(f.buf, crlf...)
	f.index = append(f.index, fieldRef{uint32(start), uint32(start + len(name)), uint32(len(f.buf))})
	return nil
}

// Set replaces all fields of that name with one. On an error nothing changes.
func (f *Fields) Set(name, value string) error { return f.SetBytes(name, asBytes(value)) }

// SetBytes is Set for bytes; value is copied, and may be a view into f.
func (f *Fields) SetBytes(name string, value []byte) error {
	old := len(f.index)
	if err := f.AddBytes(name, value); err != nil {
		return err
	}
	if old > 0 {
		f.remove(name, old)
		f.known |= standIn(asBytes(name))
	}
	return nil
}

// Del removes all fields of that name.
func (f *Fields) Del(name string) {
	f.remove(name, len(f.index))
	if len(name) == 10 && equalFold(asBytes(name), "connection") {
		f.known &^= fieldClose
	}
}

// remove removes those of the first n fields that have that name.
func (f *Fields) remove(name string, n int) {
	for i := 0; i < n; {
		if have, _ := f.At(i); len(have) != len(name) || !sameName(have, name) {
			i++
			continue
		}
		f.cut(i)
		n--
	}
	f.known &^= standIn(asBytes(name))
}

// cut removes field i.
func (f *Fields) cut(i int) {
	r := f.index[i]
	f.buf = append(f.buf[:r.start], f.buf[r.end:]...)
	f.index = append(f.index[:i], f.index[i+1:]...)
	for j := i; j < len(f.index); j++ {
		g := &f.index[j]
		g.start, g.colon, g.end = g.start-(r.end-r.start), g.colon-(r.end-r.start), g.end-(r.end-r.start)
	}
}

func (f *Fields) setConnection(list []byte) error {
	closes := false
	for more := true; more; {
		var option []byte
		option, list, more = nextElement(list)
		switch {
		case equalFold(option, "close"):
			closes = true
		case equalFold(option, "keep-alive"), equalFold(option, "upgrade"):
		default:
			return ErrReservedField
		}
	}
	if closes {
		f.known |= fieldClose
	}
	return nil
}

func (f *Fields) has(s fieldSet) bool { return f != nil && f.known&s != 0 }

func (f *Fields) wantsClose() bool { return f.has(fieldClose) }
