package main

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Of a package only the image is taken, whatever lies beside it and however it is called.
func TestPickImage(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct {
		name, content string
		typ           byte
	}{
		{"./boot/", "", tar.TypeDir}, {"./boot/System.map-6.1", "map", tar.TypeReg}, {"./vmlinuz", "", tar.TypeSymlink},
		{"./boot/vmlinuz-6.1.0-56", "the image", tar.TypeReg}, {"./boot/config-6.1", "config", tar.TypeReg},
	} {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Typeflag: f.typ, Size: int64(len(f.content)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "vmlinuz")
	if err := pickImage(bytes.NewReader(b.Bytes()), file); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); string(got) != "the image" {
		t.Errorf("got %q, %v", got, err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files were unpacked", len(files))
	}
	if err := pickImage(bytes.NewReader(b.Bytes()[:700]), file); err == nil {
		t.Error("half an archive is no error")
	}
}
