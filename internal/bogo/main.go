// Command bogo is the shim by which BoGo, the conformance suite of BoringSSL, drives the
// sessions of package tls. docs/TESTING.md says how it is run; nothing of BoringSSL is here.
//
// The suite starts it for every test with flags that say what to configure and what to
// expect. It connects, is server or client, sends everything back inverted until the peer's
// close_notify, and exits with 0 if all was as expected, and with 89 when it cannot do what is
// asked.
package main

import (
	stdtls "crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"github.com/ringwire/ringwire/internal/tlsconn"
	"github.com/ringwire/ringwire/tls"
)

func main() {
	log.SetFlags(0)
	f := parse(os.Args[1:])
	if f.handshaker {
		fmt.Println("No") // there is no second program
		return
	}
	e, err := tls.NewEngine(tls.Config{System: f.config()}, f.role())
	if err != nil {
		log.Fatal(err)
	}
	for i := range f.resumptions + 1 {
		if i > 0 && len(f.resumeECH) > 0 {
			std := f.std.Clone()
			std.EncryptedClientHelloConfigList = f.resumeECH
			if e, err = tls.NewEngine(tls.Config{System: std}, f.role()); err != nil {
				log.Fatal(err)
			}
		}
		if err := run(f, e, i); err != nil {
			log.Fatal(err)
		}
	}
}

// run makes one connection.
func run(f *flags, e *tls.Engine, number int) error {
	raw, err := net.Dial("tcp", net.JoinHostPort(f.host(), f.port))
	if err != nil {
		return err
	}
	if err := binary.Write(raw, binary.LittleEndian, f.shimID); err != nil {
		return err
	}
	c := tlsconn.Client(raw, e, "")
	if f.server {
		c = tlsconn.Server(raw, e)
	}
	defer c.Close()
	if err := talk(f, c, number); err != io.EOF {
		c.Linger()
		return f.judgeRejection(err)
	}
	_ = c.CloseWrite() // the peer need not wait for it
	return f.judge(c.Session.Info(), number)
}

// talk sends back what comes, inverted.
func talk(f *flags, c *tlsconn.Conn, number int) error {
	if err := c.Handshake(); err != nil {
		return err
	}
	if number == 0 && f.writesFirst {
		if _, err := io.WriteString(c, "hello"); err != nil {
			return err
		}
	}
	buf := make([]byte, 500)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		for i := range buf[:n] {
			buf[i] ^= 0xff
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return err
		}
	}
}

// judge compares what was agreed on with what the flags expect.
func (f *flags) judge(i *tls.Info, number int) error {
	wantECH := f.wantECH || number == 0 && f.wantInitialECH || number > 0 && f.wantResumeECH
	for _, bad := range []struct {
		wrong bool
		what  string
		got   any
	}{
		{f.wantALPN != "" && i.Protocol != f.wantALPN, "protocol", i.Protocol},
		{f.selectALPN != "" && i.Protocol != f.selectALPN, "protocol", i.Protocol},
		{f.declineALPN && i.Protocol != "", "protocol", i.Protocol},
		{f.wantVersion != 0 && int(i.Version) != f.wantVersion, "version", i.Version},
		{i.ECHAccepted != wantECH && (number == 0 || wantECH), "acceptance of ECH", i.ECHAccepted},
		{f.wantMiss && i.Resumed, "resumption", i.Resumed},
		{f.wantName != "" && i.ServerName != f.wantName, "server name", i.ServerName},
		{f.wantCurve != 0 && int(i.Group) != f.wantCurve, "curve", i.Group},
	} {
		if bad.wrong {
			return fmt.Errorf("unexpected %s: %v", bad.what, bad.got)
		}
	}
	return nil
}

// judgeRejection looks into the error of a client whose ECH was refused.
func (f *flags) judgeRejection(err error) error {
	var refused *stdtls.ECHRejectionError
	if errors.As(err, &refused) {
		if f.wantNoRetry && len(refused.RetryConfigList) > 0 {
			return errors.New("unexpected ECH retry configs")
		}
		if f.wantRetry != nil && string(f.wantRetry) != string(refused.RetryConfigList) {
			return fmt.Errorf("unexpected ECH retry configs: %x", refused.RetryConfigList)
		}
	}
	return err
}
