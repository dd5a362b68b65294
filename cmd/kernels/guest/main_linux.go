// Command guest is the first process of the virtual machines that command kernels boots, and
// two of the programs that run there: "guest probe" says what the kernel can do, "guest load"
// serves and loads a server. Nobody calls it by hand, though probe and load work anywhere.
package main

import (
	"fmt"
	"os"
)

func main() {
	if os.Getpid() == 1 { // arguments are words of the kernel's command line then
		boot() // does not return
	}
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	var err error
	switch role {
	case "probe":
		err = probe(os.Stdout)
	case "load":
		err = load(os.Stdout, loadSize)
	default:
		err = fmt.Errorf("it boots a virtual machine, see command kernels; here, try probe or load, not %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(1)
	}
}
