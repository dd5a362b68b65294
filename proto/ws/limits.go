package ws

// Limits bounds what a peer can make the engine hold and do. In each field 0 means the default and a negative value
// means none (which is 1 GiB). The value given to [Engine.Init] must have passed [Limits.WithDefaults]; it is shared
// between engines and never written.
type Limits struct {
	Message   int // bytes of a message, inflated; default 1 MiB; 1009
	Frame     int // bytes of one frame's payload; default: as Message; 1009
	Fragments int // frames of one message; default 1024; 1008
	Control   int // control frames since a data frame ended, or since Refill; default 64; 1008
	Ratio     int // inflated bytes per deflated one, in a message over 1 MiB inflated; default 200; 1009
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
	fill(&l.Message, 1<<20)
	fill(&l.Frame, l.Message)
	fill(&l.Fragments, 1024)
	fill(&l.Control, 64)
	fill(&l.Ratio, 200)
	return l
}
