//go:build linux

package ring

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// BufRingConfig says which buffers to provide.
type BufRingConfig struct {
	Group   uint16 // the id that requests name in SetBufferGroup; unique in a ring
	Entries uint32 // number of buffers: a power of two, at most 32768
	Size    uint32 // bytes of each buffer
	// Memory holds the buffers, at least Entries × Size bytes off the Go heap
	// that stay until Close; nil = mapped here.
	Memory []byte
	// Flags are PbufRing… flags: PbufRingInc (6.12) consumes buffers piece by
	// piece. PbufRingMMap is not supported, the ring is always our memory.
	Flags uint16
	// Populate faults the buffers' pages in now instead of on first use.
	Populate bool
}

// BufRing is a group of buffers from which the kernel picks one when data has
// come, so that an idle receive holds none. It belongs to its ring's thread.
//
// Life of a buffer: Recycle and Publish give it to the kernel; a completion
// with CQEFBuffer gives it back, Take finds its bytes; Recycle again.
type BufRing struct {
	ring    *Ring
	entries unsafe.Pointer // [n]BufAndRing, shared with the kernel
	mem     unsafe.Pointer // n × size bytes
	tail    uint16         // next slot to fill; the kernel sees it after Publish
	last    uint16         // id in the slot before tail
	mask    uint16
	inc     bool
	size    uint32
	shown   uint16 // the tail that the kernel sees
	home    int    // buffers that the kernel sees or will see

	// Per buffer id. next is the id in the ring's following slot: slots are
	// reused while a bundle's buffers are still out, the chain of ids is not.
	next []uint16
	used []uint32 // bytes consumed so far of an incremental buffer
	out  []bool   // taken and not recycled

	group    uint16
	ringMem  []byte
	ownedMem []byte // nil when the caller's
}

// NewBufRing registers a group of buffers, all of them published. Close undoes it.
func (r *Ring) NewBufRing(cfg BufRingConfig) (*BufRing, error) {
	n := int(cfg.Entries)
	if n == 0 || n > 32768 || n&(n-1) != 0 || cfg.Size == 0 {
		return nil, fmt.Errorf("ring: buffer ring: %d entries of %d bytes: need a power of two up to 32768, and a size", n, cfg.Size)
	}
	if cfg.Flags&^PbufRingInc != 0 {
		return nil, fmt.Errorf("ring: buffer ring: flags %#x are not supported", cfg.Flags)
	}
	if hidden(Version{5, 19}) || cfg.Flags != 0 && hidden(Version{6, 12}) {
		return nil, fmt.Errorf("ring: register buffer ring: %w", unix.EINVAL)
	}
	b := &BufRing{ring: r, mask: uint16(n - 1), last: uint16(n - 1), inc: cfg.Flags&PbufRingInc != 0, size: cfg.Size,
		group: cfg.Group, next: make([]uint16, n), used: make([]uint32, n), out: make([]bool, n)}
	if err := b.mapMemory(&cfg, n); err != nil {
		return nil, err
	}
	reg := BufReg{RingAddr: uint64(uintptr(b.entries)), RingEntries: cfg.Entries, Bgid: cfg.Group, Flags: cfg.Flags}
	if _, err := r.register("buffer ring", RegisterPbufRing, unsafe.Pointer(&reg), 1); err != nil {
		b.unmap()
		return nil, err
	}
	for i := range n {
		b.out[i] = true
		b.Recycle(uint16(i))
	}
	b.Publish()
	return b, nil
}

// mapMemory maps the ring's entries and, unless the caller brought them, the buffers.
func (b *BufRing) mapMemory(cfg *BufRingConfig, n int) (err error) {
	need := n * int(cfg.Size)
	if cfg.Memory != nil && len(cfg.Memory) < need {
		return fmt.Errorf("ring: buffer ring: %d bytes of memory for %d buffers of %d", len(cfg.Memory), n, cfg.Size)
	}
	// The kernel pins the entries' pages, so they are there from the start.
	if b.ringMem, err = mapAnon(n*int(unsafe.Sizeof(BufAndRing{})), unix.MAP_POPULATE); err != nil {
		return fmt.Errorf("ring: map buffer ring: %w", err)
	}
	b.entries = unsafe.Pointer(&b.ringMem[0])
	if cfg.Memory == nil {
		populate := 0
		if cfg.Populate {
			populate = unix.MAP_POPULATE
		}
		if b.ownedMem, err = mapAnon(need, populate); err != nil {
			b.unmap()
			return fmt.Errorf("ring: map buffers: %w", err)
		}
		cfg.Memory = b.ownedMem
	}
	b.mem = unsafe.Pointer(&cfg.Memory[0])
	return nil
}

func mapAnon(n, flags int) ([]byte, error) {
	return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|flags)
}

// Add puts a buffer of n bytes at addr into the next slot as bid, which is less
// than Entries. The kernel sees it after Publish. Recycle is Add for the
// group's own buffers; Take and Buffer know only those.
func (b *BufRing) Add(addr uintptr, n uint32, bid uint16) {
	e := (*BufAndRing)(unsafe.Add(b.entries, uintptr(b.tail&b.mask)*unsafe.Sizeof(BufAndRing{})))
	e.Addr, e.Len, e.Bid = uint64(addr), n, bid // never e.Tail: in slot 0 it is the ring's
	b.next[b.last] = bid
	b.last = bid
	b.tail++
	b.home++
}

// Recycle gives a taken buffer back to the kernel, from the next Publish on.
// Giving back a buffer that is not out panics: it would be in two hands.
func (b *BufRing) Recycle(bid uint16) {
	if !b.out[bid] {
		panic("ring: buffer recycled that was not taken")
	}
	b.out[bid] = false
	b.used[bid] = 0
	b.Add(uintptr(b.mem)+uintptr(bid)*uintptr(b.size), b.size, bid)
}

// Publish shows the kernel every buffer added since the last one. Call it once
// per batch: it is an atomic store on shared memory.
func (b *BufRing) Publish() {
	if b.shown == b.tail {
		return
	}
	b.shown = b.tail
	// The tail is the last 16 bits of the first entry, next to that slot's id.
	// Only we write both, so one 32-bit store publishes them in order.
	word := [2]uint16{(*BufAndRing)(b.entries).Bid, b.tail}
	atomic.StoreUint32((*uint32)(unsafe.Add(b.entries, unsafe.Offsetof(BufAndRing{}.Bid))), *(*uint32)(unsafe.Pointer(&word)))
}

// Take returns the bytes that a completion brought: c has CQEFBuffer, Res ≥ 0,
// and is not a bundle's. They are valid until Recycle(c.BufferID()), which the
// caller owes as soon as c.BufMore() is false. With BufMore the kernel keeps
// filling the rest of the buffer, and later completions bring it.
//
// Take must see every completion of the group, in order, or Available drifts.
func (b *BufRing) Take(c *CQE) []byte {
	bid := c.BufferID()
	n := uint32(max(c.Res, 0))
	start := uintptr(bid) * uintptr(b.size)
	if b.inc {
		start += uintptr(b.used[bid])
		b.used[bid] += n
	}
	if c.Flags&CQEFBufMore == 0 {
		b.out[bid] = true
		b.home--
	}
	return unsafe.Slice((*byte)(unsafe.Add(b.mem, start)), n)
}

// View is one buffer of a bundle.
type View struct {
	ID   uint16
	Data []byte
}

// TakeBundle is Take for a receive with RecvsendBundle (6.10): the completion
// names the first buffer, and the bytes go on in those that follow it in the
// ring. It appends one View for each; every ID must be recycled.
// Not for incremental groups.
func (b *BufRing) TakeBundle(c *CQE, dst []View) []View {
	bid, left := c.BufferID(), uint32(max(c.Res, 0))
	for {
		n := min(left, b.size)
		b.out[bid] = true
		b.home--
		dst = append(dst, View{bid, b.Buffer(bid)[:n:n]})
		if left -= n; left == 0 {
			return dst
		}
		bid = b.next[bid]
	}
}

// Buffer is the whole buffer, whoever holds it.
func (b *BufRing) Buffer(bid uint16) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(b.mem, uintptr(bid)*uintptr(b.size))), b.size)
}

// Available is how many buffers the kernel may still fill, as far as the
// completions that were taken tell. 0 means that receives will end in ENOBUFS.
func (b *BufRing) Available() int { return b.home }

// Head is the kernel's place in the ring, a running count of the buffers it
// used up modulo 2^16, by a system call (6.8).
func (b *BufRing) Head() (uint16, error) {
	st := BufStatus{BufGroup: uint32(b.group)}
	_, err := b.ring.register("buffer ring status", RegisterPbufStatus, unsafe.Pointer(&st), 1)
	return uint16(st.Head), err
}

// Len is the number of buffers in the group.
func (b *BufRing) Len() int { return len(b.next) }

// Size is the bytes of each buffer.
func (b *BufRing) Size() int { return int(b.size) }

// Group is the id that requests name.
func (b *BufRing) Group() uint16 { return b.group }

// Close unregisters the group and unmaps its memory. No request may be using
// it. It may come after the ring's Close, which unregisters every group.
func (b *BufRing) Close() error {
	var err error
	if b.ring.fd >= 0 && b.ringMem != nil {
		reg := BufReg{Bgid: b.group}
		_, err = b.ring.register("buffer ring (un)", UnregisterPbufRing, unsafe.Pointer(&reg), 1)
	}
	b.unmap()
	return err
}

func (b *BufRing) unmap() {
	for _, mem := range [][]byte{b.ringMem, b.ownedMem} {
		if mem != nil {
			unix.Munmap(mem)
		}
	}
	b.ringMem, b.ownedMem = nil, nil
}
