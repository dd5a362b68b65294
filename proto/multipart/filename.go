package multipart

import "bytes"

// BaseName returns what of a file name that a stranger sent may name a file in a directory of ours, a view of it: its
// last element, whichever slash it was written with, without a Windows drive. It is nil when nothing remains that could:
// "", ".", "..", their like with more dots and spaces, and whatever holds a control character.
//
// What it returns stays in its directory, but need not be a good name there: it may be that of a file that exists, have
// a meaning to the system ("CON", "file:stream" on Windows) or to a server ("page.php"). Where that matters choose
// names of your own.
func BaseName(name []byte) []byte {
	if i := bytes.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	for len(name) > 1 && name[1] == ':' && ('a' <= name[0]|0x20 && name[0]|0x20 <= 'z') {
		name = name[2:] // C:file is relative to where the drive is
	}
	if scan(name, 0, charValue) != len(name) || bytes.IndexByte(name, '\t') >= 0 || len(bytes.Trim(name, ". ")) == 0 {
		return nil
	}
	return name[:len(name):len(name)]
}
