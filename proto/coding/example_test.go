package coding_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/coding"
)

// A body that arrives in two pieces.
func Example() {
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	_, _ = io.WriteString(z, "hello")
	_ = z.Close()

	decoders := coding.NewDecoders(coding.Config{})
	limits := coding.Limits{}.WithDefaults()
	alloc := mem.NewAllocator(mem.Config{})
	var input mem.Segments
	input.Init(alloc)

	list, bad := coding.Parse(nil, []byte("gzip"), 0)
	if bad != nil {
		fmt.Println(bad.Status, bad)
		return
	}
	d := decoders.Get(list, &limits, &input)
	defer d.Close()
	for body.Len() > 0 {
		input.AppendCopy(body.Next(20))
		for {
			p, err := d.Next()
			if err == coding.ErrNeedInput {
				fmt.Println("more input is needed")
				break
			} else if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Printf("%s\n", p)
		}
	}
	d.End()
	_, err := d.Next()
	fmt.Println(err)
	// Output:
	// more input is needed
	// hello
	// more input is needed
	// EOF
}

func ExampleParse() {
	list, err := coding.Parse(nil, []byte("gzip, br"), 0)
	fmt.Println(list, err)
	_, err = coding.Parse(nil, []byte("compress"), 0)
	fmt.Println(err.Status, err.Text)
	// Output:
	// [gzip br] <nil>
	// 415 unknown content coding: use gzip, deflate, br or zstd, or none
}
