//go:build !linux

package oldkernel

import "errors"

func emulate(string) error { return errors.New("only Linux kernels are emulated") }
