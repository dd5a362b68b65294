//go:build !unix

package ringwire

import "testing"

func lowerLimit(t *testing.T, _ uint64) { t.Skip("no RLIMIT_NOFILE here") }
