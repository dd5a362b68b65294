package multipart

// MaxBoundary is the most bytes that a boundary may have (RFC 2046 §5.1.1).
const MaxBoundary = 70

// IsFormData reports whether a Content-Type is multipart/form-data, parameters aside.
func IsFormData(contentType []byte) bool {
	t, _ := cutType(contentType)
	return is(t, "multipart/form-data")
}

// Boundary returns the boundary in the Content-Type of a multipart/form-data body, a view of it.
func Boundary(contentType []byte) ([]byte, *Error) {
	t, rest := cutType(contentType)
	if !is(t, "multipart/form-data") {
		return nil, ErrNotFormData
	}
	var boundary []byte
	s := params{rest: rest}
	for s.next() {
		if !is(s.name, "boundary") {
			continue
		}
		if boundary != nil {
			return nil, ErrManyBoundaries
		}
		if !ValidBoundary(s.value) {
			return nil, ErrBadBoundary
		}
		boundary = s.value
	}
	switch {
	case s.bad:
		return nil, ErrMediaParameter
	case boundary == nil:
		return nil, ErrNoBoundary
	}
	return boundary, nil
}

// cutType splits a media type or disposition from its parameters.
func cutType(p []byte) (t, rest []byte) {
	for i, c := range p {
		if c == ';' {
			return trim(p[:i]), p[i:]
		}
	}
	return trim(p), nil
}

// ValidBoundary reports whether b may be a boundary: 1 to 70 of the letters, digits and "'()+_,-./:=?", and spaces
// but at the end (RFC 2046 §5.1.1).
func ValidBoundary[T string | []byte](b T) bool {
	if len(b) == 0 || len(b) > MaxBoundary || b[len(b)-1] == ' ' {
		return false
	}
	for i := range len(b) {
		if chars[b[i]]&charBoundary == 0 {
			return false
		}
	}
	return true
}
