// Package wire makes a network that misbehaves: two network namespaces (network_namespaces(7)) of
// this process, joined by a cable which this process carries the packets over. The sockets at its
// ends are real ones, of the kernel's TCP; what lies between loses, delays, reorders and doubles
// packets as it is told to, injects others, and can be cut.
//
// It needs Linux with /dev/net/tun, and CAP_SYS_ADMIN and CAP_NET_ADMIN. The machine's own network
// is not touched.
package wire
