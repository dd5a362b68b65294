//go:build !linux

// Command guest is for Linux: see main_linux.go.
package main

import "log"

func main() { log.Fatal("guest: it boots Linux kernels only") }
