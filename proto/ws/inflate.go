package ws

import (
	"bufio"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/ringwire/ringwire/mem"
)

// What is appended to a compressed message (RFC 7692 §7.2.2): what its sender has taken off, and one more empty block,
// which is final, so that the decoder says io.EOF where it is between two blocks, and that data are missing elsewhere.
const (
	marker = "\x00\x00\xff\xff"
	finish = "\x01\x00\x00\xff\xff"
)

const (
	ratioFloor = 64 << 10 // inflated bytes up to which Limits.Ratio does not count: what is small does no harm
	readAhead  = 4 << 10

	// Final blocks inside of a message are legal (RFC 7692 §7.2.3.4), and each makes the decoder begin anew, which takes
	// as long as some hundred bytes do. So many are free, and one more for each finalEvery bytes.
	finalsFree = 16
	finalEvery = 64
)

// inflater inflates one message at a time; one serves all connections of a loop. It pulls its input, so it runs when
// all of it is there, which Limits bounds.
type inflater struct {
	raw interface {
		flate.Resetter
		io.WriterTo
	}
	in *bufio.Reader // of intake

	src, dst *mem.Segments
	b        bounds
	packed   int64 // bytes of src at the beginning
	made     int64 // bytes written to dst
	stage    stage
	atEnd    int64  // what made was when finish was asked for
	err      *Error // why outlet has stopped
}

// stage is what intake gives next.
type stage uint8

const (
	givePayload stage = iota
	giveFinish        // marker was given
	giveNothing
)

func newInflater() *inflater {
	z := &inflater{}
	z.in = bufio.NewReaderSize(nil, readAhead)
	z.raw = flate.NewReader(z.in).(interface {
		flate.Resetter
		io.WriterTo
	})
	return z
}

// inflate appends to dst what src is, one whole message, and empties src. past is what src may refer to; when keep is set,
// so may the next message to this one. Its errors are those of a codec.
func (z *inflater) inflate(dst, src *mem.Segments, past *history, keep bool, b bounds) *Error {
	z.dst, z.src, z.b, z.packed = dst, src, b, int64(src.Len())
	pushed, err := z.run(past)
	if err == nil && keep {
		past.pushEnd(dst, int(z.made-pushed))
	}
	z.in.Reset(nil)
	src.Release()
	*z = inflater{raw: z.raw, in: z.in}
	return err
}

// run decodes. Of what it has made, past has the first pushed bytes.
func (z *inflater) run(past *history) (pushed int64, _ *Error) {
	z.in.Reset((*intake)(z))
	for finals := finalsFree + z.packed/finalEvery; ; finals-- {
		_ = z.raw.Reset(z.in, past.view()) // it never fails
		_, err := z.raw.WriteTo((*outlet)(z))
		switch {
		case z.err != nil:
			return pushed, z.err
		case err != nil:
			return pushed, ErrDeflate
		case z.stage == giveNothing:
			return pushed, z.finished()
		case z.in.Buffered() == 0 && z.src.Len() == 0: // it ended with a final block, or one that marker has completed
			return pushed, nil
		case finals == 0:
			return pushed, ErrTooManyFinals
		}
		past.pushEnd(z.dst, int(z.made-pushed))
		pushed = z.made
	}
}

// finished makes sure that it was the block of finish that ended the data, and not one of the peer's that has taken
// finish for its own content: then it had grown since.
func (z *inflater) finished() *Error {
	if z.made != z.atEnd || z.in.Buffered() > 0 {
		return ErrDeflate
	}
	return nil
}

// intake is the inflater as the decoder sees it: what it reads from. Each piece of what is appended comes on its own, so
// that the payload has been used up when marker is asked for, and marker when finish is.
type intake inflater

func (z *intake) Read(p []byte) (int, error) {
	switch z.stage {
	case givePayload:
		if n := copy(p, z.src.First()); n > 0 {
			z.src.Discard(n)
			return n, nil
		}
		z.stage = giveFinish
		return copy(p, marker), nil
	case giveFinish:
		z.stage, z.atEnd = giveNothing, z.made
		return copy(p, finish), nil
	}
	return 0, io.EOF
}

// outlet is the inflater as the decoder sees it: what it writes to, up to 32 KiB at a time. Nothing passes that is above
// a limit.
type outlet inflater

func (z *outlet) Write(p []byte) (int, error) {
	z.made += int64(len(p))
	switch {
	case z.made > int64(z.b.max):
		z.err = ErrMessageTooLarge
	case z.made > ratioFloor && z.made/int64(z.b.ratio) > z.packed:
		z.err = ErrRatio
	case z.b.text != nil && !z.b.text.write(p):
		z.err = ErrUTF8
	default:
		z.dst.AppendCopy(p)
		return len(p), nil
	}
	return 0, z.err
}
