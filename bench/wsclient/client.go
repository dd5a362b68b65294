package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/ringwire/ringwire"
)

// client runs a suite's cases.
type client struct {
	url, agent string
	dialer     ringwire.WebSocketDialer
	patience   time.Duration
	echo       func(ctx context.Context, url string) error
	out        io.Writer
}

// all runs every case, and then has the reports written. That a connection ends with an error is a suite's intent as
// often as not, and its to judge; one that does not come about, or does not end, is an error here.
func (c *client) all(ctx context.Context) error {
	count, err := c.count(ctx)
	if err != nil {
		return fmt.Errorf("getCaseCount: %w", err)
	}
	agent, failed := url.QueryEscape(c.agent), 0
	for i := 1; i <= count && ctx.Err() == nil; i++ {
		if err := c.limited(ctx, fmt.Sprintf("%s/runCase?case=%d&agent=%s", c.url, i, agent)); err != nil {
			fmt.Fprintf(c.out, "case %d: %v\n", i, err)
			failed++
		}
	}
	if err := c.limited(ctx, c.url+"/updateReports?agent="+agent); err != nil {
		return fmt.Errorf("updateReports: %w", err)
	}
	fmt.Fprintf(c.out, "%d cases\n", count)
	if failed > 0 {
		return fmt.Errorf("%d cases did not run to their end", failed)
	}
	return nil
}

// count asks for the number of cases, which is a message.
func (c *client) count(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	ws, err := c.dialer.DialBlocking(ctx, c.url+"/getCaseCount", nil)
	if err != nil {
		return 0, err
	}
	defer ws.Close(ringwire.CloseNormal, "")
	_, p, err := ws.Read(ctx, nil)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(p))
}

// limited echoes until the suite closes, for as long as patience has it.
func (c *client) limited(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	return c.echo(ctx, url)
}

// config has room for the largest messages of outside suites: 16 MiB, which may take one frame or 65536.
func config() *ringwire.WebSocketConfig {
	return &ringwire.WebSocketConfig{
		Compression:  &ringwire.WebSocketCompression{},
		MaxMessage:   32 << 20,
		MaxFragments: 1 << 17,
	}
}

// echoOnLoop echoes in callbacks.
func (c *client) echoOnLoop(ctx context.Context, url string) error {
	gone := make(chan struct{})
	cfg := config()
	cfg.OnMessage = func(ws *ringwire.WebSocket, m ringwire.Message) { _ = ws.Echo(m) } // fails when ws is closing only
	cfg.OnClose = func(*ringwire.WebSocket, *ringwire.CloseError) { close(gone) }
	ws, err := c.dialer.Dial(ctx, url, cfg)
	if err != nil {
		return err
	}
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		ws.Post(func(ws *ringwire.WebSocket) { _ = ws.Close(ringwire.CloseGoingAway, "") })
		return ctx.Err()
	}
}

// echoBlocking echoes in a goroutine.
func (c *client) echoBlocking(ctx context.Context, url string) error {
	ws, err := c.dialer.DialBlocking(ctx, url, config())
	if err != nil {
		return err
	}
	defer ws.Close(ringwire.CloseGoingAway, "")
	var end *ringwire.CloseError
	for buf := []byte(nil); ; {
		kind, p, err := ws.Read(ctx, buf[:0])
		if err == nil {
			buf = p
			err = ws.Write(ctx, kind, p)
		}
		if errors.As(err, &end) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
