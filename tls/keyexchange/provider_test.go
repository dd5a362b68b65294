package keyexchange

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestProviders(t *testing.T) {
	for i := range specs {
		g := specs[i].group
		provider, why := ProviderOf(g)
		t.Logf("%v: %s, %s", g, provider, why)
		want := Crypto
		if circl[i].dh != nil && circlUnfit() == "" && !fips140.Enabled() {
			want = Circl
		}
		if provider != want || why == "" {
			t.Errorf("%v is computed by %q (%s), want %s", g, provider, why, want)
		}
	}
	if provider, why := ProviderOf(9); provider != "" || why != "group 9 is not known here" {
		t.Errorf("an unknown group is computed by %q: %s", provider, why)
	}
}

func TestGroups(t *testing.T) {
	want := []Group{X25519MLKEM768, SecP256r1MLKEM768, SecP384r1MLKEM1024, X25519, P256, P384}
	if got := Groups(); !slices.Equal(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
}

// Many goroutines may be the first.
func TestFirstUse(t *testing.T) {
	saved := slots
	t.Cleanup(func() { slots = saved })
	slots = newSlots()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var c Client
			share, err := c.Generate(X25519MLKEM768, nil)
			if err != nil {
				t.Error(err)
			} else if _, _, err := Serve(X25519MLKEM768, share, nil, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// In FIPS 140 mode circl computes nothing; in the mode that forbids what is not approved, the
// standard library has no X25519, so nobody has.
func TestFIPS(t *testing.T) {
	if mode := os.Getenv("KEYEXCHANGE_FIPS_CHILD"); mode != "" {
		for _, g := range []Group{P256, X25519, X25519MLKEM768} {
			provider, why := ProviderOf(g)
			t.Logf("%s %v: %q %s", mode, g, provider, why)
			if provider == Circl || g == P256 && provider != Crypto || mode == "only" && g != P256 && provider != "" {
				t.Errorf("%v is computed by %q: %s", g, provider, why)
			}
		}
		return
	}
	for _, mode := range []string{"on", "only"} {
		if mode == "on" && testing.Short() {
			continue // the module's self-tests take ten seconds under the race detector
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestFIPS$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140="+mode, "KEYEXCHANGE_FIPS_CHILD="+mode)
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), "purego") || strings.Contains(string(out), "not supported") {
			t.Skipf("no FIPS 140 mode here: %s", out)
		}
		if err != nil {
			t.Errorf("fips140=%s: %v\n%s", mode, err, out)
		}
	}
}
