//go:build !linux

package main

import "errors"

func run(string, []string) error { return errors.New("there is no io_uring to forbid on this system") }
