package form

import (
	"errors"
	"iter"
)

// DefaultPairs is how many pairs a Scanner takes unless told otherwise.
const DefaultPairs = 1000

// ErrTooManyPairs is why a Scanner stopped at its limit. To a client it is status 413.
var ErrTooManyPairs = errors.New("form: more name-value pairs than the limit allows: raise the limit given to Scan, or refuse the form")

// Scanner goes over the pairs of a text. Scan makes one.
type Scanner struct {
	rest        []byte
	name, value []byte
	left        int
	err         error
}

// Scan returns a Scanner of text that takes max pairs: 0 is DefaultPairs, a negative number no limit. Empty pairs,
// which are passed over, do not count.
func Scan(text []byte, max int) Scanner {
	switch {
	case max == 0:
		max = DefaultPairs
	case max < 0:
		max = len(text) // each takes a byte at least
	}
	return Scanner{rest: text, left: max}
}

// Next goes on to the next pair. It reports false at the end of the text, or at the limit: see Err.
func (s *Scanner) Next() bool {
	for len(s.rest) > 0 {
		var pair []byte
		if pair, s.rest = cutPair(s.rest); len(pair) == 0 {
			continue
		}
		if s.left == 0 {
			s.err = ErrTooManyPairs
			break
		}
		s.left--
		s.name, s.value = divide(pair)
		return true
	}
	s.rest, s.name, s.value = nil, nil, nil
	return false
}

// Name is the pair's name as it stands in the text, encoded (see AppendDecoded and Is): a view of it.
func (s *Scanner) Name() []byte { return s.name }

// Value is the pair's value, likewise.
func (s *Scanner) Value() []byte { return s.value }

// Err is ErrTooManyPairs when Next stopped at the limit, else nil.
func (s *Scanner) Err() error { return s.err }

// All goes over the pairs that are left, as Next does, with Name and Value of each. Err says afterwards whether they
// were all.
func (s *Scanner) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for s.Next() {
			if !yield(s.name, s.value) {
				return
			}
		}
	}
}
