package keyexchange

import "testing"

// What circl forces, and nothing on top: X25519 takes nothing, ML-KEM one parsed key for the
// server, and both halves of a new key, in two parts each, for the client.
func TestAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector keeps on the heap what else lies on the stack")
	}
	for _, v := range []struct {
		group                   Group
		generate, serve, finish float64
	}{
		{X25519, 0, 0, 0},
		{X25519MLKEM768, 4, 1, 0},
	} {
		if provider, why := ProviderOf(v.group); provider != Circl {
			t.Skipf("%v is computed by %s: %s", v.group, provider, why)
		}
		var c Client
		share, answer, secret := make([]byte, 0, MaxClientShare), make([]byte, 0, MaxServerShare), make([]byte, 0, MaxSecret)
		generate := testing.AllocsPerRun(20, func() { share, _ = c.Generate(v.group, share[:0]) })
		serve := testing.AllocsPerRun(20, func() { answer, secret, _ = Serve(v.group, share, answer[:0], secret[:0]) })
		finish := testing.AllocsPerRun(20, func() {
			share, _ = c.Generate(v.group, share[:0])
			secret, _ = c.Finish(v.group, answer, secret[:0])
		}) - generate
		if generate != v.generate || serve != v.serve || finish != v.finish {
			t.Errorf("%v: Generate %v, Serve %v, Finish %v allocations, want %v, %v, %v", v.group, generate, serve, finish, v.generate, v.serve, v.finish)
		}
	}
}
