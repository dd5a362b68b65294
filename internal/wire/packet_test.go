package wire

import (
	"reflect"
	"testing"
)

// What is written can be read, and its checksums are right: the sum over all is 0.
func TestPacket(t *testing.T) {
	for _, data := range []string{"", "x", "hello"} {
		want := TCP{Src: [4]byte{10, 9, 0, 1}, Dst: [4]byte{10, 9, 255, 2}, SrcPort: 80, DstPort: 65535, Seq: 1 << 31, Ack: 7,
			Flags: ACK | FIN, Window: 512, Data: []byte(data)}
		p := want.Packet()
		got, ok := ParseTCP(p)
		if !ok || !reflect.DeepEqual(got, want) || got.Next() != 1<<31+uint32(len(data))+1 {
			t.Errorf("%+v, want %+v", got, want)
		}
		if sum := checksum(p[:20], 0); sum != 0 {
			t.Errorf("the header's checksum is off by %d", sum)
		}
		for n := range p {
			if _, ok := ParseTCP(p[:n]); ok {
				t.Errorf("%d of %d bytes were taken", n, len(p))
			}
		}
	}
	if _, ok := ParseTCP(make([]byte, 60)); ok {
		t.Error("zeros were taken")
	}
}
