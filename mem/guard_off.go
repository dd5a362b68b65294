//go:build !memguard && !race

package mem

import "strings"

// guard is true in checking builds. It is a constant, so that an ordinary
// build contains none of the code behind it: the stubs below are never called
// and the fields, named here for the linter's sake, take no room.
const guard = false

type (
	guardBlock     struct{}
	guardAllocator struct{}
)

func (b *block) checkAlive(string) { _ = b.guardBlock }
func (b *block) noteRelease(int32) {}
func (b *block) noteGiven()        {}
func (b *block) noteTaken()        {}
func (b *block) checkOwned()       {}
func (b *block) noteForeignHome()  {}
func (b *block) checkLoop(string)  {}

func (a *Allocator) noteAcquire(*block)             { _ = a.guardAllocator }
func (a *Allocator) noteHome(*block)                {}
func (a *Allocator) noteLocal(*block)               {}
func (a *Allocator) noteLocalHome(*block)           {}
func (a *Allocator) quarantine(*block)              {}
func (a *Allocator) noteOwner(int)                  {}
func (a *Allocator) checkOwner()                    {}
func (a *Allocator) drainQuarantine()               {}
func (a *Allocator) describeLeaks(*strings.Builder) {}

func thread() int { return 0 }
