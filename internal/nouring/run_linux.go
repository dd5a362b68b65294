package main

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/denied"
)

// answers are what a filter may say: runtimes answer with the first, some with the second.
var answers = map[string]syscall.Errno{"EPERM": unix.EPERM, "ENOSYS": unix.ENOSYS}

// run becomes the command, with io_uring forbidden. It returns only on failure.
func run(answer string, args []string) error {
	errno, known := answers[answer]
	if !known {
		return fmt.Errorf("-errno %s is neither EPERM nor ENOSYS", answer)
	}
	program, err := denied.Open(args[0])
	if err != nil {
		return err
	}
	if err := denied.IOUring(errno); err != nil {
		return err
	}
	return program.Exec(args[1:]...)
}
