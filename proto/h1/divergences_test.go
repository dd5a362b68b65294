package h1

import (
	cmdflag "flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// divergence is something that net/http's server serves and this engine refuses.
type divergence struct {
	err *Error // nil: the connection is closed after what was served
	in  string
	why string
}

// divergences are all that is known, and FuzzAgainstNetHTTP looks for more. An error may be there twice,
// for different reasons.
var divergences = []divergence{
	{ErrBareLF, "GET / HTTP/1.1\nHost: x\n\n", "a recipient may take a lone LF for a line's end; two that do not agree see two requests where the other sees one"},
	{ErrBareCR, "POST / HTTP/1.1\r\nHost: x\r\n\r\n\r" + get(""), "behind a POST net/http skips up to four of CR and LF, in any order"},
	{ErrEmptyLines, "POST / HTTP/1.1\r\nHost: x\r\n\r\n\r\n\r\n" + get(""), "one empty line before a request is tolerated, as clients of old send one behind a body; nobody sends two"},
	{ErrBadTarget, "GET /a\\b HTTP/1.1\r\nHost: x\r\n\r\n", "a backslash is no URI character, and some read it as a slash: what a filter sees is not what is served"},
	{ErrBadTarget, "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", "a URI is ASCII: what is beyond is sent escaped, and unescaped it means what the reader's encoding is"},
	{ErrEmptyTarget, "CONNECT  HTTP/1.0\r\n\r\n", "there is no empty target; net/http puts http:// before what CONNECT names, and then finds nothing wrong"},
	{ErrTargetForm, "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "only http and https URIs have an origin here; net/http leaves it to the handler"},
	{ErrTargetFragment, "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", "a fragment is the client's and is never sent; whether it is part of the path would depend on the reader"},
	{ErrTargetEscape, "GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n", "escaped NUL, CR and LF serve to reach past this server: into C strings, logs and header fields"},
	{ErrTargetAuthority, "GET http://:80/ HTTP/1.1\r\nHost: x\r\n\r\n", "an http URI without host names nobody"},
	{ErrTargetUserinfo, "GET http://u:p@x/ HTTP/1.1\r\nHost: x\r\n\r\n", "user information is not to be sent, and a recipient should take it for an attempt to hide the host"},
	{ErrAsteriskForm, "GET * HTTP/1.1\r\nHost: x\r\n\r\n", "the asterisk is for OPTIONS only"},
	{ErrAuthorityForm, "CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT names a host and a port; net/http makes an exception for package net/rpc, and takes a default port"},
	{ErrVersion, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "the preface of HTTP/2 is no request of HTTP/1.1; net/http hands it to the handler"},
	{ErrSpaceBeforeName, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", "folded lines are obsolete; a server must refuse them or replace them, and those who do neither see another field"},
	{ErrSpaceAfterName, chunked("0\r\nA : b\r\n\r\n"), "a server must refuse a space before the colon; net/http does in a header, and in a trailer section does not"},
	{ErrNoHost, "CONNECT x:1 HTTP/1.1\r\n\r\n", "a request without Host must be refused; net/http makes an exception for CONNECT"},
	{ErrBadHost, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", "net/http takes any characters that a host may hold somewhere; here it must be a host and a port, because applications route by it"},
	{ErrBadHost, "GET / HTTP/1.1\r\nHost: %41\r\n\r\n", "escapes are legal in a host, and useless: whether %41 is A would depend on the reader. In a target net/http refuses them, too"},
	{ErrHostEmpty, "GET / HTTP/1.1\r\nHost:\r\n\r\n", "an http URI has a host, so only a target that names one, or none at all, may come with an empty field"},
	{ErrManyLengths, post("Content-Length: 0\r\nContent-Length: 0\r\n"), "repetitions that agree may be merged, or refused: who repeats it is broken or tries"},
	{ErrLengthAndCoding, post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", "the classic of request smuggling; it ought to be handled as an error"},
	{ErrBadLength, post("Content-Length:\r\n 0\r\n"), "a folded line: its first half has no number. So it is with every field that is looked into"},
	{ErrBadCoding, post("Transfer-Encoding:\r\n chunked\r\n") + "0\r\n\r\n", "the folded line again: its first half has no coding"},
	{ErrCodingVersion, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", inOld},
	{ErrChunkedNotLast, "POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n", inOld},
	{ErrChunkedTwice, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", inOld},
	{ErrCoding, "POST / HTTP/1.0\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", inOld},
	{ErrManyCodings, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", inOld},
	{ErrLookalike, post("Content_Length: 5\r\n"), "programs behind gateways in CGI's tradition cannot tell an underscore from a hyphen"},
	{ErrExpectation, post("Expect: 100-continue, x=y\r\n"), "there is one expectation; net/http asks whether it is among others"},
	{ErrTraceContent, "TRACE / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na", "a client must not send content with TRACE"},
	{ErrTrailerField, chunked("0\r\nContent-Length: 5\r\n\r\n"), "what frames, routes or authorises a message must not come behind it: it was acted on already"},
	{ErrChunkSize, chunked("1 \r\na\r\n0\r\n\r\n"), "the grammar has no space there; parsers disagree about it"},
	{ErrChunkOverflow, chunked("8000000000000000\r\na"), "nobody has so many bytes, and a signed counter would take it for less than nothing"},
	{ErrChunkExtension, chunked("1; a\r\na\r\n0\r\n\r\n"), "net/http skips to the end of the line; what is skipped without a look is where chunks have been hidden"},

	{nil, "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n" + get(""), "who says both is answered and the connection closed, as close wins (RFC 9112 §9.3); net/http goes on where the version is 1.0"},
	{nil, get("Connection: a b\r\n") + get(""), "what is no list of tokens may have meant close, which net/http finds in some such places: it is answered, and the connection closed"},

	{ErrMethodTooLong, strings.Repeat("M", 8<<10) + " / HTTP/1.1\r\nHost: x\r\n\r\n", limited},
	{ErrRequestLineTooLong, "GET /" + strings.Repeat("a", 8<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", limited},
	{ErrHeadTooLarge, get("A: " + strings.Repeat("a", 16<<10) + "\r\n"), limited},
	{ErrTooManyFields, get(strings.Repeat("A: b\r\n", 100)), limited},
	{ErrChunkLineTooLong, chunked("1;" + strings.Repeat("a", 256) + "\r\na\r\n0\r\n\r\n"), limited},
	{ErrExtensionsTooLarge, chunked(strings.Repeat("1;"+strings.Repeat("a", 200)+"\r\na\r\n", 25) + "0\r\n\r\n"), limited},
	{ErrTrailersTooLarge, chunked("0\r\nA: " + strings.Repeat("a", 3<<10) + "\r\n\r\n"), limited},
}

const inOld = "HTTP/1.0 knows no codings, so that the framing is faulty; net/http ignores the field there"

const limited = "a limit, which can be set; net/http has one for the header section, of 1 MiB"

// Each is what it says: refused here with that error, and served there.
func TestDivergences(t *testing.T) {
	std := startStd(t)
	for _, d := range divergences {
		here, there := serveHere(d.in), std.serve(d.in)
		if here.err != d.err || stricter(here.list, there) != "" || !goesOn(here.list, there) || !here.justified() {
			t.Errorf("%.200q\nhere\t%v\nerror\t%v, want %v\nnet/http\t%.500v", d.in, texts(here.list), here.err, d.err, texts(there))
		}
	}
}

var update = cmdflag.Bool("update", false, "write the table in docs/DIVERGENCES.md")

// The guide has them all.
func TestDivergencesAreListed(t *testing.T) {
	const file, mark = "../../docs/DIVERGENCES.md", "<!-- generated: go test ./proto/h1 -run DivergencesAreListed -update -->\n\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Skip(err) // a test binary elsewhere
	}
	prose, _, ok := strings.Cut(string(text), mark)
	if !ok {
		t.Fatalf("%s has lost its mark", file)
	}
	want := prose + mark + divergencesTable()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Errorf("%s is not up to date: run with -update", file)
	}
}

func divergencesTable() string {
	var b strings.Builder
	b.WriteString("| refused here | source | for example | why |\n|---|---|---|---|\n")
	for _, d := range divergences {
		in := d.in
		if len(in) > 160 {
			in = in[:20] + "…" + in[len(in)-30:]
		}
		example := strings.NewReplacer("`", "'", "|", "\\|").Replace(strconv.Quote(in))
		what, source := "nothing: what follows is not served", "RFC 9112 §9.3"
		if d.err != nil {
			what, source = fmt.Sprintf("%d, %s", d.err.Status, d.err.Text), d.err.Ref
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s |\n", what, source, example, d.why)
	}
	return b.String()
}
