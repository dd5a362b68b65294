// Package oracle compares package ring with an independent implementation of the
// same interface, github.com/pawelgaczynski/giouring: every constant, struct
// size and offset, and prepared submission entry that both have must be equal,
// byte for byte. Nothing imports it; it has tests and a benchmark only.
//
// It is a module of its own because giouring does not link with Go ≥ 1.23 as it
// is: it pulls syscall.mmap and syscall.munmap by linkname, which the linker
// refuses unless told otherwise. A dependency of the product would hand that
// flag down to every program built with it. Run it so:
//
//	go -C ring/oracle test -ldflags=-checklinkname=0 ./...
//	go -C ring/oracle test -ldflags=-checklinkname=0 -run '^$' -bench .
//
// # Where giouring is wrong
//
// The tests compare all of giouring's Prepare methods. Those that contradict the
// kernel's header, or pass an address of the wrong thing, stand in the list
// `wrong` in prep_test.go, each with what giouring writes, what it should, and
// why; the list is tested, too, so an entry that is no longer needed fails.
//
// On 32-bit machines giouring does not compile, so there is nothing to compare
// with there: its timespecs would be too short for the kernel anyway.
//
// ring is compared with liburing itself, too: see ring/testdata.
package oracle
