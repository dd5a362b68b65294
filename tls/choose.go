package tls

import (
	stdtls "crypto/tls"
	"errors"
	"strings"
)

// ErrNoNative is why the Native backend cannot be had.
var ErrNoNative = errors.New("tls: the Native backend is not built yet: use System or Auto")

// choose takes the backend, once and for all: the first that has everything that the Config needs.
func (c *Config) choose(role Role) (Backend, error) {
	switch c.Backend {
	case Native:
		return 0, ErrNoNative
	case Auto, System:
	default:
		return 0, &ConfigError{"Backend", c.Backend.String() + " is none of Auto, System, Native"}
	}
	need := c.needs(role)
	if len(need) == 0 {
		return System, nil // every build has the rest
	}
	missing := systemBackend().Missing(need...)
	if missing == nil {
		return System, nil
	}
	text := "crypto/tls has no " + strings.Join(missing, "; no ")
	if c.Backend == Auto {
		text += "; and the Native backend is not built yet"
	}
	return 0, &ConfigError{"System", "needs what no backend has: " + text}
}

// systemBackend is what can be had by way of crypto/tls.
func systemBackend() Capabilities { return Probe() }

// needs lists what the Config asks for and not every build has.
func (c *Config) needs(role Role) (need []Capability) {
	std := c.System
	if std == nil {
		return nil
	}
	if std.MinVersion > stdtls.VersionTLS12 {
		need = append(need, CanTLS13)
	}
	if std.MaxVersion == stdtls.VersionTLS12 {
		need = append(need, CanTLS12)
	}
	for _, group := range std.CurvePreferences {
		need = append(need, GroupCapability(group))
	}
	for _, suite := range std.CipherSuites {
		need = append(need, SuiteCapability(suite))
	}
	switch {
	case role == Server && (len(std.EncryptedClientHelloKeys) > 0 || std.GetEncryptedClientHelloKeys != nil):
		need = append(need, CanECHServer)
	case role == Client && std.EncryptedClientHelloConfigList != nil:
		need = append(need, CanECHClient)
	}
	if role == Client && std.RootCAs == nil && !std.InsecureSkipVerify {
		need = append(need, CanSystemRoots)
	}
	return need
}
