package tls

import (
	stdtls "crypto/tls"
	"testing"
)

// A server without the key must see the outer name: else the probe would say yes to anything.
func TestECHProbeCanFail(t *testing.T) {
	_, list, err := offeredECHKey()
	if err != nil {
		t.Skip(err)
	}
	hello, err := probeClientHello(&stdtls.Config{ServerName: "inner.invalid", MinVersion: stdtls.VersionTLS13, EncryptedClientHelloConfigList: list})
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := offeredECHKey()
	if err != nil {
		t.Fatal(err)
	}
	info, err := probeReadHello(hello, []stdtls.EncryptedClientHelloKey{other})
	if err != nil || info.ServerName != "outer.invalid" {
		t.Errorf("without the key the server sees %v, %v, want outer.invalid", info, err)
	}
	if _, err := probeReadHello([]byte{22, 3, 1, 0, 1, 1}, nil); err == nil {
		t.Error("half a hello is read")
	}
}
