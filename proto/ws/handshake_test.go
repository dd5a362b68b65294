package ws

import (
	stdsha1 "crypto/sha1"
	"encoding/base64"
	"testing"
)

// RFC 6455 §1.3.
func TestAppendAccept(t *testing.T) {
	if got := string(AppendAccept([]byte("x "), []byte("dGhlIHNhbXBsZSBub25jZQ=="))); got != "x s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Error(got)
	}
}

func TestMakeKey(t *testing.T) {
	key := MakeKey([16]byte([]byte("the sample nonce")))
	if string(key[:]) != "dGhlIHNhbXBsZSBub25jZQ==" || !validKey(key[:]) {
		t.Errorf("%s", key)
	}
}

// A key is taken exactly if it decodes to 16 bytes.
func FuzzKey(f *testing.F) {
	for _, s := range []string{"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZR==", "", "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZ\r\n==",
		"dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQAA", "dGhlIHNhb_BsZSBub25jZQ==", "dGhl\nIHNhbXBsZSBub25jZQ=="} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		b, err := base64.StdEncoding.DecodeString(string(p))
		valid := err == nil && len(b) == 16 && len(p) == 24 // the decoder skips line ends
		if validKey(p) != valid {
			t.Fatalf("%q: %t", p, !valid)
		}
		if valid {
			sum := stdsha1.Sum(append(p[:24:24], "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
			if got := string(AppendAccept(nil, p)); got != base64.StdEncoding.EncodeToString(sum[:]) {
				t.Fatal(got)
			}
		}
	})
}

func TestTokens(t *testing.T) {
	for c := range 256 {
		want := c > ' ' && c < 0x7f
		for _, s := range "()<>@,;:\\\"/[]?={}" {
			want = want && c != int(s)
		}
		if isToken[c] != want {
			t.Errorf("%q: %t", c, !want)
		}
	}
	if token(nil) || !token([]byte("a!")) || token([]byte("a b")) {
		t.Error("a token has one byte or more, each of them a token's")
	}
}
