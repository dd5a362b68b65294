package tls

import (
	"bytes"
	"encoding/hex"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// Every length comes back as it went, and a record is as long as it must be.
func TestRoundTrip(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite uint16) {
		f := ready(t, Server, suite)
		sizes := []int{511, 512, 4095, 4096, 16383, MaxPlaintext}
		for n := range 300 {
			sizes = append(sizes, n)
		}
		for _, n := range sizes {
			buf := make([]byte, Head+n+Tail+3)
			copy(buf[Head:], pattern(n))
			rec := f.s.Seal(buf, n)
			if len(rec) != Head+n+Tail || &rec[0] != &buf[0] || cap(rec) != len(rec) {
				t.Fatalf("%d bytes became a record of %d, of capacity %d, in place %v", n, len(rec), cap(rec), &rec[0] == &buf[0])
			}
			if bytes.Contains(rec, pattern(n)) && n > 4 {
				t.Fatal("plaintext is in the record")
			}
			content, contentType, err := f.in.open(rec)
			if err != nil || contentType != typeData || !bytes.Equal(content, pattern(n)) {
				t.Fatalf("%d bytes came back as %d: %v", n, len(content), err)
			}
			if n > 0 && &content[0] != &rec[Head] {
				t.Fatal("it was not opened in place")
			}
			if cap(content) != len(content) {
				t.Fatal("an append to the content would write to the padding")
			}
		}
	})
}

// The traces of RFC 8448 §3: from the secrets printed there the records must come out as there.
func TestRFC8448(t *testing.T) {
	const payload = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031"
	for name, c := range map[string]struct {
		secret, iv string
		seq        uint64
		records    []struct {
			contentType byte
			plain, rec  string
		}
	}{
		"client": {
			secret: "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5", iv: "5b78923dee08579033e523d9",
			records: []struct {
				contentType byte
				plain, rec  string
			}{
				{typeData, payload, "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4"},
				{typeAlert, "0100", "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3"},
			},
		},
		"server": { // whose first record was a session ticket
			secret: "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643", iv: "cf782b88dd83549aadf1e984", seq: 1,
			records: []struct {
				contentType byte
				plain, rec  string
			}{
				{typeData, payload, "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d"},
				{typeAlert, "0100", "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var seals, opens half
			for _, h := range []*half{&seals, &opens} {
				if err := h.install(suites["AES-128-GCM"], unhex(t, c.secret)); err != nil {
					t.Fatal(err)
				}
				if h.seq = c.seq; !bytes.Equal(h.iv[:], unhex(t, c.iv)) {
					t.Errorf("iv %x, want %s", h.iv, c.iv)
				}
			}
			for _, r := range c.records {
				plain := unhex(t, r.plain)
				buf := make([]byte, Head+len(plain)+Tail)
				copy(buf[Head:], plain)
				if rec := seals.seal(buf, len(plain), r.contentType); !bytes.Equal(rec, unhex(t, r.rec)) {
					t.Errorf("sealed % x\nwant %s", rec, r.rec)
				}
				content, contentType, err := opens.open(unhex(t, r.rec))
				if err != nil || contentType != r.contentType || !bytes.Equal(content, plain) {
					t.Errorf("opened %x of type %d: %v", content, contentType, err)
				}
			}
		})
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	if s == "-" {
		return nil
	}
	p, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The ciphers against Wycheproof's vectors, in place as records are. RINGWIRE_WYCHEPROOF names
// a longer file of the same form.
func TestWycheproof(t *testing.T) {
	path := "testdata/wycheproof.txt"
	if p := os.Getenv("RINGWIRE_WYCHEPROOF"); p != "" {
		path = p
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		w := strings.Fields(line)
		a, err := newAEAD(suites[w[0]], unhex(t, w[3]))
		if err != nil {
			t.Fatal(err)
		}
		nonce, aad, plain, sealed := unhex(t, w[4]), unhex(t, w[5]), unhex(t, w[6]), append(unhex(t, w[7]), unhex(t, w[8])...)
		count[w[0]+" "+w[2]]++
		got, err := a.Open(bytes.Clone(sealed)[:0], nonce, bytes.Clone(sealed), aad)
		if (err == nil) != (w[2] == "valid") || err == nil && !bytes.Equal(got, plain) {
			t.Errorf("%s %s: opened %x, %v, want %s", w[0], w[1], got, err, w[2])
		}
		buf := append(make([]byte, 0, len(sealed)), plain...)
		if got := a.Seal(buf[:0], nonce, buf, aad); bytes.Equal(got, sealed) != (w[2] == "valid") {
			t.Errorf("%s %s: sealed %x, want %s", w[0], w[1], got, w[2])
		}
	}
	if len(count) != 6 {
		t.Errorf("vectors are missing: %v", count)
	}
	t.Log(count)
}

// Nonces are the IV with the sequence number in its last bytes (RFC 8446 §5.3), and never
// come twice under one key.
func TestNonce(t *testing.T) {
	h := half{iv: [12]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}
	for seq, want := range map[uint64]string{
		0:                  "0102030405060708090a0b0c",
		1:                  "0102030405060708090a0b0d",
		0x0102030405060708: "010203040404040c0c0c0c04",
		math.MaxUint64:     "01020304faf9f8f7f6f5f4f3",
	} {
		h.seq = seq
		if got := hex.EncodeToString(h.nextNonce()); got != want {
			t.Errorf("number %#x: nonce %s, want %s", seq, got, want)
		}
	}
	f := ready(t, Server, suites["AES-128-GCM"])
	seen := map[[12]byte]bool{}
	for range 1000 {
		f.s.Seal(make([]byte, Head+10+Tail), 10)
		if seen[f.s.out.nonce] {
			t.Fatal("a nonce came again")
		}
		seen[f.s.out.nonce] = true
	}
}

// A key seals 2^24 records, then the next one follows by itself.
func TestUpdateAfter(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite uint16) {
		f := ready(t, Server, suite)
		f.s.out.seq, f.in.seq = updateAfter-2, updateAfter-2
		for _, text := range []string{"a", "b", "c", "d"} {
			f.write(text)
		}
		if got := strings.Join(f.read(), " "); got != "a b KeyUpdate c d" {
			t.Errorf("the far end reads %q", got)
		}
		if f.s.out.seq != 2 {
			t.Errorf("the number is %d with the new key", f.s.out.seq)
		}
	})
}

// Who seals by himself and never asks what is pending is stopped before a key is worn out.
func TestRefuseAfter(t *testing.T) {
	f := ready(t, Server, suites["AES-128-GCM"])
	later := f.record(typeData, 'x')
	f.s.out.seq, f.in.seq = refuseAfter-1, refuseAfter-1
	if rec := f.s.Seal(make([]byte, Head+1+Tail), 1); rec == nil {
		t.Fatal("refused too early")
	} else if _, _, err := f.in.open(rec); err != nil {
		t.Fatal(err)
	}
	if f.s.Seal(make([]byte, Head+1+Tail), 1) != nil {
		t.Error("it goes on")
	}
	f.over(errExhausted, later, "alert internal_error")
}

// The number of the records that come never wraps.
func TestOpenExhausted(t *testing.T) {
	f := ready(t, Server, suites["AES-128-GCM"])
	f.out.seq, f.s.in.seq = math.MaxUint64-1, math.MaxUint64-1
	if _, err := f.give(f.record(typeData, 'x')); err != nil {
		t.Fatal(err)
	}
	f.fails(f.record(typeData, 'x'), errExhausted)
}

// A secret of the wrong length, or a suite that is not known, is no key.
func TestInstallRefuses(t *testing.T) {
	for _, n := range []int{0, 31, 33, 48} {
		var h half
		if err := h.install(suites["AES-128-GCM"], make([]byte, n)); err == nil || h.aead != nil {
			t.Errorf("a secret of %d bytes: %v", n, err)
		}
	}
	var h half
	if err := h.install(0x1304, make([]byte, 32)); err == nil || h.aead != nil {
		t.Errorf("AES-128-CCM: %v", err)
	}
}

// Neither opening nor sealing allocates.
func TestRecordAllocations(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite uint16) {
		f := ready(t, Server, suite)
		for _, n := range []int{0, 64, MaxPlaintext} {
			buf := make([]byte, Head+n+Tail)
			if avg := testing.AllocsPerRun(200, func() {
				if f.s.useless = 0; f.s.Seal(buf, n) == nil {
					t.Fatal("not sealed")
				}
			}); avg != 0 {
				t.Errorf("Seal of %d bytes allocates %v times", n, avg)
			}
			if avg := testing.AllocsPerRun(200, func() {
				f.s.useless = 0
				if _, err := f.s.Open(f.out.seal(buf, n, typeData)); err != nil {
					t.Fatal(err)
				}
			}); avg != 0 {
				t.Errorf("Open of %d bytes allocates %v times", n, avg)
			}
		}
		var from mem.Segments
		from.Init(f.s.loop.alloc)
		text := pattern(50_000)
		encrypt := func() {
			from.AppendCopy(text)
			f.s.Encrypt(&f.wire, &from, len(text))
			f.wire.Release()
		}
		encrypt()
		if avg := testing.AllocsPerRun(100, encrypt); avg != 0 && !mem.Checking {
			t.Errorf("Encrypt allocates %v times", avg)
		}
	})
}
