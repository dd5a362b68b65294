//go:build !unix

package fallback

import "net"

// socketState is empty where there is no fast path.
type socketState struct{}

func (*socketState) nextProbe() int64 { return 0 }
func (*socketState) probe(*Loop)      {}

// newSocket is nil: every connection takes the portable path.
func newSocket(*Loop, net.Conn) *conn { return nil }
