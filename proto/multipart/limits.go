package multipart

// Limits bounds what a body can make its reader hold, apart from the parts' contents. In each field 0 means the default
// and a negative value means none (which is 1 GiB).
type Limits struct {
	Parts    int // parts in a body; default 1000; 413
	Head     int // bytes of a part's header fields, with their line ends and the empty line; default 8 KiB; 413
	Fields   int // header fields of a part; default 16; 413
	Name     int // bytes of a part's name; default 256; 413
	FileName int // bytes of a file's name; default 1 KiB; 413
	Preamble int // bytes before the first boundary; default 1 KiB; 413
	Epilogue int // bytes after the last one's line; default 1 KiB; 413
}

const unlimited = 1 << 30

// WithDefaults returns l with every zero replaced by its default and every negative value by the largest possible.
func (l Limits) WithDefaults() Limits {
	fill := func(v *int, def int) {
		switch {
		case *v == 0:
			*v = def
		case *v < 0 || *v > unlimited:
			*v = unlimited
		}
	}
	fill(&l.Parts, 1000)
	fill(&l.Head, 8<<10)
	fill(&l.Fields, 16)
	fill(&l.Name, 256)
	fill(&l.FileName, 1<<10)
	fill(&l.Preamble, 1<<10)
	fill(&l.Epilogue, 1<<10)
	return l
}

// maxPadding is how many spaces and tabs may follow a boundary. Nobody sends any.
const maxPadding = 64

// What is kept for the next body; more was needed for an odd one.
const (
	keepScratch = 4 << 10
	keepFields  = 32
)
