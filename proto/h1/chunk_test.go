package h1

import (
	"strings"
	"testing"
)

func TestChunkRefused(t *testing.T) {
	var vectors []refusal
	for _, v := range []string{
		"", " 5", "\t5", "5 ", "5\t", "5 ;a", "+5", "-5", "-1", "0x5", "0X5", "x5", "5h", "5,", "5.", "5_0", "1_0", "g", "5 5", "five", "\"5\"", "5\x00", "5\x0b", "5:",
		"\xb2", "5\xa0", "[5]", "'5'", "5=a", "5/", "5@", "5`", ":5", "G", "5\x7f", "#5",
	} {
		vectors = append(vectors, refusal{"RFC 9112 §7.1 " + v, chunked(v + "\r\nhello\r\n0\r\n\r\n"), ErrChunkSize})
	}
	for _, v := range []string{
		";", ";;a", ";a;", ";a=", ";=b", ";a=;b", ";a==b", ";a=b=c", "; a", ";a ", ";a b", ";a =b", ";a= b", ";a\x00", ";a=\x01", ";a[=b", ";a=b[", ";a=\"b", ";a=\"b\"c",
		";a=\"b\"\"c\"", ";a=\"b\\", ";\"a\"", ";a=b\"c\"", ";a,b", ";a=\"\x01\"", ";a=\"\\\x01\"", ";a=\"b\x7f\"", ";\xc3\xa9", ";a=\xc3", ";\x0b",
		";a=\"\rb\"",
	} {
		vectors = append(vectors, refusal{"RFC 9112 §7.1.1 " + v, chunked("5" + v + "\r\nhello\r\n0\r\n\r\n"), ErrChunkExtension})
	}
	refuse(t, &defaults, append(vectors,
		refusal{"RFC 9112 §7.1 more digits than 64 bits have", chunked("00000000000000001\r\na\r\n0\r\n\r\n"), ErrChunkOverflow},
		refusal{"RFC 9112 §7.1 2^63", chunked("8000000000000000\r\n"), ErrChunkOverflow},
		refusal{"RFC 9112 §7.1 2^64", chunked("10000000000000000\r\n"), ErrChunkOverflow},
		refusal{"RFC 9112 §7.1 2^64 + 5", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), ErrChunkOverflow},
		refusal{"RFC 9112 §7.1 all ones", chunked("FFFFFFFFFFFFFFFF\r\n"), ErrChunkOverflow},
		refusal{"RFC 9112 §7.1 forty digits", chunked(strings.Repeat("F", 40) + "\r\n"), ErrChunkOverflow},
		refusal{"RFC 9112 §2.2 bare LF after the size", chunked("5\nhello\r\n0\r\n\r\n"), ErrBareLF},
		refusal{"RFC 9112 §2.2 bare LF for the size", chunked("\nhello\r\n0\r\n\r\n"), ErrBareLF},
		refusal{"RFC 9112 §2.2 bare CR after the size", chunked("5\rhello\r\n0\r\n\r\n"), ErrBareCR},
		refusal{"RFC 9112 §2.2 bare CR after an extension", chunked("5;a\rX\nhello\r\n0\r\n\r\n"), ErrBareCR},
		refusal{"RFC 9112 §2.2 CR CR LF", chunked("5\r\r\nhello\r\n0\r\n\r\n"), ErrBareCR},
		refusal{"RFC 9112 §2.2 bare LF after an extension", chunked("5;a=b\nhello\r\n0\r\n\r\n"), ErrBareLF},
		refusal{"RFC 9112 §2.2 bare LF in a quoted string", chunked("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"), ErrBareLF},
		refusal{"RFC 9112 §2.2 an escaped LF", chunked("5;a=\"\\\n\"\r\nhello\r\n0\r\n\r\n"), ErrBareLF},
		refusal{"RFC 9112 §7.1 data longer than its size", chunked("5\r\nhello!\r\n0\r\n\r\n"), ErrChunkEnd},
		refusal{"RFC 9112 §7.1 no CRLF after data", chunked("5\r\nhello0\r\n\r\n"), ErrChunkEnd},
		refusal{"RFC 9112 §7.1 bare LF after data", chunked("5\r\nhello\n0\r\n\r\n"), ErrChunkEnd},
		refusal{"RFC 9112 §7.1 bare CR after data", chunked("5\r\nhello\r0\r\n\r\n"), ErrChunkEnd},
		refusal{"RFC 9112 §7.1 CR CR LF after data", chunked("5\r\nhello\r\r\n0\r\n\r\n"), ErrChunkEnd},
		refusal{"RFC 9112 §7.1 an empty line between chunks", chunked("5\r\nhello\r\n\r\n0\r\n\r\n"), ErrChunkSize},
	))
}

func TestChunkAccepted(t *testing.T) {
	for in, want := range map[string]string{
		"0\r\n\r\n":               "",
		"000000\r\n\r\n":          "",
		"1\r\na\r\n0\r\n\r\n":     "a",
		"00001\r\na\r\n0\r\n\r\n": "a",
		"a\r\n0123456789\r\nA\r\nabcdefghij\r\n0\r\n\r\n": "0123456789abcdefghij",
		"2;a\r\n\r\n\r\n0;b\r\n\r\n":                      "\r\n",
		"1;a=b;c;d=\"\"\r\nx\r\n0\r\n\r\n":                "x",
		"1;a=\"q\\\"; \\\\\tz\xff\"\r\nx\r\n0\r\n\r\n":    "x",
		"1;!#$%&'*+-.^_`|~=!\r\nx\r\n0\r\n\r\n":           "x",
		"5\r\n0\r\n\r\n\r\n0\r\n\r\n":                     "0\r\n\r\n",
	} {
		want = "POST / 1.1 | Host=x | Transfer-Encoding=chunked\n" + strings.TrimSuffix("data "+want+"\n", "data \n") + "end"
		if got := everyWay(t, &defaults, chunked(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		accept(t, &defaults, chunked(in))
	}
}

func TestChunkLimits(t *testing.T) {
	lim := Limits{ChunkLine: 16, Extensions: 20}.WithDefaults()
	accept(t, &lim, chunked("1;"+strings.Repeat("e", 12)+"\r\na\r\n0\r\n\r\n"), chunked(strings.Repeat("0", 13)+"1\r\na\r\n0\r\n\r\n"))
	many := func(n int) string { return chunked(strings.Repeat("1;ext\r\na\r\n", n) + "0\r\n\r\n") } // four counted bytes each
	accept(t, &lim, many(5), many(5)+many(5))                                                        // counted per message
	refuse(t, &lim, []refusal{
		{"RFC 9112 §7.1.1 an extension too long", chunked("1;" + strings.Repeat("e", 13) + "\r\n"), ErrChunkLineTooLong},
		{"RFC 9112 §7.1.1 an extension that never ends", chunked("1;" + strings.Repeat("e", 100)), ErrChunkLineTooLong},
		{"RFC 9112 §7.1 zeros that never end", chunked(strings.Repeat("0", 100)), ErrChunkLineTooLong},
		{"RFC 9112 §7.1.1 too many extensions", many(6), ErrExtensionsTooLarge},
		{"RFC 9112 §7.1.1 one byte too many", strings.TrimSuffix(many(4), "0\r\n\r\n") + "1;exta\r\na\r\n0\r\n\r\n", ErrExtensionsTooLarge},
	})
	if got := whole(&defaults, chunked("5;"+strings.Repeat("a", 64<<10)+"\r\n")); !strings.HasSuffix(got, "fail 400 a chunk line is too long") {
		t.Errorf("the default limit: %.200s", got)
	}
}

// Chunk lines are consumed as they come, so that a caller needs to keep nothing of them.
func TestChunkLinesAreConsumed(t *testing.T) {
	d := newDialogue(t)
	d.next(chunked(""), HeadDone, len(chunked("")), "", "the head")
	d.next("5;na", NeedMore, 4, "", "half a chunk line")
	d.next("me=x\r", NeedMore, 5, "", "and the rest of it but LF")
	d.next("\nhel", Data, 4, "hel", "what is there of the data")
	d.next("lo\r", Data, 2, "lo", "the data's end")
	d.next("\r", NeedMore, 1, "", "half of its CRLF")
	d.next("\n0\r\n", NeedMore, 4, "", "the last chunk")
	d.next("\r", NeedMore, 0, "", "trailers stay until they are complete")
	d.next("\r\nGET", End, 2, "", "none")
	d.next("GET", Paused, 0, "", "the next request waits")
}

func TestHugeChunk(t *testing.T) {
	d := newDialogue(t)
	d.next(chunked(""), HeadDone, len(chunked("")), "", "the head")
	d.next("7fffffffffffffff\r\nab", Data, 20, "ab", "the largest size there is")
}

func BenchmarkChunkedBody(b *testing.B) {
	var e Engine
	var h Head
	in := []byte(chunked(strings.Repeat("400\r\n"+strings.Repeat("x", 1024)+"\r\n", 16) + "0\r\n\r\n"))
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		e.Init(Server, &defaults)
		for p := in; ; {
			ev := e.Next(p, &h)
			if p = p[ev.N:]; ev.Kind == End {
				break
			}
		}
	}
}
