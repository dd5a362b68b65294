package oldkernel

import (
	"fmt"

	"github.com/ringwire/ringwire/ring"
)

func emulate(text string) error {
	var v ring.Version
	var more string
	if n, _ := fmt.Sscanf(text, "%d.%d%s", &v.Major, &v.Minor, &more); n != 2 {
		return fmt.Errorf("want a version such as 6.0")
	}
	ring.EmulateKernel(v)
	return nil
}
