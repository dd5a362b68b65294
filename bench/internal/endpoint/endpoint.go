// Package endpoint holds what the profiles' endpoints mean, apart from any server: paths, content types and how
// numbers are read. Every server of this module answers the same way because it asks here.
package endpoint

import (
	"math"

	"github.com/ringwire/ringwire/bench/internal/dataset"
	"github.com/ringwire/ringwire/bench/internal/payload"
)

// Paths of the profiles. JSONPrefix is followed by the number of items, BytesPrefix by the length of the body.
const (
	Baseline   = "/baseline11"
	Pipeline   = "/pipeline"
	JSONPrefix = "/json/"
	Upload     = "/upload"

	BytesPrefix = "/bytes/"
)

// Content types of the responses, and the body of Pipeline.
const (
	Text = "text/plain"
	JSON = "application/json"
	Blob = "application/octet-stream"
	OK   = "ok"
)

// MaxUpload is the largest upload a server must take; servers that want a limit on bodies get this one.
const MaxUpload = 64 << 20

// Int reads s as a whole decimal integer with an optional sign, spaces around it ignored; anything else, and what
// does not fit an int, is 0, as the baseline profile wants. It does not allocate.
func Int[S ~string | ~[]byte](s S) int {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	negative := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	n := 0 // of the number's negative, for which there is room for one more
	for i := 0; i < len(s); i++ {
		d := int(s[i] - '0')
		if d > 9 || n < (math.MinInt+d)/10 {
			return 0
		}
		n = n*10 - d
	}
	switch {
	case negative:
		return n
	case n == math.MinInt:
		return 0
	}
	return -n
}

// Multiplier reads the m of a json request; 1 when it is missing.
func Multiplier[S ~string | ~[]byte](m S) int {
	if len(m) == 0 {
		return 1
	}
	return Int(m)
}

// Count reads the item count that follows JSONPrefix in a path. False when the path has another form.
func Count[S ~string | ~[]byte](path S) (n int, ok bool) {
	n, ok = behind(JSONPrefix, path)
	return min(n, dataset.Size), ok
}

// Size reads the length that follows BytesPrefix in a path, at most payload.Max. False when the path has another
// form.
func Size[S ~string | ~[]byte](path S) (n int, ok bool) {
	n, ok = behind(BytesPrefix, path)
	return min(n, payload.Max), ok
}

// behind reads the number behind prefix that ends a path.
func behind[S ~string | ~[]byte](prefix string, path S) (n int, ok bool) {
	if len(path) <= len(prefix) || string(path[:len(prefix)]) != prefix {
		return 0, false
	}
	rest := path[len(prefix):]
	if len(rest) > 9 {
		return 0, false
	}
	for i := 0; i < len(rest); i++ {
		if rest[i]-'0' > 9 {
			return 0, false
		}
	}
	return Int(rest), true
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
