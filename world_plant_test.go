//go:build ringwire_plant

package ringwire

import (
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/internal/world"
)

// plantedConns is CI's share of simulated connections, within which every bug must be found.
const plantedConns = 1_000_000

// TestPlanted plants one bug after the other, and demands that the world finds each, and that what is replayed by
// the text of its Spec is found again.
func TestPlanted(t *testing.T) {
	for _, bug := range plant.All() {
		t.Run(bug.String(), func(t *testing.T) {
			defer plant.Set(plant.None)
			plant.Set(bug)
			began, conns := time.Now(), 0
			var v *world.Violation
			seed := *simFirst
			for ; v == nil && conns < plantedConns; seed++ {
				var st world.Stats
				v, st = runWorld(world.Spec{Seed: seed}, false)
				conns += st.Conns
			}
			if v == nil {
				t.Fatalf("not found within %d connections", conns)
			}
			t.Logf("found after %d connections, %v: %.300s", conns, time.Since(began).Round(time.Millisecond), v.Error())
			small := world.Shrink(v, 3*time.Second, func(spec world.Spec) *world.Violation {
				v, _ := runWorld(spec, false)
				return v
			})
			t.Logf("repeat: RINGWIRE_PLANT=%v go test -tags ringwire_plant . -run '^TestWorld$' -sim.replay '%s'", bug, small.Spec)
			again, err := world.ParseSpec(small.Spec.String())
			if err != nil {
				t.Fatal(err)
			}
			if v, _ := runWorld(again, false); v == nil || v.Kind != small.Kind {
				t.Errorf("%s is found once, and %v when it is repeated", small.Kind, v)
			}
		})
	}
}
