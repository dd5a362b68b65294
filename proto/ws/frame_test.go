package ws

import (
	"strings"
	"testing"
)

// The examples of RFC 6455 §5.7, byte for byte.
func TestExamplesOfTheRFC(t *testing.T) {
	client := newWorld(t, Client)
	client.run([]vector{
		{"unmasked text", []string{"\x81\x05Hello"}, []string{"text Hello"}},
		{"fragments", []string{"\x01\x03Hel", "\x80\x02lo"}, []string{"text Hello"}},
		{"unmasked Ping", []string{"\x89\x05Hello"}, []string{"ping Hello"}},
		{"256 bytes", []string{"\x82\x7e\x01\x00", strings.Repeat("x", 256)}, []string{"binary " + shorten([]byte(strings.Repeat("x", 256)))}},
		{"64 KiB", []string{"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", strings.Repeat("y", 1<<16)}, []string{"binary " + shorten([]byte(strings.Repeat("y", 1<<16)))}},
	})
	server := newWorld(t, Server)
	server.run([]vector{
		{"masked text", []string{"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"}, []string{"text Hello"}},
		{"masked Pong", []string{"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"}, []string{"pong Hello"}},
	})
}

// What the first two bytes, or the length, give away. Each is refused whatever follows, and even if nothing does.
func TestBadHeaders(t *testing.T) {
	bothRoles(t, func(t *testing.T, w *world, fr frames) {
		mask := fr.head(0x81, 0)[1] & 0x80
		long := func(second byte, length string) string {
			return "\x82" + string([]byte{mask | second}) + length + fr.head(0x81, 0)[2:]
		}
		other := frames{1 - fr.role}
		wrongMask := map[Role]*Error{Server: ErrUnmasked, Client: ErrMasked}[w.role]
		w.run([]vector{
			{"RSV1 without compression", []string{fr.frame(0xc1, "x")}, []string{failure(ErrReservedBits)}},
			{"RSV2", []string{fr.frame(0xa1, "x")}, []string{failure(ErrReservedBits)}},
			{"RSV3", []string{fr.frame(0x91, "x")}, []string{failure(ErrReservedBits)}},
			{"opcode 3", []string{fr.frame(0x83, "x")}, []string{failure(ErrOpcode)}},
			{"opcode 7", []string{fr.frame(0x87, "x")}, []string{failure(ErrOpcode)}},
			{"opcode 11", []string{fr.frame(0x8b, "x")}, []string{failure(ErrOpcode)}},
			{"opcode 15", []string{fr.frame(0x8f, "x")}, []string{failure(ErrOpcode)}},
			{"the other role's masking", []string{other.frame(0x81, "xyz")}, []string{failure(wrongMask)}},
			{"the other role's masking, control", []string{other.frame(0x89, "xyz")}, []string{failure(wrongMask)}},
			{"two bytes are enough", []string{"\x83" + string([]byte{mask})}, []string{failure(ErrOpcode)}},
			{"125 in 16 bits", []string{long(126, "\x00\x7d"), strings.Repeat("x", 125)}, []string{failure(ErrLengthForm)}},
			{"0 in 16 bits", []string{long(126, "\x00\x00")}, []string{failure(ErrLengthForm)}},
			{"125 in 64 bits", []string{long(127, "\x00\x00\x00\x00\x00\x00\x00\x7d")}, []string{failure(ErrLengthForm)}},
			{"65535 in 64 bits", []string{long(127, "\x00\x00\x00\x00\x00\x00\xff\xff")}, []string{failure(ErrLengthForm)}},
			{"64 bits", []string{long(127, "\x80\x00\x00\x00\x00\x00\x00\x01")}, []string{failure(ErrLengthSign)}},
			{"all of 64 bits", []string{long(127, "\xff\xff\xff\xff\xff\xff\xff\xff")}, []string{failure(ErrLengthSign)}},
			{"63 bits are only too many", []string{long(127, "\x7f\xff\xff\xff\xff\xff\xff\xff")}, []string{failure(ErrFrameTooLarge)}},
			{"a control frame of 126", []string{fr.frame(0x89, strings.Repeat("x", 126))}, []string{failure(ErrControlLength)}},
			{"a control frame of 64 KiB", []string{fr.head(0x8a, 1<<16)}, []string{failure(ErrControlLength)}},
			{"a Ping in fragments", []string{fr.frame(0x09, "x")}, []string{failure(ErrControlFragment)}},
			{"a Close in fragments", []string{fr.frame(0x08, "")}, []string{failure(ErrControlFragment)}},
			{"after a good message", []string{fr.frame(0x81, "good"), fr.frame(0x83, "bad")}, []string{"text good", failure(ErrOpcode)}},
		})
	})
}

// Every length is announced in its shortest form, and read back.
func TestAppendHeader(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 1 << 20} {
		for _, role := range []Role{Server, Client} {
			for first := range 256 {
				if first&0x30 != 0 {
					continue
				}
				var key *[4]byte
				if role == Client {
					key = &testKey
				}
				got := AppendHeader(nil, Opcode(first&15), first&0x80 != 0, first&0x40 != 0, n, key)
				if want := (frames{role}).head(byte(first), n); string(got) != want {
					t.Errorf("%02x, %d bytes, role %d: % x, want % x", first, n, role, got, want)
				}
				if len(got) > MaxHeader {
					t.Errorf("a header of %d bytes", len(got))
				}
			}
		}
	}
}
