package world

import (
	"bytes"
	"strings"
	"testing"
)

// The frames are those of RFC 6455 §5.7, and of the lengths at which the head changes.
func TestAppendFrame(t *testing.T) {
	got := appendFrame(nil, finBit|opText, 0x37fa213d, []byte("Hello"))
	if want := []byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}; !bytes.Equal(got, want) {
		t.Errorf("a masked Hello is % x, want % x", got, want)
	}
	for n, head := range map[int]string{
		125: "\x02\xfd", 126: "\x02\xfe\x00\x7e", 65535: "\x02\xfe\xff\xff", 65536: "\x02\xff\x00\x00\x00\x00\x00\x01\x00\x00",
	} {
		got := appendFrame(nil, opBinary, 0, make([]byte, n))
		if want := head + "\x00\x00\x00\x00" + strings.Repeat("\x00", n); string(got) != want {
			t.Errorf("a frame of %d bytes begins with % x, want % x", n, got[:14], want[:14])
		}
	}
}

// What a server must not send is seen when the head is whole, and not before.
func TestFrame(t *testing.T) {
	for _, c := range []struct {
		head string
		size int
		want string
	}{
		{"\x81\x05", 5, ""},
		{"\x82\x7e\x01\x00", 256, ""},
		{"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 65536, ""},
		{"\x8a\x00", 0, ""},
		{"\x01\x05", 5, "begins with"}, // a fragment
		{"\xc1\x05", 5, "begins with"}, // RSV1
		{"\x81\x85", 5, "begins with"}, // masked
		{"\x82\x7e\x00\x7d", 125, "says its length"},
		{"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", 65535, "says its length"},
		{"\x89\x7e\x00\x7e", 126, "says its length"},
	} {
		var f frame
		why := ""
		for i := range len(c.head) {
			if f.known() || why != "" {
				t.Fatalf("% x is whole after %d bytes, %s", c.head, i, why)
			}
			why = f.takeHead(c.head[i])
		}
		if !f.known() || f.size != c.size || (why == "") != (c.want == "") || !strings.Contains(why, c.want) {
			t.Errorf("% x: %d bytes, %q; want %d, %q", c.head, f.size, why, c.size, c.want)
		}
		if f.next(); f.begun() {
			t.Errorf("% x: the next frame has begun", c.head)
		}
	}
}
