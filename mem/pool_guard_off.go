//go:build !memguard && !race

package mem

// guardPool takes no room in an ordinary build; see guard.
type guardPool[T any] struct{}

func (p *Pool[T]) noteGet(*T)          { _ = p.guardPool }
func (p *Pool[T]) checkOut(*T)         {}
func (p *Pool[T]) notePut(*T)          {}
func (p *Pool[T]) drain()              {}
func (p *Pool[T]) describeOut() string { return "" }
