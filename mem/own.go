package mem

// Own makes the calling thread the one that may use a, and whatever was leased from it, until
// another calls Own, or Disown: for a loop whose goroutine is locked to its thread, when it
// begins to run. It has an effect in checking builds on Linux only. There an allocator that
// somebody owns panics when it is used on another thread, leasing, Clone and Release
// included, and says where the lease was acquired. For a shared allocator, and for what
// Lease.Share has opened, it means nothing.
func (a *Allocator) Own() {
	if guard {
		a.noteOwner(thread())
	}
}

// Disown undoes Own, as at a loop's end: whoever comes next may use a.
func (a *Allocator) Disown() {
	if guard {
		a.noteOwner(0)
	}
}
