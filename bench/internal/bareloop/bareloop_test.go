//go:build linux

package bareloop

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/peertest"
	"github.com/ringwire/ringwire/bench/internal/websock"
	"github.com/ringwire/ringwire/ring"
)

func compiled(t *testing.T) string {
	if err := Missing(); err != nil {
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), "broadcast")
	if err := Compile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFeeds(t *testing.T) {
	path := compiled(t)
	for _, mode := range []string{"ring", "send"} {
		t.Run(mode, func(t *testing.T) {
			if err := ring.Available(); err != nil && mode == "ring" {
				t.Skip("no io_uring here: ", err)
			}
			addr := peertest.FreeAddr(t)
			cmd := exec.Command(path, "-addr", addr, "-hz", "200", "-mode", mode)
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				cmd.Process.Kill()
				cmd.Wait()
				if t.Failed() {
					t.Log(out.String())
				}
			}()
			until(t, func() error {
				c, err := websock.Dial(addr, websock.FeedPath, false, time.Second)
				if err == nil {
					c.Close()
				}
				return err
			})
			for range 3 { // subscribers leave in disorder each time
				peertest.Feed(t, addr)
			}
			many(t, addr)
		})
	}
}

// many are more subscribers than a batch has room for.
func many(t *testing.T, addr string) {
	for range 300 {
		c, err := websock.Dial(addr, websock.FeedPath, false, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	peertest.Feed(t, addr)
}

func until(t *testing.T, ready func() error) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := ready()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestBadArguments(t *testing.T) {
	path := compiled(t)
	for _, args := range [][]string{{"-addr", "nonsense"}, {"-hz", "0"}, {"-mode", "fast"}, {"-nonsense", "1"}, {"-hz"}} {
		if out, err := exec.Command(path, args...).CombinedOutput(); err == nil {
			t.Errorf("%q: no error: %s", args, out)
		}
	}
}

func TestMissingSaysWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := Missing(); err == nil || !strings.Contains(err.Error(), "apt-get install gcc") {
		t.Errorf("without a compiler: %v", err)
	}
}

func TestFirstError(t *testing.T) {
	if got := firstError("in function main:\n<stdin>:3:1: error: no such thing\nnote\n"); got != "<stdin>:3:1: error: no such thing" {
		t.Errorf("got %q", got)
	}
}
