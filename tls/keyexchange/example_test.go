package keyexchange_test

import (
	"bytes"
	"fmt"

	"github.com/ringwire/ringwire/tls/keyexchange"
)

// Both sides of an exchange, into buffers that are there already.
func Example() {
	const group = keyexchange.X25519MLKEM768
	buf := make([]byte, 0, keyexchange.MaxClientShare)

	var client keyexchange.Client
	offer, err := client.Generate(group, buf)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, theirs, err := keyexchange.Serve(group, offer, nil, nil)
	if err != nil {
		fmt.Println(err) // an *Error: answer with illegal_parameter
		return
	}
	ours, err := client.Finish(group, answer, nil)
	fmt.Println(len(offer), len(answer), bytes.Equal(ours, theirs), err)
	clear(ours)
	clear(theirs)
	// Output: 1216 1120 true <nil>
}

// A point of low order is refused, whoever computes.
func ExampleServe() {
	_, _, err := keyexchange.Serve(keyexchange.X25519, make([]byte, 32), nil, nil)
	fmt.Println(err)
	// Output: keyexchange: the key share is a point of low order, the X25519 secret would be all zero (RFC 8446 §7.4.2)
}
