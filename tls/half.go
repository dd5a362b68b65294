package tls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	stdtls "crypto/tls"
	"encoding/binary"
	"fmt"
	"hash"
	"math"

	"golang.org/x/crypto/chacha20poly1305"
)

// Record layout (RFC 8446 §5.2).
const (
	// Head is the room that Seal needs in front of the plaintext: the record's header.
	Head = 5
	// Tail is the room that Seal needs behind it: content type and tag.
	Tail = 1 + 16
	// MaxPlaintext is the most bytes of one record.
	MaxPlaintext = 1 << 14

	maxRecord   = MaxPlaintext + 256  // behind its header
	maxRecord12 = MaxPlaintext + 2048 // likewise, with TLS 1.2 (RFC 5246 §6.2.3)
)

const (
	typeChangeCipherSpec = 20
	typeAlert            = 21
	typeHandshake        = 22
	typeData             = 23
)

// updateAfter is how many records are sealed under one key before it is updated: AES-GCM is good
// for 2^24.5 of full size (RFC 8446 §5.5). refuseAfter is where sealing stops in case nobody
// sent the update.
const (
	updateAfter = 1 << 24
	refuseAfter = updateAfter + 1<<16
)

// half protects the records of one direction under TLS 1.3.
type half struct {
	aead   cipher.AEAD // nil while it rests
	seq    uint64      // of the next record
	secret [48]byte
	key    [32]byte // of which the suite says how much; for waking up
	iv     [12]byte
	nonce  [12]byte // scratch; here, because what is passed to an interface is allocated otherwise
	suite  uint16
}

// suiteHash is a suite's hash, and the length of its secrets.
func suiteHash(suite uint16) (newHash func() hash.Hash, secretLen int) {
	if suite == stdtls.TLS_AES_256_GCM_SHA384 {
		return sha512.New384, sha512.Size384
	}
	return sha256.New, sha256.Size
}

// install begins with a new traffic secret (RFC 8446 §7.3).
func (h *half) install(suite uint16, secret []byte) error {
	newHash, n := suiteHash(suite)
	if len(secret) != n {
		return ErrNoSecrets
	}
	key := h.key[:keyLen(suite)]
	mac := hmac.New(newHash, secret)
	expandLabel(mac, "key", key)
	expandLabel(mac, "iv", h.iv[:])
	aead, err := newAEAD(suite, key)
	if err != nil {
		return err
	}
	h.aead, h.suite, h.seq = aead, suite, 0
	copy(h.secret[:], secret)
	return nil
}

func keyLen(suite uint16) int {
	if suite == stdtls.TLS_AES_128_GCM_SHA256 {
		return 16
	}
	return 32
}

// rest lets the cipher go, which has its key expanded and is by far the largest part.
func (h *half) rest() { h.aead = nil }

// awake makes the cipher again after rest.
func (h *half) awake() cipher.AEAD {
	if h.aead == nil {
		h.aead, _ = newAEAD(h.suite, h.key[:keyLen(h.suite)]) // as once before
	}
	return h.aead
}

func newAEAD(suite uint16, key []byte) (cipher.AEAD, error) {
	switch suite {
	case stdtls.TLS_AES_128_GCM_SHA256, stdtls.TLS_AES_256_GCM_SHA384:
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return cipher.NewGCM(block)
	case stdtls.TLS_CHACHA20_POLY1305_SHA256:
		return chacha20poly1305.New(key)
	}
	return nil, fmt.Errorf("tls: cipher suite %#04x has no record protection here", suite)
}

// update goes on to the next traffic secret (RFC 8446 §7.2).
func (h *half) update() error {
	newHash, n := suiteHash(h.suite)
	var next [48]byte
	defer clear(next[:])
	expandLabel(hmac.New(newHash, h.secret[:n]), "traffic upd", next[:n])
	return h.install(h.suite, next[:n])
}

// wipe forgets the keys.
func (h *half) wipe() { *h = half{} }

func (h *half) nextNonce() []byte {
	h.nonce = h.iv
	low := h.nonce[4:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^h.seq)
	return h.nonce[:]
}

// seal makes a record of buf, in which the n bytes at Head are the plaintext and Tail bytes
// follow. It returns the whole.
func (h *half) seal(buf []byte, n int, contentType byte) []byte {
	buf = buf[: Head+n+Tail : Head+n+Tail]
	body := n + Tail
	buf[0], buf[1], buf[2], buf[3], buf[4] = typeData, 3, 3, byte(body>>8), byte(body)
	buf[Head+n] = contentType
	h.awake().Seal(buf[Head:Head], h.nextNonce(), buf[Head:Head+n+1], buf[:Head])
	h.seq++
	return buf
}

// open decrypts a record in place and returns its content.
func (h *half) open(rec []byte) (content []byte, contentType byte, err *ProtocolError) {
	if err := badHeader(rec); err != nil {
		return nil, 0, err
	}
	if h.seq == math.MaxUint64 {
		return nil, 0, errExhausted // it must not wrap (RFC 8446 §5.3)
	}
	p, failed := h.awake().Open(rec[Head:Head], h.nextNonce(), rec[Head:], rec[:Head])
	if failed != nil {
		return nil, 0, errBadMAC
	}
	h.seq++
	if len(p) > MaxPlaintext+1 {
		return nil, 0, errInnerLength
	}
	i := len(p) - 1
	for i >= 0 && p[i] == 0 { // padding (RFC 8446 §5.4)
		i--
	}
	if i < 0 {
		return nil, 0, errInnerZero
	}
	return p[:i:i], p[i], nil
}

// bodyLen is how long a record is behind its header, which p begins with.
func bodyLen(p []byte) int { return int(binary.BigEndian.Uint16(p[3:])) }

// badHeader judges a record by its header.
func badHeader(rec []byte) *ProtocolError {
	switch {
	case rec[0] != typeData:
		return errOuterType
	case rec[1] != 3 || rec[2] != 3:
		return errOuterVersion
	case bodyLen(rec) > maxRecord:
		return errOuterLength
	}
	return nil
}

// expandLabel is HKDF-Expand-Label without context (RFC 8446 §7.1), for a mac keyed with the secret. dst
// is no longer than the hash: one step of HKDF-Expand fills it (RFC 5869 §2.3), and one mac serves
// several labels, which crypto/hkdf would key anew for each.
func expandLabel(mac hash.Hash, label string, dst []byte) {
	info := make([]byte, 0, 64)
	info = append(info, byte(len(dst)>>8), byte(len(dst)), byte(len("tls13 ")+len(label)))
	info = append(info, "tls13 "...)
	info = append(info, label...)
	info = append(info, 0, 1)
	mac.Reset()
	mac.Write(info)
	out := mac.Sum(info[:0])
	copy(dst, out)
	clear(out)
}
