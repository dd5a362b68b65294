package tls

import (
	stdtls "crypto/tls"
	"errors"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	for name, tc := range map[string]struct {
		backend Backend
		tune    func(c *stdtls.Config)
		want    string // in the error; "" for none
	}{
		"auto":                  {Auto, func(c *stdtls.Config) {}, ""},
		"system":                {System, func(c *stdtls.Config) {}, ""},
		"native":                {Native, func(c *stdtls.Config) {}, "not built yet: use System or Auto"},
		"no such":               {Backend(7), func(c *stdtls.Config) {}, "Backend(7) is none of"},
		"1.3 only":              {Auto, func(c *stdtls.Config) { c.MinVersion = stdtls.VersionTLS13 }, ""},
		"1.2 only":              {Auto, func(c *stdtls.Config) { c.MaxVersion = stdtls.VersionTLS12 }, ""},
		"a group that is there": {Auto, func(c *stdtls.Config) { c.CurvePreferences = []stdtls.CurveID{stdtls.X25519} }, ""},
		"a group that is not":   {Auto, func(c *stdtls.Config) { c.CurvePreferences = []stdtls.CurveID{30} }, "and the Native backend is not built"},
		"the same of system":    {System, func(c *stdtls.Config) { c.CurvePreferences = []stdtls.CurveID{30} }, "crypto/tls has no"},
		"a suite that is not":   {Auto, func(c *stdtls.Config) { c.CipherSuites = []uint16{0x1234} }, "crypto/tls has no"},
	} {
		std := serverConfig()
		tc.tune(std)
		e, err := NewEngine(Config{System: std, Backend: tc.backend}, Server)
		switch {
		case tc.want == "" && (err != nil || e.Backend() != System):
			t.Errorf("%s: %v", name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want %q in it", name, err, tc.want)
		}
	}
}

// The planes that are reported are those that connections get.
func TestChoosePlanes(t *testing.T) {
	have := Probe()
	if !have.Has(CanRecordStream) || have.Has(CanRecordKernel) {
		t.Errorf("RecordStream %v, RecordKernel %v", have.Why(CanRecordStream), have.Why(CanRecordKernel))
	}
	if e := engine(t, serverConfig(), Server); have.Has(CanRecordInPlace) != (e.Plane() == RecordInPlace) {
		t.Errorf("the engine's plane is %v, RecordInPlace is said to be had: %v", e.Plane(), have.Has(CanRecordInPlace))
	}
}

// Everything that is wrong is told at once.
func TestConfigErrors(t *testing.T) {
	std := &stdtls.Config{MinVersion: stdtls.VersionTLS10, MaxVersion: stdtls.VersionTLS11, Renegotiation: stdtls.RenegotiateOnceAsClient,
		NextProtos: []string{"h2", "http/1.1"}}
	_, err := NewEngine(Config{System: std, Protocols: []string{"http/1.1"}}, Server)
	for _, field := range []string{"MinVersion", "MaxVersion", "Renegotiation", "NextProtos", "Certificates"} {
		if err == nil || !strings.Contains(err.Error(), "System."+field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
	var bad *ConfigError
	if !errors.As(err, &bad) {
		t.Errorf("%T is no *ConfigError", err)
	}
	if _, err := NewEngine(Config{}, Server); err == nil {
		t.Error("a server without a Config was made")
	}
	if _, err := NewEngine(Config{System: &stdtls.Config{Certificates: make([]stdtls.Certificate, 1)}}, Server); err == nil || !strings.Contains(err.Error(), "Certificates[0]") {
		t.Errorf("a certificate without a key: %v", err)
	}
}
