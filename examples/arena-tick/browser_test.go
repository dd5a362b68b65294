package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	_ "image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire"
)

// screenshot names a file that TestBrowser writes what it has seen to.
const screenshot = "RINGWIRE_ARENA_SCREENSHOT"

// TestBrowser plays in Chromium.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("Chromium takes seconds")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	eachDriver(t, func(t *testing.T, p *program) {
		b := browse(t, path, "http://"+p.addr+"/")
		b.until("states arrive", "arena.states > 90 && arena.stats > 3 && arena.me >= 0", true)
		b.until("it is connected", "document.body.className", "on")
		b.until("one player", `document.getElementById("players").textContent`, "1")
		b.until("the lateness is shown", `/^\d.* [µm]s$/.test(document.getElementById("p99").textContent)`, true)
		b.until("frames are counted", `parseInt(document.getElementById("frames").textContent) > 10`, true)

		// The dot goes right, then left: whatever it starts from, one of them is a long way.
		for _, key := range []string{"ArrowRight", "ArrowLeft"} {
			b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "code": key, "key": key}, nil)
			b.until(key+" steers", map[string]string{"ArrowRight": "arena.myX > 1500", "ArrowLeft": "arena.myX < 100"}[key], true)
			b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "code": key, "key": key}, nil)
		}
		b.steerByPointer()
		b.look()
	})
}

// steerByPointer has the dot follow the mouse to the middle of the field.
func (b *browser) steerByPointer() {
	for _, what := range []string{"mousePressed", "mouseMoved"} {
		b.call("Input.dispatchMouseEvent", map[string]any{"type": what, "x": 640, "y": 380, "button": "left", "buttons": 1, "clickCount": 1}, nil)
	}
	b.until("the mouse steers", "Math.hypot(arena.myX - 800, arena.myY - 450) < 150", true)
	b.call("Input.dispatchMouseEvent", map[string]any{"type": "mouseReleased", "x": 640, "y": 380, "button": "left", "clickCount": 1}, nil)
}

// look takes a picture, and wants dots in it: many colours where the field is.
func (b *browser) look() {
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	raw, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	if name := os.Getenv(screenshot); name != "" {
		if err := os.WriteFile(name, raw, 0o666); err != nil {
			b.t.Error(err)
		}
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		b.t.Fatal(err)
	}
	if size := img.Bounds().Size(); size != image.Pt(2*viewWidth, 2*viewHeight) {
		b.t.Errorf("the picture has %v pixels, want two for each of the %d×%d", size, viewWidth, viewHeight)
	}
	bright, colours := 0, map[color.Color]bool{}
	for y := 200; y < 2*viewHeight-200; y += 2 { // between header and footer
		for x := 0; x < 2*viewWidth; x += 2 {
			c := img.At(x, y)
			r, g, bl, _ := c.RGBA()
			if max(r, g, bl) > 0x6000 {
				bright++
				colours[c] = true
			}
		}
	}
	if bright < 2000 || len(colours) < 100 {
		b.t.Errorf("%d bright points in %d colours, want dots", bright, len(colours))
	}
}

const viewWidth, viewHeight = 1280, 760

// browser is a page in Chromium, spoken to by the DevTools protocol.
type browser struct {
	t   *testing.T
	ws  *ringwire.BlockingWebSocket
	ctx context.Context
	buf []byte
	id  int
}

func browse(t *testing.T, path, url string) *browser {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	t.Cleanup(cancel)
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--no-first-run",
		"--no-default-browser-check", "--no-proxy-server", "--user-data-dir="+dir, "--remote-debugging-port=0",
		fmt.Sprintf("--window-size=%d,%d", viewWidth, viewHeight), "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+dir)
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	target, err := devTools(ctx, filepath.Join(dir, "DevToolsActivePort"))
	if err != nil {
		t.Fatalf("no page to speak to: %v\n%.2000s", err, said.Bytes())
	}
	ws, err := ringwire.DialBlocking(ctx, target, &ringwire.WebSocketConfig{MaxMessage: 32 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.Close(ringwire.CloseNormal, "") }) // before Chromium is killed
	b := &browser{t: t, ws: ws, ctx: ctx}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": viewWidth, "height": viewHeight, "deviceScaleFactor": 2, "mobile": false}, nil)
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	return b
}

// devTools waits for Chromium to listen, and finds the URL of its first page.
func devTools(ctx context.Context, file string) (url string, err error) {
	for range 300 {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
		text, e := os.ReadFile(file)
		port, _, whole := strings.Cut(string(text), "\n")
		if err = e; err != nil || !whole {
			continue
		}
		if url, err = firstPage("http://127.0.0.1:" + port + "/json/list"); url != "" {
			return url, nil
		}
	}
	return "", fmt.Errorf("it does not listen: %v", err)
}

func firstPage(list string) (string, error) {
	res, err := http.Get(list)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	var targets []struct{ Type, WebSocketDebuggerURL string }
	if err := json.Unmarshal(text, &targets); err != nil {
		return "", err
	}
	for _, t := range targets {
		if t.Type == "page" {
			return t.WebSocketDebuggerURL, nil
		}
	}
	return "", nil
}

// call calls a method and decodes what it returns, unless result is nil.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	b.id++
	ask, err := json.Marshal(map[string]any{"id": b.id, "method": method, "params": params})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.ws.Write(b.ctx, ringwire.TextMessage, ask); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		_, m, err := b.ws.Read(b.ctx, b.buf[:0])
		if err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		b.buf = m
		var answer struct {
			ID            int
			Result, Error json.RawMessage
		}
		if err := json.Unmarshal(m, &answer); err != nil {
			b.t.Fatalf("%s: %v in %.200s", method, err, m)
		}
		if answer.ID != b.id {
			continue // an event
		}
		if answer.Error != nil {
			b.t.Fatalf("%s: %s", method, answer.Error)
		}
		if result != nil {
			if err := json.Unmarshal(answer.Result, result); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

// until waits for an expression to have a value.
func (b *browser) until(what, expression string, want any) {
	b.t.Helper()
	var got struct {
		Result           struct{ Value any }
		ExceptionDetails any
	}
	for range 300 {
		got.Result.Value = nil
		b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &got)
		if got.Result.Value == want {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.t.Fatalf("it did not come to this: %s: %s is %v, want %v (%v)", what, expression, got.Result.Value, want, got.ExceptionDetails)
}
