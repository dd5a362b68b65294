package ringwire

import (
	"io"

	"github.com/ringwire/ringwire/proto/multipart"
)

// StreamParts has fn called on the loop with the parts of a multipart/form-data body as they arrive. A loop over
// [Request.Parts] cannot be that, since it would have to wait. For each part fn is called
//
//	fn(part, nil, nil)     when it begins
//	fn(part, p, nil)       with each piece of its content, borrowed for the call
//	fn(part, nil, io.EOF)  when it is complete
//
// and at last, once, fn(nil, nil, io.EOF) for a body that was whole and well formed, or fn(nil, nil, err) with an
// error as Parts has it; nothing of the body is taken after that. Everything else is as with [Body.Stream]: the
// response ends with the last call, a body that is there already is gone over before StreamParts returns, and in a
// Blocking handler any body is.
func (r *Request) StreamParts(fn func(part *Part, p []byte, err error)) {
	pr, err := r.openParts()
	if err != nil {
		fn(nil, nil, err)
		return
	}
	pr.parser.CopyHeads()
	if r.ex.worker != nil {
		r.pullParts(pr, fn)
		return
	}
	b, over := r.Body, false
	b.Stream(func(p []byte, err error) {
		if over {
			return
		}
		if err = pr.push(p, err, fn); err != nil {
			over = true
			pr.close()
			b.sink = nil // a response that says what was wrong need not wait for the rest
			fn(nil, nil, err)
		}
	})
}

// push takes the parts that p, or err, brings. It returns what is to be told last.
func (r *partReader) push(p []byte, err error, fn func(part *Part, p []byte, err error)) error {
	switch err {
	case nil:
	case io.EOF:
		r.parser.HandleEOF()
	default:
		return err
	}
	for {
		ev := r.parser.Next(p)
		p = p[ev.N:]
		switch ev.Kind {
		case multipart.NeedMore:
			return nil
		case multipart.Part:
			fn(&r.part, nil, nil)
		case multipart.Data:
			fn(&r.part, ev.Data, nil)
		case multipart.PartEnd:
			fn(&r.part, nil, io.EOF)
		case multipart.End:
			return io.EOF
		case multipart.Fail:
			return ev.Err
		}
	}
}

// pullParts is StreamParts on a worker, which may wait.
func (r *Request) pullParts(pr *partReader, fn func(part *Part, p []byte, err error)) {
	buf := r.ex.svc.srv.mem.body.Lease(bodyChunk)
	defer buf.Release()
	for {
		n, err := r.Body.Read(buf.Bytes())
		last := pr.push(buf.Bytes()[:n], nil, fn)
		if last == nil && err != nil {
			last = pr.push(nil, err, fn)
		}
		if last != nil {
			pr.close()
			fn(nil, nil, last)
			return
		}
	}
}
