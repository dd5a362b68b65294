//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/secret"
)

// findWrk returns the path of wrk, and its version line.
func findWrk() (path, version string, err error) {
	path, err = exec.LookPath("wrk")
	if err != nil {
		return "", "", fmt.Errorf("wrk is not installed; on Debian and Ubuntu: apt-get install wrk")
	}
	out, _ := exec.Command(path, "-v").Output() // exits with 1 after printing it
	version, _, _ = strings.Cut(string(out), "\n")
	version, _, _ = strings.Cut(version, " Copyright")
	return path, strings.TrimSpace(version), nil
}

// wrkScript makes wrk send raw as it is, which may be several pipelined requests, and print a result line.
//
// wrk builds its request once per thread by calling wrk.format, unless the script defines request(); replacing
// wrk.format keeps Lua out of the measured loop and gives control over every byte.
//
// wrk adds latencies that it thinks were left out while a connection waited (coordinated omission). It expects one
// every so many µs on a connection, and takes each response for one. Of pipelined requests it records a latency for the
// whole batch: what it adds is wrong then, and some of it is below the smallest, where latency:percentile does not look,
// and gives 0. For these the script takes it back: wrk adds n-e, n-2e, … for each n, so the true count of n is what n
// has more than n+e.
func wrkScript(raw string, conns int) string {
	return `local raw = ` + luaString(raw) + `
local pipelined, connections = ` + strconv.FormatBool(batch(raw) > 1) + `, ` + strconv.Itoa(conns) + `
wrk.format = function() return raw end

local function recorded(latency, expected)
   local values, counts, total = {}, {}, 0
   for i = 1, #latency do
      local n, count = latency(i)
      values[i], counts[n] = n, count
   end
   for _, n in ipairs(values) do
      if n > expected then counts[n] = counts[n] - (counts[n + expected] or 0) end
      total = total + counts[n]
   end
   return {percentile = function(_, p)
      local rank = math.ceil(total * p / 100)
      for _, n in ipairs(values) do
         rank = rank - counts[n]
         if rank <= 0 then return n end
      end
      return 0
   end}
end

function done(summary, latency, requests)
   local e, each = summary.errors, math.floor(summary.requests / connections)
   if pipelined and each > 0 then latency = recorded(latency, math.floor(summary.duration / each)) end
   io.write(string.format(
      '` + loadresult.Prefix + `{"requests":%d,"seconds":%.6f,"bytes":%d,"errors":%d,"status":%d,"timeouts":%d,"p50":%.3f,"p99":%.3f,"p999":%.3f}\n',
      summary.requests, summary.duration / 1e6, summary.bytes,
      e.connect + e.read + e.write + e.status + e.timeout, e.status, e.timeout,
      latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
`
}

// batch is the number of requests in raw.
func batch(raw string) int { return strings.Count(raw, " HTTP/1.1\r\n") }

// luaString quotes s as a Lua string literal.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// wrkCommand is the command line that sends the raw requests to url for d, which wrk rounds to whole seconds.
func wrkCommand(wrk, dir, raw, url string, threads, conns int, d time.Duration) (*exec.Cmd, error) {
	script := filepath.Join(dir, "request.lua")
	if err := os.WriteFile(script, []byte(wrkScript(raw, conns)), 0o644); err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "openssl.cnf") // wrk has no flags for TLS
	if err := os.WriteFile(conf, []byte(secret.OpenSSLConf), 0o644); err != nil {
		return nil, err
	}
	seconds := max(1, int(d.Round(time.Second)/time.Second))
	cmd := exec.Command(wrk, "-t"+strconv.Itoa(threads), "-c"+strconv.Itoa(conns), "-d"+strconv.Itoa(seconds)+"s",
		"-s", script, url+"/")
	cmd.Env = append(os.Environ(), "OPENSSL_CONF="+conf)
	return cmd, nil
}
