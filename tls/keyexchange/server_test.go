package keyexchange

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// lowOrder are the points of Curve25519 whose multiples by a clamped scalar are zero: RFC 7748
// §6.1 wants the result checked. 0, 1, the two of order 8, p-1, p and p+1, little-endian.
var lowOrder = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

// refused gives by a share in both roles, and wants the same refusal and nothing written.
func refused(t *testing.T, by *impl, change func(point, kem []byte), want error) {
	t.Helper()
	share, c := offer(t, by)
	point, ek := by.split(share, by.point)
	answer, _, err := by.serve(share, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	change(point, ek)
	outShare, outSecret := make([]byte, 2, 2+MaxServerShare), make([]byte, 3, 3+MaxSecret)
	gotShare, gotSecret, err := by.serve(share, outShare, outSecret)
	if err != want || len(gotShare) != 2 || len(gotSecret) != 3 {
		t.Errorf("as server: %v and %d and %d bytes, want %v", err, len(gotShare), len(gotSecret), want)
	}
	if !zero(gotShare[:cap(gotShare)]) || !zero(gotSecret[:cap(gotSecret)]) {
		t.Error("as server: something is left in the buffers")
	}
	if want == ErrEncapsulation {
		return // no such thing goes to clients
	}
	point, ct := by.split(answer, by.point)
	change(point, ct)
	gotSecret, err = c.Finish(by.group, answer, outSecret)
	if err != want || len(gotSecret) != 3 || !zero(gotSecret[:cap(gotSecret)]) {
		t.Errorf("as client: %v and %d bytes, want %v", err, len(gotSecret), want)
	}
}

func TestLowOrderPoints(t *testing.T) {
	eachWay(t, func(t *testing.T, by *impl) {
		if by.ecdh != X25519 {
			return
		}
		for _, p := range lowOrder {
			low := unhex(t, p)
			refused(t, by, func(point, _ []byte) { copy(point, low) }, ErrLowOrder)
			low[31] |= 0x80 // the bit that is ignored (RFC 7748 §5)
			refused(t, by, func(point, _ []byte) { copy(point, low) }, ErrLowOrder)
		}
	})
}

func TestPointsOffTheCurve(t *testing.T) {
	eachWay(t, func(t *testing.T, by *impl) {
		if by.ecdh == X25519 {
			return // every string is a point, of the curve or of its twist
		}
		for name, change := range map[string]func(point, kem []byte){
			"another y":      func(p, _ []byte) { p[len(p)-1] ^= 1 },
			"compressed":     func(p, _ []byte) { p[0] = 2 },
			"hybrid form":    func(p, _ []byte) { p[0] = 6 | p[len(p)-1]&1 },
			"infinity":       func(p, _ []byte) { clear(p) },
			"x not reduced":  func(p, _ []byte) { copy(p[1:], bytes.Repeat([]byte{0xff}, by.coordinate)) },
			"zero in form 4": func(p, _ []byte) { clear(p[1:]) },
		} {
			t.Run(name, func(t *testing.T) { refused(t, by, change, ErrPoint) })
		}
	})
}

// Each coefficient is 12 bits and must be below 3329 (FIPS 203 §7.2): the first, one in the
// middle and the last are tried with 3329 and 4095.
func TestEncapsulationKeyNotReduced(t *testing.T) {
	eachWay(t, func(t *testing.T, by *impl) {
		if by.kem == nil {
			return
		}
		n := (by.ek - 32) * 8 / 12
		for _, i := range []int{0, n/2 + 1, n - 1} {
			for _, x := range []int{3329, 4095} {
				refused(t, by, func(_, ek []byte) { setCoefficient(ek, i, x) }, ErrEncapsulation)
			}
		}
		share, _ := offer(t, by)
		_, ek := by.split(share, by.point)
		setCoefficient(ek, n-1, 3328)
		if _, _, err := by.serve(share, nil, nil); err != nil {
			t.Errorf("3328 is refused: %v", err)
		}
	})
}

func setCoefficient(ek []byte, i, x int) {
	b := ek[i/2*3:]
	if i%2 == 0 {
		b[0], b[1] = byte(x), b[1]&0xf0|byte(x>>8)
	} else {
		b[1], b[2] = b[1]&0x0f|byte(x<<4), byte(x>>4)
	}
}

func TestClientShareSize(t *testing.T) {
	eachWay(t, func(t *testing.T, by *impl) {
		good, _ := offer(t, by)
		good = append(good, 0)
		for _, n := range []int{0, 1, by.point - 1, by.ek, len(good) - 2, len(good)} {
			if n == len(good)-1 {
				continue
			}
			share, secret, err := by.serve(good[:n], []byte{1}, []byte{2, 3})
			if err != ErrClientShareSize || len(share) != 1 || len(secret) != 2 {
				t.Errorf("%d bytes: %v, %d and %d bytes written, want %v", n, err, len(share), len(secret), ErrClientShareSize)
			}
		}
	})
}

func TestErrorText(t *testing.T) {
	var e *Error
	if err := error(ErrLowOrder); !errors.As(err, &e) || !strings.Contains(err.Error(), "RFC 8446 §7.4.2") {
		t.Errorf("%v", err)
	}
}
