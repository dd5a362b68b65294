//go:build !linux

package ringwire

import "github.com/ringwire/ringwire/conn"

// Elsewhere there is one driver, and the limits are those of the Go runtime.

func (d *Diagnosis) lookAround(*Config) {}

func (d *Diagnosis) lookAtDrivers([]conn.Driver) {}
