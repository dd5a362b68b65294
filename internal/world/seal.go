package world

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// The parts of a record (RFC 8446 §5). These records are the world's own, so that they do not share a mistake with
// the server's.
const (
	recordHead = 5
	maxPlain   = 1 << 14
	maxSealed  = maxPlain + 2048 // behind its head, with TLS 1.2

	typeAlert     = 21
	typeHandshake = 22
	typeData      = 23

	newSessionTicket = 4
	keyUpdate        = 24
)

// seal protects one direction under TLS 1.3.
type seal struct {
	suite  uint16
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// install begins with a traffic secret (RFC 8446 §7.3).
func (s *seal) install(suite uint16, secret []byte) (err error) {
	keyLen := 32
	if suite == tls.TLS_AES_128_GCM_SHA256 {
		keyLen = 16
	}
	*s = seal{suite: suite, secret: secret}
	key, err := s.expand("key", keyLen)
	if err != nil {
		return err
	}
	if s.iv, err = s.expand("iv", 12); err != nil {
		return err
	}
	if suite == tls.TLS_CHACHA20_POLY1305_SHA256 {
		s.aead, err = chacha20poly1305.New(key)
		return err
	}
	block, err := aes.NewCipher(key)
	if err == nil {
		s.aead, err = cipher.NewGCM(block)
	}
	return err
}

// update goes on to the next secret (RFC 8446 §7.2).
func (s *seal) update() error {
	next, err := s.expand("traffic upd", len(s.secret))
	if err != nil {
		return err
	}
	return s.install(s.suite, next)
}

// expand is HKDF-Expand-Label without context (RFC 8446 §7.1).
func (s *seal) expand(label string, n int) ([]byte, error) {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(append(info, "tls13 "+label...), 0)
	if s.suite == tls.TLS_AES_256_GCM_SHA384 {
		return hkdf.Expand(sha512.New384, s.secret, string(info), n)
	}
	return hkdf.Expand(sha256.New, s.secret, string(info), n)
}

func (s *seal) nonce() []byte {
	nonce := make([]byte, 12)
	binary.BigEndian.PutUint64(nonce[4:], s.seq)
	for i, b := range s.iv {
		nonce[i] ^= b
	}
	s.seq++
	return nonce
}

// append appends p as one record, with so many bytes of padding.
func (s *seal) append(dst, p []byte, kind byte, padding int) []byte {
	inner := append(append(make([]byte, 0, len(p)+1+padding), p...), kind)
	inner = append(inner, make([]byte, padding)...)
	head := len(dst)
	dst = append(dst, typeData, 3, 3)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(inner)+s.aead.Overhead()))
	return s.aead.Seal(dst, s.nonce(), inner, dst[head:head+recordHead])
}

var errHead = errors.New("it begins with what no record after the handshake does")

// open opens a whole record in place.
func (s *seal) open(rec []byte) (p []byte, kind byte, err error) {
	if rec[0] != typeData || rec[1] != 3 || rec[2] != 3 {
		return nil, 0, errHead
	}
	p, err = s.aead.Open(rec[recordHead:recordHead], s.nonce(), rec[recordHead:], rec[:recordHead])
	if err != nil {
		return nil, 0, fmt.Errorf("record %d under its key: %w", s.seq-1, err)
	}
	if len(p) > maxPlain+1 {
		return nil, 0, fmt.Errorf("it holds %d bytes", len(p))
	}
	for len(p) > 0 && p[len(p)-1] == 0 {
		p = p[:len(p)-1]
	}
	if len(p) == 0 {
		return nil, 0, errors.New("it has no type")
	}
	return p[:len(p)-1], p[len(p)-1], nil
}
