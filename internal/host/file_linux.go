package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// FS is the directory in which /proc, /sys and /run are looked for. The zero value is this machine;
// tests make trees of their own.
type FS string

// Here is this machine.
const Here FS = ""

// Read reads a small file.
func (at FS) Read(path string) Fact {
	f := Fact{Source: path}
	b, err := os.ReadFile(filepath.Join(string(at), "/", path))
	var perr *fs.PathError
	switch {
	case errors.As(err, &perr):
		f.Err = perr.Err // the source has the path
	case err != nil:
		f.Err = err
	default:
		f.Value = strings.TrimSpace(string(b))
	}
	return f
}

// Exists reports whether there is such a file or directory.
func (at FS) Exists(path string) bool {
	_, err := os.Stat(filepath.Join(string(at), "/", path))
	return err == nil
}

// field is what a file of "Name: value" lines says of a name, as /proc/self/status is.
func (at FS) field(path, name string) Fact {
	f := at.Read(path)
	if f.Err != nil {
		return f
	}
	f.Source += " " + name
	for line := range strings.Lines(f.Value) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			f.Value = strings.TrimSpace(v)
			return f
		}
	}
	f.Value, f.Err = "", errors.New("the file has no such line")
	return f
}
