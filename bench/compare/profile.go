//go:build linux

package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringwire/ringwire/bench/internal/dataset"
	"github.com/ringwire/ringwire/bench/internal/endpoint"
	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/payload"
	"github.com/ringwire/ringwire/bench/internal/secret"
)

// A profile is a kind of load.
type profile struct {
	name   string
	title  string
	detail string
	unit   string // what the CPU is divided by: "request", "MB", "handshake", "message", "delivery"; "connection" for idle
	cores  int    // of the server; on one it is pinned, and the load to another
	long   bool   // left out of a short run unless it is named
	parses bool   // needs a server that reads its requests
	noFix  string // why the servers of the fixed response are left out, beside parses
	tls    bool   // over TLS
	hz     int    // of the feed

	// One of: raw requests for wrk, sent together; or a load of bench/load.
	requests func(addr string) string
	answer   string // body of each response
	threads  int
	load     []string

	conns, shortConns int
}

const megabyte = "MB" // the unit of profiles that move bytes

const (
	host       = "\r\nHost: "
	end        = "\r\n\r\n"
	depth      = 16 // of pipelining
	uploadSize = 20_000_000
	shortSize  = 1_000_000
	idleConns  = 10_000
)

func get(target string) func(addr string) string {
	return func(addr string) string { return "GET " + target + " HTTP/1.1" + host + addr + end }
}

func post(target, framing, body string) func(addr string) string {
	return func(addr string) string {
		return "POST " + target + " HTTP/1.1" + host + addr + "\r\n" + framing + end + body
	}
}

func times(n int, request func(addr string) string) func(addr string) string {
	return func(addr string) string { return strings.Repeat(request(addr), n) }
}

const sum = "/baseline11?a=13&b=42"

var profiles = append(httpProfiles, socketProfiles()...)

var httpProfiles = []profile{
	{name: "keepalive", title: "Keep-alive", detail: "GET /pipeline, 64 connections, one core", unit: "request",
		cores: 1, requests: get("/pipeline"), answer: "ok", threads: 1, conns: 64, shortConns: 16},
	{name: "twocore", title: "Keep-alive, two cores", detail: "GET /pipeline, 256 connections, the cores shared with the load", unit: "request",
		cores: 2, requests: get("/pipeline"), answer: "ok", threads: 2, conns: 256, shortConns: 16},
	{name: "pipelined", title: "Pipelined ×16", detail: "GET /pipeline, 64 connections, one core", unit: "request",
		cores: 1, requests: times(depth, get("/pipeline")), answer: "ok", threads: 1, conns: 64, shortConns: 16},
	{name: "churn", title: "Connections of 10 requests", detail: "GET /pipeline, 64 at once, the client closes, one core", unit: "request",
		cores: 1, load: []string{"churn", "-requests", "10"}, conns: 64, shortConns: 16},
	{name: "churn-close", title: "Connections of 10 requests, Connection: close", detail: "GET /pipeline, 64 at once, the server closes, one core", unit: "request",
		cores: 1, load: []string{"churn", "-requests", "10", "-server-closes"}, conns: 64, shortConns: 16,
		noFix: "does not read Connection: close"},
	{name: "baseline", title: "Query", detail: "GET /baseline11?a=13&b=42, 64 connections, one core", unit: "request", parses: true,
		cores: 1, requests: get(sum), answer: "55", threads: 1, conns: 64, shortConns: 16},
	{name: "baseline-post", title: "Small body with Content-Length", detail: "POST /baseline11, 64 connections, one core", unit: "request", parses: true,
		cores: 1, requests: post(sum, "Content-Length: 2", "20"), answer: "75", threads: 1, conns: 64, shortConns: 16},
	{name: "baseline-chunked", title: "Small body, chunked", detail: "POST /baseline11, 64 connections, one core", unit: "request", parses: true,
		cores: 1, requests: post(sum, "Transfer-Encoding: chunked", "2\r\n20\r\n0\r\n\r\n"), answer: "75", threads: 1, conns: 64, shortConns: 16},
	{name: "json", title: "JSON", detail: "GET /json/25?m=3, 4.4 KB per response, 64 connections, one core", unit: "request", parses: true,
		cores: 1, requests: get("/json/25?m=3"), answer: string(dataset.AppendJSON(nil, 25, 3)), threads: 1, conns: 64, shortConns: 16},
	{name: "upload", title: "Uploads", detail: "64 × 20 MB at once, one core", unit: megabyte, parses: true,
		cores: 1, load: []string{"upload"}, conns: 64, shortConns: 8},
	{name: "idle", title: "Idle connections", detail: "10 000, one request made on each", unit: "connection",
		cores: 1, load: []string{"idle"}, conns: idleConns, shortConns: 300},

	{name: "tls-keepalive", title: "Keep-alive over TLS", detail: "GET /pipeline, 64 connections, AES-128-GCM, one core", unit: "request", tls: true,
		cores: 1, requests: get("/pipeline"), answer: "ok", threads: 1, conns: 64, shortConns: 16},
	download("64k", downloads[0], 64),
	download("1m", downloads[1], 64),
	download("16m", downloads[2], 16),
	{name: "tls-handshake", title: "Full handshakes", detail: "one request each, P-256, 64 at once, one core", unit: "handshake", tls: true,
		cores: 1, load: []string{"churn", "-tls", "-requests", "1"}, conns: 64, shortConns: 16},
	{name: "tls-resume", title: "Resumed handshakes", detail: "one request each, by session ticket, 64 at once, one core", unit: "handshake", tls: true, long: true,
		cores: 1, load: []string{"churn", "-tls", "-resume", "-requests", "1"}, conns: 64, shortConns: 16},
	{name: "tls-idle", title: "Idle connections over TLS", detail: "10 000, one request made on each", unit: "connection", tls: true,
		cores: 1, load: []string{"idle", "-tls"}, conns: idleConns, shortConns: 300},
}

// downloads are the sizes of the download profiles.
var downloads = [...]int{64 << 10, 1 << 20, 16 << 20}

// download is the profile of bodies of n bytes over TLS.
func download(name string, n, conns int) profile {
	return profile{name: "tls-download-" + name, title: "Downloads of " + bytesText(float64(n)) + " over TLS",
		detail: fmt.Sprintf("%d connections, AES-128-GCM, one core", conns), unit: megabyte, tls: true, long: true,
		cores: 1, requests: get(endpoint.BytesPrefix + strconv.Itoa(n)), answer: string(payload.Bytes(n)), threads: 1, conns: conns, shortConns: 4}
}

// chooseProfiles returns the profiles of a comma-separated list, all for "", or, short, those that tell the most.
func chooseProfiles(list string, short bool) ([]profile, error) {
	if list == "" {
		return slices.DeleteFunc(slices.Clone(profiles), func(p profile) bool { return short && p.long }), nil
	}
	var chosen []profile
	for _, name := range strings.Split(list, ",") {
		i := slices.IndexFunc(profiles, func(p profile) bool { return p.name == strings.TrimSpace(name) })
		if i < 0 {
			var all []string
			for _, p := range profiles {
				all = append(all, p.name)
			}
			return nil, fmt.Errorf("-profiles: %q is none of %s", name, strings.Join(all, ", "))
		}
		chosen = append(chosen, profiles[i])
	}
	return chosen, nil
}

// excludes says why a contestant has no part in a profile, "" if it has.
func (p *profile) excludes(c *contestant) string {
	if p.isWebSocket() {
		return p.excludesSocket(c)
	}
	fixedOnly := !c.parses && c.name != "nginx"
	switch {
	case !c.http:
		return "is for WebSockets only"
	case p.parses && !c.parses:
		return "serves a fixed response only"
	case fixedOnly && p.noFix != "":
		return p.noFix
	case p.tls && !c.tls && !c.plain:
		return "is not compared with TLS"
	case c.plain && (!p.tls || p.requests == nil):
		return "is for comparison with TLS only"
	}
	return ""
}

// secure reports whether a contestant is spoken to over TLS.
func (p *profile) secure(c *contestant) bool { return p.tls && !c.plain }

const verifyLimit = 10 * time.Second

// verify makes the profile's requests once, as wrk sends them, and wants the right answers, and with TLS the suite
// that is compared. The other loads check theirs themselves.
func (p *profile) verify(addr string, secure bool) error {
	if p.isWebSocket() {
		return p.verifySocket(addr)
	}
	if p.requests == nil {
		return nil
	}
	conn, err := dial(addr, secure)
	if err != nil {
		return err
	}
	defer conn.Close()
	raw := p.requests(addr)
	if _, err := io.WriteString(conn, raw); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	for range batch(raw) {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return fmt.Errorf("%.40q: %w", raw, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || string(body) != p.answer {
			return fmt.Errorf("%.40q is answered with status %d, body %.40q, %v", raw, resp.StatusCode, body, err)
		}
	}
	return nil
}

func dial(addr string, secure bool) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", addr, verifyLimit)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(verifyLimit))
	if !secure {
		return conn, nil
	}
	c := tls.Client(conn, secret.Client())
	if err = c.Handshake(); err == nil {
		state := c.ConnectionState()
		err = secret.Agreed(state.Version, state.CipherSuite)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// isUpload and isIdle are the loads that end by themselves: they have no duration.
func (p *profile) isUpload() bool { return p.load != nil && p.load[0] == "upload" }
func (p *profile) isIdle() bool   { return p.load != nil && p.load[0] == "idle" }

// units is what the CPU of a load is divided by.
func (p *profile) units(r *loadresult.Result) float64 {
	if p.unit == megabyte {
		return float64(r.Bytes) / 1e6
	}
	return float64(r.Requests)
}

// rate is the unit of what is done in a second.
func (p *profile) rate() string {
	switch p.unit {
	case megabyte:
		return megabyte + "/s"
	case delivery:
		return "deliveries/s"
	}
	return p.unit + "s/s"
}

// loadArgs is the command line of bench/load for a profile.
func (p *profile) loadArgs(addr string, conns int, d, warmup time.Duration, short bool) []string {
	args := append(slices.Clone(p.load), "-addr", addr, "-conns", strconv.Itoa(conns))
	switch {
	case p.isUpload() && short:
		args = append(args, "-size", strconv.Itoa(shortSize))
	case p.isUpload():
		args = append(args, "-size", strconv.Itoa(uploadSize))
	case p.isHeld():
		args = append(args, "-duration", d.String(), "-warmup", warmup.String())
	case !p.isIdle():
		args = append(args, "-duration", d.String())
	}
	return args
}
