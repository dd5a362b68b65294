package certs

import (
	"os"
	"time"
)

// DefaultInterval is how often files are looked at.
const DefaultInterval = 10 * time.Second

// settled is how old a file must be for its stamp to be believed: no file system that is in use
// has coarser times (FAT: 2 s).
const settled = 2 * time.Second

// stamp is what shows that a file has changed, without reading it. Windows finds a file's identity by its path
// when it is asked for: there only time and size tell.
type stamp struct {
	info os.FileInfo // nil when the file could not be looked at
	err  string
}

func stampOf(name string) stamp {
	info, err := os.Stat(name) // follows links
	if err != nil {
		return stamp{err: err.Error()}
	}
	return stamp{info: info}
}

func (s stamp) equal(o stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil && s.err == o.err
	}
	return os.SameFile(s.info, o.info) && s.info.Size() == o.info.Size() && s.info.ModTime().Equal(o.info.ModTime())
}

// watched remembers how files looked. Its zero value has seen nothing.
type watched struct {
	stamps []stamp
	fresh  bool // a write after the last look could have left the stamps as they were
}

// changed looks at the files and reports whether they may hold something else than at the
// last call. It must come before the files are read.
func (w *watched) changed(files []string, now time.Time) bool {
	changed := w.fresh || len(w.stamps) != len(files)
	w.fresh = false
	if len(w.stamps) != len(files) {
		w.stamps = make([]stamp, len(files))
	}
	for i, name := range files {
		s := stampOf(name)
		if !s.equal(w.stamps[i]) {
			w.stamps[i] = s
			changed = true
		}
		if s.info != nil && now.Sub(s.info.ModTime()) < settled {
			w.fresh = true
		}
	}
	return changed
}

// alarm keeps failures that are found by looking from being told before they are known to last,
// and from being told twice.
type alarm struct {
	last string // the failure of the last look
	told bool
}

// found is called with the outcome of each look and reports whether it is to be told.
func (a *alarm) found(err error) bool {
	if err == nil {
		*a = alarm{}
		return false
	}
	text := err.Error()
	if text != a.last {
		*a = alarm{last: text}
		return false
	}
	tell := !a.told
	a.told = true
	return tell
}

// tell is called with a failure that is told at once.
func (a *alarm) tell(err error) { *a = alarm{last: err.Error(), told: true} }

// failing reports whether the last look failed, so that it is to be tried again unasked.
func (a *alarm) failing() bool { return a.last != "" }

// every calls f with that much time in between, until done is closed.
func every(interval time.Duration, done <-chan struct{}, f func()) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
			f()
		}
	}
}
