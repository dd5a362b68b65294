// Package mem hands out off-heap buffers with exactly one owner each.
//
// An [Allocator] belongs to one event loop. It maps slabs outside the Go heap
// (the garbage collector never scans them, the kernel may own them), cuts them
// into size classes and leases them:
//
//	a := mem.NewAllocator(mem.Config{})
//	l := a.Lease(1500) // at least 1500 bytes, here a block of 2 KiB
//	n := copy(l.Bytes(), "hello")
//	_ = n
//	l.Release() // exactly once; l and every slice of it are dead from here
//
// On top of leases stand [Segments], a chain of leased pieces read from the
// front and appended to at the back, and [Writer], which appends into leases.
// Nothing in here grows by copying. A [Payload] is what a Writer has built, handed over to
// whoever sends it.
//
// # Ownership
//
// A [Lease] has one owner, which releases it once. Passing a lease to a call
// that says "takes ownership" moves it: the caller must not touch it again.
// [Lease.Clone] makes one more owner of the same bytes; the buffer goes home
// when all of them have released. A slice obtained from a lease, from Segments
// or from a Writer is a borrowed view and says how long it lives.
//
// Leases of an ordinary allocator are made, cloned and released on its loop
// only; with [Config].Shared any goroutine may. A lease that several loops send is
// made by one of them and opened to the others by [Lease.Share].
//
// # What is out
//
// [Allocator.Stats] counts by size class and by purpose: whoever leases through
// an [Account], directly or by [Segments.InitFor] and [Writer.InitFor], is named.
// [Allocator.Suspects] lists where sampled leases came from that have been out for long.
// [Snapshot] adds several allocators and pools up, for a log, a page of numbers or a person.
// [Allocator.Trim] gives back what nothing is leased of.
//
// # Objects
//
// [Pool] keeps structs for reuse, with a mandatory reset, a bound and a count.
//
// # Old bytes
//
// A leased buffer is not cleared: beyond what its owner wrote it may hold
// bytes of an earlier owner. Segments and Writer are length-bounded: every view
// they give out ends, in length and in capacity, where the written bytes end.
// Whoever uses [Lease.Bytes] or [Writer.Reserve] directly keeps the same rule
// himself: pass on what you wrote, not the capacity.
//
// # Checking builds
//
// With the build tag memguard, and under the race detector, every lease lives
// on pages of its own that become inaccessible on release, so a stray read
// faults at the culprit; a second release, a release of what was given away, and
// a use through a released Lease panic with the stacks of acquire and release,
// and Close lists leaks with theirs. Use on another thread than the loop's is found, see
// [Allocator.Own]. An object of a [Pool] is used once, and found when it is put twice or
// written later. A build without them holds no guard code, and there a use after release is
// undefined: it reads somebody else's bytes, or faults.
//
// # Limits
//
// The race detector does not watch memory outside the Go heap: it sees races
// on the leases' headers but not on their bytes. On systems without mmap, slabs
// lie on the Go heap and checking builds overwrite released memory instead of
// protecting it.
package mem
