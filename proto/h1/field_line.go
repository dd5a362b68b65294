package h1

// scanFields goes on with *( field-line CRLF ) CRLF (RFC 9112 §5) and returns the position after the empty line:
//
//	field-line = field-name ":" OWS field-value OWS
//
// It serves the header and the trailer section; p is at most as long as the section may be.
func (e *Engine) scanFields(p []byte, h *Head, i int) (int, *Error) {
	for {
		if e.phase == phaseName {
			i = scanToken(p, i)
			if i == len(p) || i == int(e.mark) && p[i] == '\r' {
				return e.endFields(p, h, i)
			}
			if p[i] != ':' || i == int(e.mark) {
				return 0, nameError(p[i], i == int(e.mark))
			}
			e.colon, e.phase = uint32(i), phaseValue
			i++
		}
		i = scanValue(p, i)
		if i+1 >= len(p) && (i == len(p) || p[i] == '\r') {
			return e.suspend(h, phaseValue, i)
		}
		if p[i] != '\r' || p[i+1] != '\n' {
			return 0, valueError(p[i])
		}
		if err := e.addField(p, h, i); err != nil {
			return 0, err
		}
		i += 2
		e.phase, e.mark = phaseName, uint32(i)
	}
}

// endFields ends the section at the CR of its empty line, or waits.
func (e *Engine) endFields(p []byte, h *Head, i int) (int, *Error) {
	if i+1 >= len(p) {
		return e.suspend(h, phaseName, i)
	}
	if p[i+1] != '\n' {
		return 0, ErrBareCR
	}
	return i + 2, nil
}

// nameError names what is wrong with c, which is neither a tchar nor the colon after a name.
func nameError(c byte, first bool) *Error {
	switch {
	case first && (c == ' ' || c == '\t'): // obs-fold, or a first line that is none
		return ErrSpaceBeforeName
	case first && c == ':':
		return ErrFieldNameEmpty
	case c == ' ' || c == '\t':
		return ErrSpaceAfterName
	case c == '\n':
		return ErrBareLF
	case c == '\r':
		return ErrFieldNoColon
	case c == 0:
		return ErrFieldNUL
	}
	return ErrFieldName
}

func valueError(c byte) *Error {
	switch c {
	case '\r':
		return ErrBareCR
	case '\n':
		return ErrBareLF
	case 0:
		return ErrFieldNUL
	}
	return ErrFieldControl
}

// addField notes the field line [mark, end) whose colon was found, and acts on it when it is one that frames.
func (e *Engine) addField(p []byte, h *Head, end int) *Error {
	start := int(e.colon) + 1
	for start < end && (p[start] == ' ' || p[start] == '\t') {
		start++
	}
	for end > start && (p[end-1] == ' ' || p[end-1] == '\t') {
		end--
	}
	if len(h.fields)-int(h.headers) >= e.lim.Headers {
		return ErrTooManyFields
	}
	f := field{span{e.mark, e.colon}, span{uint32(start), uint32(end)}}
	h.fields = append(h.fields, f)
	if e.request == reqChunked {
		return checkTrailer(p[f.name.start:f.name.end])
	}
	if n := f.name.end - f.name.start; n <= longestKnown && knownLengths>>n&1 != 0 {
		return h.note(p, f)
	}
	return nil
}
