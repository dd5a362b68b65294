package ringwire

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Programs that other people wrote talk to the server: each has its own idea of how
// HTTP/1.1 is spoken, and none was written against ours. What is missing here is skipped;
// .ci/run installs it.

// program is a client: how it is called and what it must print.
type program struct {
	name string
	args []string // URL stands for the server's address, FILE for a file with upload in it
	in   string   // its standard input
	want []string // regular expressions that its output must match
	not  []string // and those that it must not
	same string   // all of its output, if not empty
}

// slow is what -short leaves out: what takes longer to start than to run.
func (p *program) slow() bool {
	return p.name != "curl" && p.name != "openssl" && p.name != "gnutls-cli" && p.name != "sh"
}

// upload is what clients send: a megabyte, in which no two places look alike.
var upload = pattern(1 << 20)

func TestClients(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(file, []byte(upload), 0o600); err != nil {
		t.Fatal(err)
	}
	curl := func(args ...string) []string {
		return append([]string{"-sS", "-q", "--noproxy", "*", "--max-time", "60"}, args...)
	}
	for what, p := range map[string]program{
		"curl GET":  {name: "curl", args: curl("-i", "URL/hello"), want: []string{`^HTTP/1.1 200 OK\r\n`, `\r\nContent-Length: 12\r\n`, "\r\n\r\nhello /hello$"}},
		"curl HEAD": {name: "curl", args: curl("-I", "URL/hello"), want: []string{`^HTTP/1.1 200 OK\r\n`, `\r\nContent-Length: 12\r\n`, "\r\n\r\n$"}},
		"curl 404":  {name: "curl", args: curl("-o", os.DevNull, "-w", "%{http_code}", "URL/none"), want: []string{"^404$"}},
		"curl 1.0":  {name: "curl", args: curl("-i", "--http1.0", "URL/stream"), want: []string{`^HTTP/1.1 200 OK\r\n`, `\r\nConnection: close\r\n`, "line 999\n$"}, not: []string{"chunked"}},
		// One that the client asked for in vain: there are no ranges.
		"curl range":    {name: "curl", args: curl("-r", "0-3", "-w", " %{http_code}", "URL/hello"), want: []string{"^hello /hello 200$"}},
		"curl chunked":  {name: "curl", args: curl("-N", "-i", "URL/stream"), want: []string{`\r\nTransfer-Encoding: chunked\r\n`, "line 999\n$"}},
		"curl POST":     {name: "curl", args: curl("--data-binary", "@FILE", "URL/count"), want: []string{"^1048576$"}},
		"curl POST big": {name: "curl", args: curl("--data-binary", "@FILE", "URL/echo"), same: upload},
		"curl upload":   {name: "curl", args: curl("-T", "-", "-X", "POST", "URL/echo"), in: upload, same: upload},
		"curl collects": {name: "curl", args: curl("-T", "-", "-X", "POST", "URL/whole"), in: upload[:50_000], want: []string{"^50000$"}},
		"curl continue": {name: "curl", args: curl("-v", "-H", "Expect: 100-continue", "--expect100-timeout", "50", "--data-binary", "@FILE", "URL/count"), want: []string{"< HTTP/1.1 100 Continue", "(?m)^1048576"}},
		"curl refused": {name: "curl", args: curl("-o", os.DevNull, "-w", "%{http_code} %{size_upload}", "-H", "Expect: 100-continue", "--expect100-timeout", "50", "--data-binary", "@FILE", "URL/hello"),
			want: []string{"^200 0$"}},
		"curl form": {name: "curl", args: curl("--data-urlencode", "a=1 & 2 + 3%", "URL/form"), want: []string{`^1 & 2 \+ 3%$`}},
		"curl fields": {name: "curl", args: curl("-F", "a=1 & 2", "-F", "q\"u;o=x;type=text/x", "-F", "a=again", "URL/parts"),
			want: []string{`^a "" "" 5 9bc28665\nq"u;o "" "text/x" 1 [0-9a-f]{8}\na "" "" 5 [0-9a-f]{8}\nform: 1 & 2$`}},
		"curl files": {name: "curl", args: curl("-F", "a=1", "-F", "f=@FILE;filename=../q\"uo te.bin", "-F", "f=@FILE;type=image/png", "URL/b/parts"),
			want: []string{`^a "" "" 1 [0-9a-f]{8}\nf "q\\"uo te.bin" "application/octet-stream" 1048576 ` + uploadSum + `\nf "upload" "image/png" 1048576 ` + uploadSum + `\nform: $`}},
		"curl files pushed": {name: "curl", args: curl("-F", "f=@FILE", "-F", "a=1", "URL/pushed"),
			want: []string{`^f "upload" "application/octet-stream" 1048576 ` + uploadSum + `\na "" "" 1 [0-9a-f]{8}\n$`}},
		"curl keep-alive": {name: "curl", args: curl("-w", " [%{num_connects}]\n", "URL/hello", "URL/stream", "URL/b/hello", "-d", "x", "URL/echo"), want: []string{`^.* \[1\]\n`, `\[0\]\n(?s:.*)\[0\]\n(?s:.*)\[0\]\n$`}},
		"curl parallel":   {name: "curl", args: curl("-Z", "--parallel-max", "8", "-w", "[%{http_code}]", "URL/b/hello?[1-40]"), want: []string{`(?:[^\[]*\[200\]){40}$`}},

		"wrk":      {name: "wrk", args: []string{"-t2", "-c16", "-d1s", "URL/hello"}, want: []string{`requests in`, `Requests/sec: +[1-9]`}, not: []string{"Socket errors", "Non-2xx"}},
		"wrk -b":   {name: "wrk", args: []string{"-t2", "-c16", "-d1s", "URL/b/hello"}, want: []string{`requests in`, `Requests/sec: +[1-9]`}, not: []string{"Socket errors", "Non-2xx"}},
		"h2load":   {name: "h2load", args: []string{"--h1", "-n", "5000", "-c", "16", "-m", "8", "URL/hello"}, want: []string{"5000 succeeded, 0 failed, 0 errored", "5000 2xx"}},
		"h2load -": {name: "h2load", args: []string{"--h1", "-n", "64", "-c", "8", "-d", "FILE", "URL/count"}, want: []string{"64 succeeded, 0 failed, 0 errored", "64 2xx"}},

		"node":      {name: "node", args: []string{"-e", nodeClient, "URL"}, want: []string{"^ok\n$"}},
		"node form": {name: "node", args: []string{"-e", nodeForm, "URL"}, want: []string{"^ok\n$"}},
		"requests":  {name: "python3", args: []string{"-c", requestsClient, "URL"}, want: []string{"^ok\n$"}, not: []string{"not installed"}},
		"python3":   {name: "python3", args: []string{"-c", pythonClient, "URL"}, want: []string{"^ok\n$"}},
		"chromium": {name: "chromium", args: []string{"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--no-first-run",
			"--no-default-browser-check", "--no-proxy-server", "--user-data-dir=" + filepath.Join(filepath.Dir(file), "DRIVER"),
			"--virtual-time-budget=30000", "--dump-dom", "URL/page"}, want: []string{"<title>ok</title>"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(p.name)
			switch {
			case err != nil:
				t.Skipf("%s is not installed", p.name)
			case p.slow() && testing.Short():
				t.Skipf("%s takes seconds", p.name)
			}
			eachDriver(t, func(t *testing.T, driver string) {
				s := start(t, driver, serveClients, func(s *Server) { s.Loops, s.BodyBuffer, s.MaxBody = 2, 64<<10, -1 }, plain)
				args := slices.Clone(p.args)
				for i := range args {
					args[i] = strings.NewReplacer("URL", "http://"+s.addr, "FILE", file, "DRIVER", driver).Replace(args[i])
				}
				p.run(t, path, args)
			})
		})
	}
}

// run runs the program and compares what it says.
func (p *program) run(t *testing.T, path string, args []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdin = strings.NewReader(p.in)
	cmd.Env = append(os.Environ(), "NO_PROXY=*", "no_proxy=*", "HOME="+t.TempDir())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%.2000s\n%.2000s", err, stderr.Bytes(), stdout.Bytes())
	}
	out := stdout.String()
	if slices.Contains(args, "-v") {
		out = stderr.String() + out
	}
	if p.same != "" && out != p.same {
		t.Errorf("got %d bytes, want %d: they differ", len(out), len(p.same))
	}
	for _, want := range p.want {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("got %.2000q\nwant %.200q\n%.2000s", out, want, stderr.Bytes())
		}
	}
	for _, not := range p.not {
		if regexp.MustCompile(not).MatchString(out) {
			t.Errorf("got %.2000q\nwant no %q", out, not)
		}
	}
}

// serveClients has something for each of them to ask for.
func serveClients(w *ResponseWriter, r *Request) {
	if r.Path() == "/page" {
		_ = w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.WriteString(browserPage)
		return
	}
	routes(map[string]HandlerFunc{
		"hello":  hello,
		"parts":  sayParts,
		"pushed": sayPushed,
		"form":   func(w *ResponseWriter, r *Request) { _, _ = w.WriteString(r.Form("a")) },
		"whole": func(w *ResponseWriter, r *Request) {
			body, err := r.Body.View()
			if err != nil {
				Error(w, err.Error(), 500)
				return
			}
			fmt.Fprint(w, len(body))
		},
		"echo": Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) { _, _ = io.Copy(w, r.Body) })).ServeHTTP,
		"count": func(w *ResponseWriter, r *Request) {
			n := 0
			r.Body.Stream(func(p []byte, err error) {
				if n += len(p); err == io.EOF {
					fmt.Fprint(w, n)
				}
			})
		},
		"stream": func(w *ResponseWriter, r *Request) {
			n := 0
			w.Stream(func(w *ResponseWriter) error {
				_, _ = fmt.Fprintf(w, "line %d\n", n)
				if n++; n == 1000 {
					return io.EOF
				}
				return nil
			})
		},
	})(w, r)
}

// uploadSum is what sayParts says of upload.
var uploadSum = fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(upload)))

// sayParts names each part of a form, and then what a field "a" has in a form that came whole.
func sayParts(w *ResponseWriter, r *Request) {
	var text strings.Builder
	for part, err := range r.Parts() {
		if err != nil {
			Error(w, err.Error(), StatusBadRequest)
			return
		}
		sum := crc32.NewIEEE()
		n, err := io.Copy(sum, part)
		if err != nil {
			Error(w, err.Error(), StatusBadRequest)
			return
		}
		fmt.Fprintf(&text, "%s %q %q %d %08x\n", part.Name(), part.FileName(), part.ContentTypeView(), n, sum.Sum32())
	}
	_, _ = w.WriteString(text.String() + "form: " + r.Form("a"))
}

// sayPushed is sayParts as they arrive.
func sayPushed(w *ResponseWriter, r *Request) {
	var text strings.Builder
	sum, n := crc32.NewIEEE(), 0
	r.StreamParts(func(part *Part, p []byte, err error) {
		switch {
		case part == nil && err == io.EOF:
			_, _ = w.WriteString(text.String())
		case part == nil:
			Error(w, err.Error(), StatusBadRequest)
		case err == io.EOF:
			fmt.Fprintf(&text, "%s %q %q %d %08x\n", part.Name(), part.FileName(), part.ContentTypeView(), n, sum.Sum32())
			sum.Reset()
			n = 0
		default:
			_, _ = sum.Write(p)
			n += len(p)
		}
	})
}

// nodeForm sends forms with fetch.
const nodeForm = `
const assert = require('assert'), url = process.argv[1];
(async () => {
	const form = new FormData();
	form.append('q"\r\nä', 'x');
	form.append('a', '1 & 2');
	form.append('f', new Blob(['abc'], {type: 'text/plain'}), 'na"me.txt');
	for (const path of ['/parts', '/b/parts', '/pushed']) {
		const text = await (await fetch(url + path, {method: 'POST', body: form})).text();
		const want = 'q"\r\nä "" "" 1 8cdc1683\na "" "" 5 9bc28665\nf "na\\"me.txt" "text/plain" 3 352441c2\n' + (path === '/pushed' ? '' : 'form: 1 & 2');
		assert.equal(text, want, path);
	}
	form.append('big', new Blob([new Uint8Array(3000000)]), 'big');
	assert((await (await fetch(url + '/b/parts', {method: 'POST', body: form})).text()).includes('big "big" "application/octet-stream" 3000000 '));
	assert.equal(await (await fetch(url + '/parts', {method: 'POST', body: new FormData()})).text(), 'form: ');
	console.log('ok');
	process.exit(0);
})().catch(e => { console.error(e); process.exit(1) });
`

// requestsClient sends forms with python's requests, where that is installed.
const requestsClient = `
import io, sys, zlib
try:
    import requests
except ImportError:
    print('ok')
    sys.exit(0)
s = requests.Session()
s.trust_env = False
big = bytes(range(256)) * 10000
for path in ['/b/parts', '/pushed']:
    r = s.post(sys.argv[1] + path, data={'a': '1 & 2', 'ä': 'ö'}, files=[('f', ('na"me ä.txt', io.BytesIO(b'abc'), 'text/plain')), ('f', ('big', big))])
    assert r.status_code == 200, r.text
    lines = r.content.decode().split('\n')
    assert lines[0].startswith('a "" "" 5 '), lines
    assert lines[1].startswith('ä "" "" 2 '), lines
    assert lines[2] == 'f "na\\"me ä.txt" "text/plain" 3 352441c2', lines
    assert lines[3] == 'f "big" "" %d %08x' % (len(big), zlib.crc32(big)), lines
print('ok')
`

// nodeClient uses both clients of node: http with an agent, and fetch, which is undici.
const nodeClient = `
const http = require('http'), assert = require('assert'), url = process.argv[1];
const agent = new http.Agent({keepAlive: true, maxSockets: 4}), sockets = new Set();
function ask(path, options = {}, body) {
	return new Promise((resolve, reject) => {
		const req = http.request(url + path, {agent, ...options}, res => {
			let text = '';
			res.on('data', p => text += p).on('end', () => resolve({status: res.statusCode, text, headers: res.headers})).on('error', reject);
		});
		req.on('socket', s => sockets.add(s)).on('error', reject);
		if (options.headers && options.headers.Expect) {
			req.on('continue', () => req.end(body));
			return;
		}
		for (const piece of body || []) req.write(piece);
		req.end();
	});
}
(async () => {
	const all = await Promise.all(Array.from({length: 100}, (_, i) => ask((i % 2 ? '/b/hello?' : '/hello?') + i)));
	all.forEach((a, i) => assert.equal(a.text, i % 2 ? 'hello /b/hello' : 'hello /hello'));
	assert((await ask('/stream')).text.endsWith('line 999\n'));
	assert.equal((await ask('/echo', {method: 'POST'}, ['one ', 'two'])).text, 'one two');
	assert.equal((await ask('/count', {method: 'POST', headers: {Expect: '100-continue', 'Content-Length': 300000}}, 'x'.repeat(300000))).text, '300000');
	assert.equal((await ask('/hello', {method: 'HEAD'})).headers['content-length'], '12');
	assert(sockets.size <= 4, sockets.size + ' connections were made: they are not kept alive');
	const stream = () => new ReadableStream({
		start(c) { this.n = 0 },
		pull(c) { this.n++ < 50 ? c.enqueue(new Uint8Array(10000).fill(65)) : c.close() },
	});
	const echo = await (await fetch(url + '/echo', {method: 'POST', body: stream(), duplex: 'half'})).text();
	assert(echo === 'A'.repeat(500000), echo.length);
	const texts = await Promise.all(Array.from({length: 50}, (_, i) => fetch(url + '/hello?' + i).then(r => r.text())));
	texts.forEach(x => assert.equal(x, 'hello /hello'));
	const refused = await fetch(url + '/none');
	assert.equal(refused.status, 404);
	const cut = new AbortController(), gone = await fetch(url + '/stream', {signal: cut.signal});
	cut.abort();
	await assert.rejects(gone.text());
	agent.destroy();
	console.log('ok');
	process.exit(0);
})().catch(e => { console.error(e); process.exit(1) });
`

// pythonClient keeps one connection over all it asks for.
const pythonClient = `
import http.client, sys, urllib.request
host = sys.argv[1].removeprefix('http://')
c = http.client.HTTPConnection(host, timeout=60)
def ask(method, path, body=None, headers={}, **more):
    c.request(method, path, body, headers, **more)
    r = c.getresponse()
    return r.status, r.read(), r
sock = None
for i in range(20):
    assert ask('GET', '/hello')[:2] == (200, b'hello /hello')
    assert ask('GET', '/b/hello')[:2] == (200, b'hello /b/hello')
    sock = sock or c.sock
assert ask('GET', '/stream')[1].endswith(b'line 999\n')
status, text, r = ask('HEAD', '/hello')
assert (status, text, r.headers['Content-Length']) == (200, b'', '12')
assert ask('POST', '/echo', iter([b'one ', b'two']), encode_chunked=True, headers={'Transfer-Encoding': 'chunked'})[1] == b'one two'
assert ask('POST', '/whole', b'x' * 60000)[1] == b'60000'
assert ask('GET', '/none')[0] == 404
assert c.sock is sock, 'the connection was not kept'
assert ask('POST', '/count', b'x' * 3000000)[1] == b'3000000'
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
assert opener.open(sys.argv[1] + '/form', b'a=b+c%26').read() == b'b c&'
print('ok')
`

// browserPage says in its title what came of its requests.
const browserPage = `<!doctype html><title>no script ran</title><script>
const text = (path, options) => fetch(path, options).then(r => { if (!r.ok) throw path + ': ' + r.status; return r.text() });
(async () => {
	const want = (got, w) => { if (got !== w) throw 'got ' + String(got).slice(0, 80) };
	want(await text('/hello'), 'hello /hello');
	(await Promise.all(Array.from({length: 40}, (_, i) => text('/b/hello?' + i)))).forEach(x => want(x, 'hello /b/hello'));
	want((await text('/stream')).split('\n').length, 1001);
	want(await text('/echo', {method: 'POST', body: new Blob(['A'.repeat(300000)])}), 'A'.repeat(300000));
	want(await text('/form', {method: 'POST', body: new URLSearchParams({a: 'b c&ä'})}), 'b c&ä');
	const form = new FormData();
	form.append('q"ä', 'x');
	form.append('f', new File(['abc'], 'na"me.txt', {type: 'text/plain'}));
	want(await text('/parts', {method: 'POST', body: form}), 'q"ä "" "" 1 8cdc1683\nf "na\\"me.txt" "text/plain" 3 352441c2\nform: ');
	want((await fetch('/hello', {method: 'HEAD'})).headers.get('Content-Length'), '12');
	want((await fetch('/none')).status, 404);
	document.title = 'ok';
})().catch(e => document.title = 'failed: ' + e);
</script>`
