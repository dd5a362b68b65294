package flight

import (
	"strings"
	"testing"
)

type handler struct{ secret string }

func (*handler) Serve() {}

func function() {}

func TestMark(t *testing.T) {
	const pkg = "github.com/ringwire/ringwire/internal/flight."
	h := &handler{secret: "secret"}
	for _, tc := range []struct {
		mark *Mark
		want string
	}{
		{&Mark{Kind: "tick", Func: function}, "tick " + pkg + "function"},
		{&Mark{Kind: "tick", Func: func() {}}, "tick " + pkg + "TestMark.func1"},
		{&Mark{Kind: "tick", Func: h.Serve}, "tick " + pkg + "(*handler).Serve-fm"},
		{&Mark{Kind: "handler", Func: h}, "handler *flight.handler"},
		{&Mark{Kind: "OnOpen", Func: (func())(nil)}, "OnOpen"},
		{&Mark{Kind: "posted"}, "posted"},
		{nil, "a handler"},
	} {
		if got := tc.mark.String(); got != tc.want || strings.Contains(got, h.secret) {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}
