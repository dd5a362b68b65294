package flight

import (
	"fmt"
	"reflect"
	"runtime"
)

// Mark names a handler. It is made before it is needed; the name is found when somebody asks.
type Mark struct {
	Kind string // what it is for: "handler", "tick" …
	Func any    // a function, or what has the method; nil: the kind says it all
}

// Name is the function's name, or the type of what is not a function: nothing of any request.
func (m *Mark) Name() string {
	if m == nil || m.Func == nil {
		return ""
	}
	v := reflect.ValueOf(m.Func)
	if v.Kind() != reflect.Func {
		return fmt.Sprintf("%T", m.Func)
	}
	if v.IsNil() {
		return ""
	}
	if f := runtime.FuncForPC(v.Pointer()); f != nil {
		return f.Name()
	}
	return ""
}

// String is the kind and the name.
func (m *Mark) String() string {
	switch name := m.Name(); {
	case m == nil:
		return "a handler"
	case name == "":
		return m.Kind
	default:
		return m.Kind + " " + name
	}
}
