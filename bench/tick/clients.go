//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// messageSize is that of what clients send and get back.
const messageSize = 64

// send connects the clients, says so on standard output, and has them send until the process is killed.
func send(o *options) error {
	conns := make([]net.Conn, o.connections)
	for i := range conns {
		c, err := upgrade(o.client)
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		conns[i] = c
		go func() { _, _ = io.Copy(io.Discard, c) }()
	}
	if _, err := os.Stdout.Write([]byte("r")); err != nil {
		return err
	}
	message := make([]byte, messageSize)
	start, sent := time.Now(), 0
	for {
		want := int(time.Since(start).Seconds() * float64(o.rate))
		sent = max(sent, want-o.rate/10) // no flood after a stall of this process
		for ; sent < want; sent++ {
			if _, err := conns[sent%len(conns)].Write(message); err != nil {
				return err
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// upgrade connects and leaves HTTP.
func upgrade(addr string) (net.Conn, error) {
	c, err := net.Dial("tcp4", addr)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: tick\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(bufio.NewReaderSize(c, 1<<10), nil)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("status %s", res.Status)
	}
	return c, c.SetDeadline(time.Time{})
}
