package ringwire

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/wire"
)

func init() { roles["ports"] = usePorts }

const portsDriverEnv = "RINGWIRE_TEST_PORTS_DRIVER"

// A client that has used up its ports is told so, and what to do; as soon as one is free it can connect
// again. The server notices nothing.
func TestPortsUsedUp(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleEnv+"=ports", portsDriverEnv+"="+driver)
		cmd.SysProcAttr = wire.Apart()
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSPC) {
			t.Skip("no network namespace: ", err)
		}
		text := strings.TrimSpace(string(out))
		if why, ok := strings.CutPrefix(text, "skip: "); ok && err == nil {
			t.Skip(why)
		}
		if err != nil || !strings.HasSuffix(text, "good") {
			t.Errorf("%v\n%s", err, text)
		}
	})
}

// usePorts is a process with eight ports.
func usePorts() {
	const ports = 8
	if err := wire.Loopback(); err != nil {
		fmt.Println("skip:", err)
		return
	}
	cfg := testConfig(os.Getenv(portsDriverEnv))
	srv := &Server{Addr: "127.0.0.1:9000", Config: cfg, Handler: HandlerFunc(echoAll)}
	go func() { _ = srv.ListenAndServe() }()
	if srv.Started() == nil {
		fmt.Println("the server did not start")
		return
	}
	defer srv.Close()
	// Not earlier: ring's self-test, which comes first, wants more ports than that.
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("40000 40007"), 0o644); err != nil {
		fmt.Println("skip:", err)
		return
	}
	d := &WebSocketDialer{Driver: cfg.Driver, Logger: cfg.Logger, DisablePooling: cfg.DisablePooling}
	defer d.Close()
	dial := func() (*BlockingWebSocket, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return d.DialBlocking(ctx, "ws://127.0.0.1:9000/ws", nil)
	}
	var open []*BlockingWebSocket
	for range ports {
		ws, err := dial()
		if err != nil {
			fmt.Println("port", len(open), err)
			return
		}
		open = append(open, ws)
	}
	_, err := dial()
	if !errors.Is(err, syscall.EADDRNOTAVAIL) || !strings.Contains(err.Error(), "ip_local_port_range") {
		fmt.Println("without a port:", err)
		return
	}
	_ = open[0].Close(CloseNormal, "")
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err = dial(); err == nil {
			break
		}
		if time.Now().After(end) {
			fmt.Println("with a free port:", err)
			return
		}
	}
	// The server may take the new connection before it has let go of the old one: on another loop.
	for end := time.Now().Add(patience); srv.Stats().Open != ports; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			fmt.Println(srv.Stats().Open, "connections")
			return
		}
	}
	fmt.Println("good")
}
