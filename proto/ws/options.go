package ws

import "strconv"

// Options is what a side wants of permessage-deflate. The zero value takes and offers contexts and windows as large
// as there are.
type Options struct {
	ServerNoContext bool  // the server is to compress each message on its own
	ClientNoContext bool  // the client is
	ServerWindow    uint8 // most bits of the server's window, 8 to 15; 0 is 15
	ClientWindow    uint8 // most bits of the client's window; 0 is 15
	Threshold       int   // bytes; messages below are sent as they are. 0 is 256, negative is none
	Level           int   // 1, fastest, to 9; 0 is the default
}

const (
	maxWindow        = 15
	defaultThreshold = 256
)

// window is the bits meant by a field of Options.
func window(bits uint8) int {
	if bits == 0 || bits > maxWindow {
		return maxWindow
	}
	return max(int(bits), 8)
}

// agree starts an agreement with what is not negotiated.
func (o *Options) agree() Compression {
	c := Compression{Enabled: true, Threshold: o.Threshold, Level: o.Level}
	switch {
	case c.Threshold == 0:
		c.Threshold = defaultThreshold
	case c.Threshold < 0:
		c.Threshold = 0
	}
	return c
}

// accept makes an agreement of a client's offer, if it can be had (RFC 7692 §7.1):
//
//	a context is kept only when both let it
//	a window is the smaller one of both; the client's is limited only if it says that it can be
func (x *extension) accept(o *Options) (Compression, bool) {
	if !x.deflate || x.bad {
		return Compression{}, false
	}
	c := o.agree()
	c.ServerNoContext = o.ServerNoContext || x.serverNoContext
	c.ClientNoContext = o.ClientNoContext || x.clientNoContext
	server, client := window(o.ServerWindow), maxWindow
	if x.serverWindow != 0 {
		server = min(server, x.serverWindow)
	}
	switch x.clientWindow {
	case 0:
	case anyWindow:
		client = window(o.ClientWindow)
	default:
		client = min(window(o.ClientWindow), x.clientWindow)
		c.clientSaid = true
	}
	c.serverSaid = x.serverWindow != 0
	c.ServerWindow, c.ClientWindow = uint8(server), uint8(client)
	return c, true
}

// AppendExtensions appends the value of a response's Sec-WebSocket-Extensions; nothing when c is not Enabled. c is what
// Negotiate returned.
func (c *Compression) AppendExtensions(dst []byte) []byte {
	if !c.Enabled {
		return dst
	}
	dst = appendNoContext(append(dst, "permessage-deflate"...), c.ServerNoContext, c.ClientNoContext)
	if c.serverSaid || c.ServerWindow < maxWindow {
		dst = append(dst, "; server_max_window_bits="...)
		dst = strconv.AppendUint(dst, uint64(c.ServerWindow), 10)
	}
	if c.clientSaid || c.ClientWindow < maxWindow {
		dst = append(dst, "; client_max_window_bits="...)
		dst = strconv.AppendUint(dst, uint64(c.ClientWindow), 10)
	}
	return dst
}

func appendNoContext(dst []byte, server, client bool) []byte {
	if server {
		dst = append(dst, "; server_no_context_takeover"...)
	}
	if client {
		dst = append(dst, "; client_no_context_takeover"...)
	}
	return dst
}

// appendOffer appends a client's offer.
func (o *Options) appendOffer(dst []byte) []byte {
	dst = appendNoContext(append(dst, "permessage-deflate"...), o.ServerNoContext, o.ClientNoContext)
	if n := window(o.ServerWindow); n < maxWindow {
		dst = append(dst, "; server_max_window_bits="...)
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	dst = append(dst, "; client_max_window_bits"...)
	if n := window(o.ClientWindow); n < maxWindow {
		dst = append(dst, '=')
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	return dst
}

// confirm makes an agreement of a server's answer to the offer of o, if it corresponds to that (RFC 7692 §5.1): what
// the offer asked of the server must be granted, and what it says of the client's window must be possible.
func (x *extension) confirm(o *Options) (Compression, bool) {
	server, client := maxWindow, window(o.ClientWindow)
	if x.serverWindow != 0 {
		server = x.serverWindow
	}
	switch {
	case !x.deflate, x.bad, x.clientWindow == anyWindow, // a choice is to be made, not offered
		o.ServerNoContext && !x.serverNoContext,
		server > window(o.ServerWindow), x.clientWindow > client:
		return Compression{}, false
	}
	if x.clientWindow != 0 {
		client = min(client, x.clientWindow)
	}
	c := o.agree()
	c.ServerNoContext = x.serverNoContext
	c.ClientNoContext = x.clientNoContext || o.ClientNoContext
	c.ServerWindow, c.ClientWindow = uint8(server), uint8(client)
	return c, true
}
