// Package denied takes away from a process what containers, services and careful administrators take away, so
// that tests run under it: system calls, memory that may be locked, descriptors, /proc, a writable root. Nothing
// gives it back: it is for processes of their own. Some of it is the calling thread's, so the way is
//
//	program, err := denied.Open(name)
//	runtime.LockOSThread()
//	err = denied.NoProc()
//	err = program.Exec(args...)
//
// and what was taken stays taken in the program. An error says what the system would not do.
package denied
