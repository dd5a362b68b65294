package ws

import (
	"bytes"
	"encoding/binary"
	"io"
	"os/exec"
	"testing"
)

// zlibScript packs (p) or unpacks (u) the messages on its input, job after job. A job is what to do, bits, level, whether
// one context is for all its messages, and their number; a message has its length in front. Unpacking gives out little
// at a time, so that zlib needs its window.
const zlibScript = `
import sys, struct, zlib
i, o = sys.stdin.buffer, sys.stdout.buffer
while True:
    head = i.read(8)
    if not head: break
    what, bits, level, context, count = struct.unpack("<cBB?I", head)
    z = None
    for _ in range(count):
        p = i.read(struct.unpack("<I", i.read(4))[0])
        if what == b"p":
            if z is None or not context: z = zlib.compressobj(level, zlib.DEFLATED, -bits)
            q = z.compress(p) + z.flush(zlib.Z_SYNC_FLUSH)
            assert q[-4:] == b"\0\0\xff\xff"
            q = q[:-4]
        else:
            if z is None or not context: z = zlib.decompressobj(-bits)
            q, p = [], p + b"\0\0\xff\xff"
            while True:
                more = z.decompress(p, 100)
                q.append(more)
                p = z.unconsumed_tail
                if not p and not more: break
            q = b"".join(q)
        o.write(struct.pack("<I", len(q)) + q)
`

// job is one context of zlib's.
type job struct {
	what     byte // p or u
	a        *Compression
	level    byte
	messages [][]byte
	want     [][]byte // of a u
}

// python has the script do all jobs, and returns what comes of each message.
func python(t *testing.T, jobs []job) (results [][][]byte) {
	var in bytes.Buffer
	for _, j := range jobs {
		_, bits := j.a.sending(Server)
		context := byte(1)
		if j.a.ServerNoContext {
			context = 0
		}
		in.Write([]byte{j.what, bits, j.level, context})
		in.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(j.messages))))
		for _, m := range j.messages {
			in.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(m))))
			in.Write(m)
		}
	}
	cmd := exec.Command("python3", "-c", zlibScript)
	var failed bytes.Buffer
	cmd.Stdin, cmd.Stderr = &in, &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err, failed.String())
	}
	r := bytes.NewReader(out)
	for _, j := range jobs {
		var list [][]byte
		for range j.messages {
			var head [4]byte
			_, err := io.ReadFull(r, head[:])
			m := make([]byte, binary.LittleEndian.Uint32(head[:]))
			if _, e := io.ReadFull(r, m); err != nil || e != nil {
				t.Fatal("the output is too short")
			}
			list = append(list, m)
		}
		results = append(results, list)
	}
	return results
}

// zlib, which browsers and most servers have, packs what is unpacked here, and unpacks what is packed here, with every
// window and no larger one.
func TestAgainstZlib(t *testing.T) {
	if err := exec.Command("python3", "-c", "import zlib").Run(); err != nil {
		t.Skip("there is no python3 with zlib: ", err)
	}
	text := words(200_000)
	var messages [][]byte
	for _, n := range []int{1, 20, 300, 5000, 0, 40_000, 800, 7, 90_000, 2000} {
		messages = append(messages, text[:n])
		text = text[n:]
	}
	messages = append(messages, messages[3], pattern(3000), make([]byte, 50_000))
	w := newWorld(t, Client)
	cs := w.codecs()
	var jobs []job
	for bits := uint8(9); bits <= 15; bits++ { // zlib has no window of 8 bits here
		for _, no := range []bool{false, true} {
			a := &Compression{Enabled: true, ServerWindow: bits, ServerNoContext: no}
			for _, level := range []byte{0, 1, 6, 9} {
				jobs = append(jobs, job{'p', a, level, messages, nil})
			}
			s, u := w.sender(cs, a), job{what: 'u', a: a}
			for _, m := range messages {
				if p, ok := s.message(m, a); ok {
					u.messages, u.want = append(u.messages, p), append(u.want, m)
				}
			}
			jobs = append(jobs, u)
		}
	}
	for i, list := range python(t, jobs) {
		j := jobs[i]
		r := w.receiver(j.a)
		for k, p := range list {
			if j.what == 'u' {
				if !bytes.Equal(p, j.want[k]) {
					t.Errorf("%+v: of message %d zlib makes %d bytes, want %d", *j.a, k, len(p), len(j.want[k]))
				}
			} else if got, err := r.message(p, 1000); err != nil || !bytes.Equal(got, messages[k]) {
				t.Errorf("%+v, level %d: message %d has %d bytes, %v", *j.a, j.level, k, len(got), err)
			}
		}
	}
}
