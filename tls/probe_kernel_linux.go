package tls

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Names of <linux/tls.h> that x/sys has not.
const (
	optTLSTX         = 1
	optTLSRX         = 2
	ktlsVersion13    = 0x0304
	ktlsCipherAES128 = 51
	ktlsInfoSize     = 40 // struct tls12_crypto_info_aes_gcm_128
)

// kTLS gives the kernel keys for a connection over the loopback address, without sending anything on it.
func kTLS() (tx, rx, rekey probeVerdict) {
	fd, done, err := loopbackPair()
	if err != nil {
		tx.why = "cannot connect a socket to try it with: " + err.Error()
		return tx, tx, tx
	}
	defer done()
	if err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_ULP, "tls"); err != nil {
		tx.why = explainULP(err)
		return tx, tx, tx
	}
	tx = giveKey(fd, "TLS_TX", optTLSTX)
	rx = giveKey(fd, "TLS_RX", optTLSRX)
	if !tx.has && !rx.has {
		rekey.why = "the kernel takes no key in the first place"
		return tx, rx, rekey
	}
	return tx, rx, rekeyByVersion(kernelRelease())
}

func explainULP(err error) string {
	why := "setsockopt TCP_ULP tls: " + err.Error()
	if errors.Is(err, unix.ENOENT) {
		why += ": the kernel has no module tls (CONFIG_TLS), or may not load it: modprobe tls"
	}
	return why
}

func giveKey(fd int, name string, opt int) probeVerdict {
	var info [ktlsInfoSize]byte // the key is zero: nothing is ever sent with it
	binary.NativeEndian.PutUint16(info[0:], ktlsVersion13)
	binary.NativeEndian.PutUint16(info[2:], ktlsCipherAES128)
	if err := unix.SetsockoptString(fd, unix.SOL_TLS, opt, string(info[:])); err != nil {
		return probeVerdict{false, "setsockopt " + name + " for TLS 1.3 and AES-128-GCM: " + err.Error()}
	}
	return probeVerdict{true, "TLS 1.3 with AES-128-GCM, tried"}
}

// rekeyByVersion judges by the release alone: trying it takes a peer that updates its keys.
func rekeyByVersion(release string) probeVerdict {
	var major, minor int
	if n, _ := fmt.Sscanf(release, "%d.%d", &major, &minor); n != 2 {
		return probeVerdict{false, "the kernel's version is not known: " + release}
	}
	if major < 6 || major == 6 && minor < 14 {
		return probeVerdict{false, fmt.Sprintf("Linux %d.%d is older than 6.14, by version, not tested", major, minor)}
	}
	return probeVerdict{true, fmt.Sprintf("Linux %d.%d is 6.14 or newer, by version, not tested", major, minor)}
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// loopbackPair is one end of a TCP connection, and what closes both.
func loopbackPair() (fd int, done func(), err error) {
	var fds []int
	done = func() {
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	}
	defer func() {
		if err != nil {
			done()
		}
	}()
	socket := func() int {
		fd, errno := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if errno != nil {
			err = errors.Join(err, errno)
			return -1
		}
		fds = append(fds, fd)
		return fd
	}
	ln, fd := socket(), socket()
	if err != nil {
		return -1, done, err
	}
	if err = unix.Bind(ln, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return -1, done, err
	}
	if err = unix.Listen(ln, 1); err != nil {
		return -1, done, err
	}
	addr, err := unix.Getsockname(ln)
	if err != nil {
		return -1, done, err
	}
	// The backlog takes it: nobody has to accept.
	if err = unix.Connect(fd, addr); err != nil {
		return -1, done, err
	}
	return fd, done, nil
}
