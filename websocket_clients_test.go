package ringwire

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Programs that others wrote are content with WebSockets, compressed ones included. What is not
// installed is skipped: NODE_PATH and PYTHONPATH say where node's ws and python's websockets are.
func TestWebSocketClients(t *testing.T) {
	if testing.Short() {
		t.Skip("each takes longer to start than to run")
	}
	t.Parallel()
	needsPlain(t)
	for what, p := range map[string]struct {
		need, args []string // what must succeed for the program to be there; the program
		want       string
	}{
		"node":    {need: []string{"node", "-e", "require('ws')"}, args: []string{"node", "-e", nodeSockets, "URL"}, want: "ok\n"},
		"python3": {need: []string{"python3", "-c", "import websockets"}, args: []string{"python3", "-c", pythonSockets, "URL"}, want: "ok\n"},
		"chromium": {args: []string{"chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--no-first-run",
			"--no-default-browser-check", "--no-proxy-server", "--user-data-dir=DIR", "--virtual-time-budget=30000", "--dump-dom", "http://HOST/page"},
			want: "<title>ok</title>"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(p.args[0]); err != nil {
				t.Skipf("%s is not installed", p.args[0])
			}
			if p.need != nil && exec.CommandContext(t.Context(), p.need[0], p.need[1:]...).Run() != nil {
				t.Skipf("%s fails: what it wants is not installed", strings.Join(p.need, " "))
			}
			eachDriver(t, func(t *testing.T, driver string) {
				closed := make(ends, 100)
				cfg := &WebSocketConfig{
					OnMessage: echo, Compression: &WebSocketCompression{KeepContext: true}, OnClose: closed.onClose,
					Subprotocols: []string{"echo.example"}, MaxMessage: 4 << 20, MaxInflateRatio: -1,
				}
				s := start(t, driver, func(w *ResponseWriter, r *Request) {
					if r.Path() == "/page" {
						_ = w.Header().Set("Content-Type", "text/html; charset=utf-8")
						_, _ = w.WriteString(socketPage)
						return
					}
					_, _ = Upgrade(w, r, cfg)
				}, plain)
				dir := t.TempDir()
				ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
				defer cancel()
				args := make([]string, len(p.args))
				for i, a := range p.args {
					args[i] = strings.NewReplacer("URL", "ws://"+s.addr, "HOST", s.addr, "DIR", filepath.Join(dir, "profile")).Replace(a)
				}
				cmd := exec.CommandContext(ctx, args[0], args[1:]...)
				cmd.WaitDelay = 5 * time.Second
				cmd.Env = append(os.Environ(), "NO_PROXY=*", "no_proxy=*")
				var stderr strings.Builder
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil || !strings.Contains(string(out), p.want) {
					t.Fatalf("%v\n%.2000s\n%.2000s", err, out, stderr.String())
				}
				if end := closed.expect(t, 4001, true, true, "the program closes with it"); end.Reason != "done" {
					t.Errorf("the reason is %q", end.Reason)
				}
			})
		})
	}
}

// socketScript is what node and a browser do with an open socket.
const socketScript = `
function run(ws, ok, failed) {
	const want = [], sizes = [0, 1, 125, 126, 65535, 65536, 1000000];
	let at = 0;
	ws.binaryType = 'arraybuffer';
	ws.onerror = e => failed('error ' + e.message);
	ws.onopen = () => {
		if (ws.protocol !== 'echo.example') return failed('protocol ' + ws.protocol);
		for (const n of sizes) {
			const text = 'ä€😀'.repeat(n / 9 | 0) + 'x'.repeat(n % 9), bytes = new Uint8Array(n).map((_, i) => i * i);
			want.push(text, bytes);
			ws.send(text);
			ws.send(bytes);
		}
	};
	ws.onmessage = e => {
		const w = want[at++];
		if (typeof w === 'string' ? e.data !== w : !(e.data instanceof ArrayBuffer) || !new Uint8Array(e.data).every((c, i) => c === w[i]) || e.data.byteLength !== w.length)
			return failed('message ' + at + ' differs');
		if (at === want.length) ws.close(4001, 'done');
	};
	ws.onclose = e => e.code === 4001 && e.wasClean && at === want.length ? ok() : failed('closed ' + e.code + ' after ' + at);
}`

const nodeSockets = socketScript + `
const WebSocket = require('ws'), url = process.argv[1];
const open = () => new WebSocket(url, ['other.example', 'echo.example'], {perMessageDeflate: {threshold: 100}});
const failed = e => { console.error(e); process.exit(1) };
const ws = open();
run(ws, () => {
	const again = open();
	again.on('open', () => again.ping('are you there?'));
	again.on('pong', p => { String(p) === 'are you there?' || failed('pong'); again.terminate(); console.log('ok'); process.exit(0) });
}, failed);
`

const pythonSockets = `
import asyncio, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1], subprotocols=['echo.example'], max_size=None) as ws:
        assert ws.subprotocol == 'echo.example'
        for n in [0, 1, 125, 126, 65535, 65536, 1000000]:
            text = 'ä€😀' * (n // 9) + 'x' * (n % 9)
            await ws.send(text)
            await ws.send(bytes(range(256)) * (n // 256 + 1))
            assert await ws.recv() == text
            assert await ws.recv() == bytes(range(256)) * (n // 256 + 1)
        await ws.send(['frag', 'ments', '', '!'])
        assert await ws.recv() == 'fragments!'
        await (await ws.ping())
        await asyncio.gather(*(ws.send(str(i)) for i in range(100)))
        assert [await ws.recv() for i in range(100)] == [str(i) for i in range(100)]
        await ws.close(4001, 'done')
        assert ws.close_code == 4001
    print('ok')
asyncio.run(main())
`

const socketPage = `<!doctype html><title>no script ran</title><script>` + socketScript + `
// The browser ends when nothing is loaded any more, sockets aside.
const hold = () => document.title === 'no script ran' ? fetch('/page').then(hold) : 0;
hold();
run(new WebSocket('ws://' + location.host + '/ws', ['echo.example']), () => document.title = 'ok', e => document.title = 'failed: ' + e);
</script>`
