package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
)

// entry is a file of a guest's first file system.
type entry struct {
	name    string // without the leading slash
	file    string // where its content is, or
	content []byte
	mode    os.FileMode
}

// The types of files in a mode (cpio's, which are stat(2)'s).
const (
	modeDir = 0o040000
	modeReg = 0o100000
)

// writeInitramfs writes the archive that the kernel unpacks: cpio, "new ASCII format"
// (Documentation/driver-api/early-userspace/buffer-format.rst). Directories come before what
// is in them.
func writeInitramfs(w io.Writer, entries []entry) error {
	c := &cpio{w: bufio.NewWriterSize(w, 1<<20), made: map[string]bool{".": true}}
	for i := range entries {
		e := &entries[i]
		if e.file != "" {
			content, err := os.ReadFile(e.file)
			if err != nil {
				return err
			}
			c.add(e.name, modeReg|uint32(e.mode.Perm()), content)
			continue
		}
		c.add(e.name, modeReg|uint32(e.mode.Perm()), e.content)
	}
	c.header("TRAILER!!!", 0, 0)
	if c.err != nil {
		return c.err
	}
	return c.w.Flush()
}

// cpio is an archive being written. The first error stays.
type cpio struct {
	w    *bufio.Writer
	ino  uint32
	made map[string]bool // directories
	err  error
}

func (c *cpio) add(name string, mode uint32, content []byte) {
	if dir := path.Dir(name); !c.made[dir] {
		c.made[dir] = true
		c.add(dir, modeDir|0o755, nil)
	}
	c.header(name, mode, len(content))
	c.write(content)
	c.pad(len(content))
}

// header writes thirteen fields of eight digits behind the magic number, then the name.
func (c *cpio) header(name string, mode uint32, size int) {
	c.ino++
	links := 1
	if mode&modeDir != 0 {
		links = 2
	}
	c.write(fmt.Appendf(nil, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		c.ino, mode, 0, 0, links, 0, size, 0, 0, 0, 0, len(name)+1, 0))
	c.write(append([]byte(name), 0))
	c.pad(110 + len(name) + 1)
}

// pad fills up to a multiple of four what is n bytes long.
func (c *cpio) pad(n int) { c.write(make([]byte, (4-n%4)%4)) }

func (c *cpio) write(p []byte) {
	if c.err == nil {
		_, c.err = c.w.Write(p)
	}
}
