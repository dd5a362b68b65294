package ringwire

import (
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// simHandler answers as simKinds expects: by the path's first part, marked with the last.
func simHandler(w *ResponseWriter, r *Request) {
	path := r.Path()
	if rest, ok := strings.CutPrefix(path, "/b"); ok && strings.Count(path, "/") == 3 {
		Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) { simAnswer(w, r, path, rest) })).ServeHTTP(w, r)
		return
	}
	simAnswer(w, r, path, path)
}

func simAnswer(w *ResponseWriter, r *Request, path, part string) {
	mark := part[strings.LastIndexByte(part, '/')+1:]
	_ = w.Header().Set("X-Mark", mark)
	switch part[:strings.LastIndexByte(part, '/')] {
	case "/echo":
		_, _ = w.WriteString(path + "\n")
		_, _ = io.Copy(w, r.Body)
	case "/ignore":
		_, _ = w.WriteString(path + "\n")
	case "/none":
		w.WriteHeader(StatusNoContent)
	case "/whole":
		n, _ := r.QueryInt("n")
		_, _ = w.WriteString(simText(mark, int(n)))
	case "/big":
		n, _ := r.QueryInt("n")
		simBig(w, simText(mark, int(n)))
	case "/pieces":
		body, _ := r.Body.View()
		text := string(body)
		for i := 0; i < len(text); i += 100 {
			_, _ = w.WriteString(text[i:min(i+100, len(text))])
			_ = w.Flush()
		}
		_ = w.Flush()
		_ = w.Trailer().Set("X-Sum", itoa(len(text)))
	case "/sink":
		size, sum := 0, uint32(0)
		r.Body.Stream(func(p []byte, err error) {
			size, sum = size+len(p), crc32.Update(sum, crc32.IEEETable, p)
			if err == io.EOF {
				_, _ = fmt.Fprintf(w, "%d bytes, sum %x", size, sum)
			}
		})
	case "/stream":
		_ = w.Flush()
		sum := 0
		r.Body.Stream(func(p []byte, err error) {
			_, _ = w.Write(p)
			if sum += len(p); err == io.EOF {
				_ = w.Trailer().Set("X-Sum", itoa(sum))
			}
		})
	}
}

// simBig writes a response while there is room for it.
func simBig(w *ResponseWriter, rest string) {
	w.SetContentLength(int64(len(rest)))
	w.Stream(func(w *ResponseWriter) error {
		n := min(len(rest), 10_000)
		_, err := w.WriteString(rest[:n])
		if rest = rest[n:]; rest == "" && err == nil {
			err = io.EOF
		}
		return err
	})
}
