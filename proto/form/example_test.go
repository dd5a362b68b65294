package form_test

import (
	"fmt"
	"os"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/form"
)

func ExampleLookup() {
	text := []byte("q=ring+wire&lang=go")
	if value, ok := form.Lookup(text, "q"); ok {
		fmt.Printf("%s\n", form.AppendDecoded(nil, value))
	}
	// Output: ring wire
}

func ExampleScanner() {
	s := form.Scan([]byte("a=1&b=x%26y&c=%2B"), 100)
	for name, value := range s.All() {
		fmt.Printf("%s = %s\n", name, form.AppendDecoded(nil, value))
	}
	fmt.Println(s.Err())
	// Output:
	// a = 1
	// b = x&y
	// c = +
	// <nil>
}

func ExampleWriter() {
	a := mem.NewAllocator(mem.Config{})
	var out mem.Writer
	out.Init(a, 4096)

	var w form.Writer
	w.Init(&out)
	w.Pair("name", "Zoë & Jim")
	w.Pair("n", "2")

	_, _ = out.Segments().WriteTo(os.Stdout)
	// Output: name=Zo%C3%AB+%26+Jim&n=2
}
