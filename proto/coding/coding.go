package coding

// Coding is one content coding (RFC 9110 §8.4.1).
type Coding uint8

// The content codings that are known. Identity is none, and is in no list.
const (
	Gzip    Coding = iota // RFC 1952; x-gzip, too
	Deflate               // RFC 1950
	Brotli                // RFC 7932
	Zstd                  // RFC 8878, RFC 9659
	kinds   = iota
)

var names = [kinds]string{"gzip", "deflate", "br", "zstd"}

// String is the coding's name in Content-Encoding.
func (c Coding) String() string {
	if int(c) < len(names) {
		return names[c]
	}
	return "unknown"
}

// Accepted is what Parse knows, as the value of an Accept-Encoding field: a response of
// status 415 tells it (RFC 9110 §15.5.16).
const Accepted = "gzip, deflate, br, zstd"

// DefaultLayers is how many codings one on top of the other Parse takes by default.
const DefaultLayers = 2

// Parse appends the codings of a Content-Encoding value to dst, in the order in which they
// were applied (RFC 9110 §8.4). Several field lines are one list: Parse one after the other into
// the same dst. Names are in any case; identity and empty elements are passed over. It fails with
// ErrUnsupported, and with ErrTooManyLayers when dst would become longer than layers, of which
// 0 is DefaultLayers and negative means no limit. The value is not kept.
func Parse(dst []Coding, value []byte, layers int) ([]Coding, *Error) {
	if layers == 0 {
		layers = DefaultLayers
	}
	for len(value) > 0 {
		var name []byte
		name, value = element(value)
		if len(name) == 0 || equalFold(name, "identity") {
			continue
		}
		c, ok := byName(name)
		switch {
		case !ok:
			return dst, ErrUnsupported
		case layers > 0 && len(dst) >= layers:
			return dst, ErrTooManyLayers
		}
		dst = append(dst, c)
	}
	return dst, nil
}

// element cuts the first element off a list (RFC 9110 §5.6.1).
func element(p []byte) (first, rest []byte) {
	end := 0
	for end < len(p) && p[end] != ',' {
		end++
	}
	if first = p[:end]; end < len(p) {
		end++
	}
	for len(first) > 0 && space(first[0]) {
		first = first[1:]
	}
	for len(first) > 0 && space(first[len(first)-1]) {
		first = first[:len(first)-1]
	}
	return first, p[end:]
}

func space(c byte) bool { return c == ' ' || c == '\t' }

func byName(name []byte) (Coding, bool) {
	for i, known := range names {
		if equalFold(name, known) {
			return Coding(i), true
		}
	}
	return Gzip, equalFold(name, "x-gzip") // RFC 9110 §8.4.1.3
}

// equalFold compares ASCII text without regard to case; lower must be in lower case.
func equalFold(p []byte, lower string) bool {
	if len(p) != len(lower) {
		return false
	}
	for i, c := range p {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
