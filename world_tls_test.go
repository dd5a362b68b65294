package ringwire

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/internal/world"
	"github.com/ringwire/ringwire/tls"
)

// worldLog is the log of a server in a world with TLS, which tells why handshakes fail.
type worldLog struct{ w *world.World }

func (worldLog) Enabled(context.Context, slog.Level) bool { return true }
func (l worldLog) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l worldLog) WithGroup(string) slog.Handler          { return l }

func (l worldLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "ringwire: TLS handshake failed" {
		return nil
	}
	var why error
	var remote netip.AddrPort
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "why":
			why, _ = a.Value.Any().(error)
		case "remote":
			remote, _ = netip.ParseAddrPort(a.Value.String())
		}
		return true
	})
	refusal := world.OtherRefusal
	switch {
	case errors.Is(why, conn.ErrHandshakeTimeout):
		refusal = world.TooSlow
	case errors.Is(why, tls.ErrPlaintext):
		refusal = world.Plain
	case errors.Is(why, io.EOF):
		refusal = world.Cut
	}
	l.w.FailedHandshake(remote.Port(), refusal)
	return nil
}
