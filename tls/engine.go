package tls

import (
	stdtls "crypto/tls"
	"io"
	"reflect"
	"slices"

	"github.com/ringwire/ringwire/mem"
)

// Engine is a Config that was checked and will not change. Any goroutine may use it.
type Engine struct {
	role    Role
	backend Backend
	base    *stdtls.Config
	keyLog  io.Writer // of the Config's own
	inPlace bool      // TLS 1.3 records can be ours
	speaks  []string  // protocols for ALPN, nil: what the Config says
}

// NewEngine checks c for a role. The error lists everything that cannot be honoured.
func NewEngine(c Config, role Role) (*Engine, error) {
	if err := c.check(role); err != nil {
		return nil, err
	}
	backend, err := c.choose(role)
	if err != nil {
		return nil, err
	}
	base := c.System
	if base == nil {
		base = new(stdtls.Config)
	}
	if base.GetConfigForClient != nil {
		Probe() // what it gives is compared with that on the loop, where there is no time to look
	}
	return &Engine{role: role, backend: backend, base: base, keyLog: base.KeyLogWriter, inPlace: canSeal(), speaks: c.Protocols}, nil
}

// Backend is who makes the handshakes: System or Native.
func (e *Engine) Backend() Backend { return e.backend }

// Role is the side that the engine takes.
func (e *Engine) Role() Role { return e.role }

// Plane is who protects the records of TLS 1.3 connections.
func (e *Engine) Plane() Plane {
	if e.inPlace {
		return RecordInPlace
	}
	return RecordStream
}

// canSeal reports whether the ciphers may be used by a package outside of the standard
// library: where FIPS 140 is enforced (GODEBUG=fips140=only) they may not.
func canSeal() bool {
	var key [16]byte
	_, err := newAEAD(stdtls.TLS_AES_128_GCM_SHA256, key[:])
	return err == nil
}

// Loop is what one event loop, or one goroutine, has of an Engine.
type Loop struct {
	engine  *Engine
	alloc   *mem.Allocator
	std     *stdtls.Config // a clone of the engine's, which tells secrets to this loop
	current *Session       // the one that is in a step
	scratch []byte         // a copy of a record
	slab    []byte         // plaintext of RecordStream

	clones  []cloned                  // of Configs that GetConfigForClient gave
	clients map[string]*stdtls.Config // by server name
}

// cloned is a Config of the application's and its clone that tells secrets.
type cloned struct{ from, to *stdtls.Config }

// maxClones bounds both kinds of clones: an application that makes a new Config for each
// connection must not fill the memory.
const maxClones = 64

// NewLoop returns a loop that takes memory from alloc.
func (e *Engine) NewLoop(alloc *mem.Allocator) *Loop {
	l := &Loop{engine: e, alloc: alloc}
	l.std = l.clone(e.base)
	return l
}

// clone makes a Config tell its secrets to this loop, and keep all else.
func (l *Loop) clone(from *stdtls.Config) *stdtls.Config {
	c := from.Clone()
	c.KeyLogWriter = keySink{l}
	c.MinVersion = l.engine.leastVersion(c)
	l.bindKeys(c)
	if speaks := l.engine.speaks; speaks != nil {
		c.NextProtos = slices.DeleteFunc(slices.Clone(c.NextProtos), func(p string) bool { return !slices.Contains(speaks, p) })
		if len(c.NextProtos) == 0 {
			c.NextProtos = speaks
		}
	}
	if l.engine.role == Client {
		return c
	}
	// Tickets are made and read by the Config that was given, whose keys rotate and may be set
	// at any time: a clone would have its own.
	if c.WrapSession == nil && c.UnwrapSession == nil {
		keys := from
		if !hasTicketKeys(c) {
			keys = l.engine.base // as crypto/tls does for a Config of GetConfigForClient
		}
		c.WrapSession = keys.EncryptTicket
		c.UnwrapSession = keys.DecryptTicket
	}
	if get := c.GetConfigForClient; get != nil {
		c.GetConfigForClient = func(hello *stdtls.ClientHelloInfo) (*stdtls.Config, error) {
			given, err := get(hello)
			if given == nil || err != nil {
				return given, err
			}
			return l.cloneOf(given)
		}
	}
	return c
}

// leastVersion is what crypto/tls takes for the default, but TLS 1.2 whatever GODEBUG says.
func (e *Engine) leastVersion(c *stdtls.Config) uint16 {
	if c.MinVersion == 0 && e.role == Client && c.EncryptedClientHelloConfigList != nil {
		return stdtls.VersionTLS13 // it insists on that
	}
	return max(c.MinVersion, stdtls.VersionTLS12)
}

// hasTicketKeys reports whether a clone came with ticket keys that somebody has set. There is no
// way to ask a Config, but a clone that nobody else has can be looked into.
func hasTicketKeys(clone *stdtls.Config) bool {
	keys := reflect.ValueOf(clone).Elem().FieldByName("sessionTicketKeys")
	//lint:ignore SA1019 who sets it still must be served
	return !keys.IsValid() || keys.Len() > 0 || clone.SessionTicketKey != [32]byte{}
}

// cloneOf is clone for a Config that comes at run time, and likely again.
func (l *Loop) cloneOf(given *stdtls.Config) (*stdtls.Config, error) {
	for _, c := range l.clones {
		if c.from == given {
			return c.to, nil
		}
	}
	cfg := Config{System: given, Backend: l.engine.backend}
	if err := cfg.check(l.engine.role); err != nil {
		return nil, err
	}
	if _, err := cfg.choose(l.engine.role); err != nil {
		return nil, err
	}
	c := cloned{given, l.clone(given)}
	c.to.GetConfigForClient = nil // crypto/tls does not ask twice
	if len(l.clones) == maxClones {
		l.clones = slices.Delete(l.clones, 0, 1)
	}
	l.clones = append(l.clones, c)
	return c.to, nil
}

// Accept begins the server's side of a connection.
func (l *Loop) Accept() *Session {
	s := l.session()
	s.hs.conn = stdtls.Server(bridge{s.hs}, l.std)
	return s
}

// Dial begins the client's side of a connection to a server of that name, which is what its
// certificate must be for. Empty, it is the Config's ServerName.
func (l *Loop) Dial(serverName string) *Session {
	s := l.session()
	s.client = true
	s.hs.conn = stdtls.Client(bridge{s.hs}, l.configFor(serverName))
	return s
}

func (l *Loop) session() *Session {
	s := &Session{loop: l}
	s.hs = &handshake{s: s}
	return s
}

func (l *Loop) configFor(serverName string) *stdtls.Config {
	if serverName == "" || serverName == l.std.ServerName {
		return l.std
	}
	if c := l.clients[serverName]; c != nil {
		return c
	}
	c := l.std.Clone()
	c.ServerName = serverName
	if l.clients == nil || len(l.clients) == maxClones {
		l.clients = map[string]*stdtls.Config{}
	}
	l.clients[serverName] = c
	return c
}

// plain is where RecordStream decrypts to.
func (l *Loop) plain() []byte {
	if l.slab == nil {
		l.slab = make([]byte, MaxPlaintext)
	}
	return l.slab
}
