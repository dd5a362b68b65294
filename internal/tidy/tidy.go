// Package tidy checks the tree itself: that the documentation says what is there, that
// imports point down only, and that every dependency was argued for. All of it is in
// the tests; the rest here reads Markdown, shell lines and Go declarations for them, and no
// more of each than they need.
package tidy

import (
	"errors"
	"os"
	"path/filepath"
)

// Root is the directory of the module, found upwards from the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "internal", "tidy", "tidy.go")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("tidy: not run from a checkout of the module")
		}
		dir = parent
	}
}
