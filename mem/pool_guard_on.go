//go:build memguard || race

package mem

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"
)

// poolWaiting is how many objects wait, after Put, for a late write to be found.
const poolWaiting = 64

// guardPool is what a pool remembers of its objects.
type guardPool[T any] struct {
	held    map[*T]*poolMemo
	waiting []*poolMemo // put, oldest first
	byPtr   map[*T]*poolMemo
}

// poolMemo is an object's life.
type poolMemo struct {
	object any // keeps it, so that its address names no other
	got    stack
	put    stack
	check  func() bool // nobody has written since
}

func (p *Pool[T]) noteGet(x *T) {
	if p.held == nil {
		p.held, p.byPtr = map[*T]*poolMemo{}, map[*T]*poolMemo{}
	}
	m := &poolMemo{object: x}
	m.got.note(4)
	p.held[x] = m
}

// checkOut panics unless x is out of this pool.
func (p *Pool[T]) checkOut(x *T) {
	if p.held[x] != nil {
		return
	}
	if m := p.byPtr[x]; m != nil {
		panic(fmt.Sprintf("mem: second Put of an object of pool %q\ngot at:\n%sput at:\n%s", p.cfg.Name, &m.got, &m.put))
	}
	panic(fmt.Sprintf("mem: Put of an object that is not of pool %q", p.cfg.Name))
}

func (p *Pool[T]) notePut(x *T) {
	m := p.held[x]
	delete(p.held, x)
	m.put.note(3)
	poison(reflect.ValueOf(x).Elem())
	m.check = func() bool { return poisoned(reflect.ValueOf(x).Elem()) }
	p.byPtr[x] = m
	p.waiting = append(p.waiting, m)
	if len(p.waiting) > poolWaiting {
		p.endOldest()
	}
}

func (p *Pool[T]) endOldest() {
	m := p.waiting[0]
	p.waiting[0] = nil
	p.waiting = p.waiting[1:]
	delete(p.byPtr, m.object.(*T))
	if !m.check() {
		panic(fmt.Sprintf("mem: an object of pool %q was written after Put\ngot at:\n%sput at:\n%s", p.cfg.Name, &m.got, &m.put))
	}
}

func (p *Pool[T]) drain() {
	for len(p.waiting) > 0 {
		p.endOldest()
	}
}

func (p *Pool[T]) describeOut() string {
	var text strings.Builder
	n := 0
	for _, m := range p.held {
		if n++; n > leaksListed {
			text.WriteString("\n…")
			break
		}
		fmt.Fprintf(&text, "\ngot at:\n%s", &m.got)
	}
	return text.String()
}

// poison makes every number in v nonsense and every reference nil: a late reader does
// not get far.
func poison(v reflect.Value) {
	eachScalar(v, func(p []byte) bool {
		fill(p, poisonByte)
		return true
	}, func(v reflect.Value) bool {
		v.SetZero()
		return true
	})
}

// poisoned reports whether v is still as poison has left it.
func poisoned(v reflect.Value) bool {
	return eachScalar(v, func(p []byte) bool {
		for _, c := range p {
			if c != poisonByte {
				return false
			}
		}
		return true
	}, reflect.Value.IsZero)
}

// eachScalar calls number with the bytes of every number in v, and reference with every
// part that holds pointers, until one returns false.
func eachScalar(v reflect.Value, number func(p []byte) bool, reference func(v reflect.Value) bool) bool {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if !eachScalar(v.Field(i), number, reference) {
				return false
			}
		}
		return true
	case reflect.Array:
		for i := range v.Len() {
			if !eachScalar(v.Index(i), number, reference) {
				return false
			}
		}
		return true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16,
		reflect.Uint32, reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return number(unsafe.Slice((*byte)(v.Addr().UnsafePointer()), v.Type().Size()))
	case reflect.Bool: // a bool of any other value breaks the language
		return true
	}
	// Fields that are not exported can be set through their address only.
	return reference(reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem())
}
