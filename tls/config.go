package tls

import (
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"slices"
)

// Backend says who makes the handshakes.
type Backend uint8

const (
	Auto   Backend = iota // the first of System and Native that can do what the Config needs
	System                // crypto/tls
	Native                // an engine of this project's own; not there yet
)

func (b Backend) String() string {
	if int(b) < len(backendNames) {
		return backendNames[b]
	}
	return fmt.Sprintf("Backend(%d)", uint8(b))
}

var backendNames = [...]string{"Auto", "System", "Native"}

// Role is the side of a connection.
type Role uint8

const (
	Server Role = iota
	Client
)

// Config says how connections are secured. It must not be changed once an Engine was made
// of it.
type Config struct {
	// System is the standard library's configuration: certificates, ALPN (NextProtos), client
	// authentication, session tickets, ECH, and all callbacks, which run on the loop, or on a
	// goroutine that relieves it, and must not block. Its session tickets stay its own, so that
	// whoever shares it, or its keys, resumes. TLS 1.2 is the least version.
	System *stdtls.Config

	// Protocols is what the application speaks, for ALPN (RFC 7301). System.NextProtos may name
	// no others, and is this when it is empty. Nil: whatever System.NextProtos says.
	Protocols []string

	// Backend is Auto by default. It never changes afterwards.
	Backend Backend
}

// ConfigError names a field of Config that cannot be honoured, and why.
type ConfigError struct {
	Field  string
	Reason string
}

func (e *ConfigError) Error() string { return "tls: bad config: " + e.Field + ": " + e.Reason }

// check lists what of the Config cannot be honoured.
func (c *Config) check(role Role) error {
	var errs []error
	refuse := func(field, reason string) { errs = append(errs, &ConfigError{field, reason}) }
	std := c.System
	if std == nil {
		if role == Server {
			refuse("System", "is nil: a server needs a certificate")
		}
		return errors.Join(errs...)
	}
	if std.MinVersion != 0 && std.MinVersion < stdtls.VersionTLS12 {
		refuse("System.MinVersion", "is below TLS 1.2: older versions are broken (RFC 8996)")
	}
	if std.MaxVersion != 0 && std.MaxVersion < max(std.MinVersion, stdtls.VersionTLS12) {
		refuse("System.MaxVersion", "leaves no version from TLS 1.2 on")
	}
	if std.Renegotiation != stdtls.RenegotiateNever {
		refuse("System.Renegotiation", "is not supported: TLS 1.3 has none")
	}
	if role == Server && len(std.Certificates) == 0 && std.GetCertificate == nil && std.GetConfigForClient == nil {
		refuse("System.Certificates", "is empty, and so are GetCertificate and GetConfigForClient: a server needs a certificate")
	}
	for _, proto := range std.NextProtos {
		if c.Protocols != nil && !slices.Contains(c.Protocols, proto) {
			refuse("System.NextProtos", fmt.Sprintf("%q is not spoken here, only %q: leave it out", proto, c.Protocols))
		}
	}
	for i, cert := range std.Certificates {
		if cert.PrivateKey == nil {
			refuse(fmt.Sprintf("System.Certificates[%d]", i), "has no private key")
		}
	}
	return errors.Join(errs...)
}
