package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/internal/guest"
	"github.com/ringwire/ringwire/ring"
)

// probe reports what package ring finds out here, and which driver a server takes.
func probe(w io.Writer) error {
	var facts []guest.Fact
	add := func(name, value string) { facts = append(facts, guest.Fact{Name: name, Value: value}) }
	rep := ring.Probe()
	add("release", rep.Release)
	if rep.Refused != nil {
		add("refused", rep.Refused.Error())
	} else {
		for _, f := range ring.Features() {
			add("feature "+f.String(), verdict(rep.Why(f)))
		}
		self := ring.SelfTest()
		for _, v := range []struct {
			name string
			err  error
		}{
			{"accept", self.Accept}, {"receive", self.Receive}, {"cancel", self.Cancel}, {"end of stream", self.Finish},
			{"reset behind bytes", self.Reset},
			{"eventfd", self.Park},
			{"minimum wait", self.Coalesce},
			{"bundles", self.Bundles}, {"incremental buffers", self.Incremental},
		} {
			add("self-test "+v.name, verdict(v.err))
		}
		add("self-test took", fmt.Sprintf("%.1f ms", float64(self.Took.Microseconds())/1000))
	}
	info, err := chosen()
	if err != nil {
		return err
	}
	add("driver", info.Name)
	add("reason", info.Reason)
	for i := range facts {
		if err := (guest.Event{Fact: &facts[i]}).Write(w); err != nil {
			return err
		}
	}
	return nil
}

// verdict is "yes", "no" where the kernel is too old, or what is wrong.
func verdict(err error) string {
	var e *ring.Error
	switch {
	case err == nil:
		return "yes"
	case errors.As(err, &e) && e.Kind == ring.Unsupported:
		return "no"
	}
	return err.Error()
}

// chosen starts a server as people do, and asks it.
func chosen() (ringwire.DriverInfo, error) {
	srv := &ringwire.Server{Addr: "127.0.0.1:0", Handler: ringwire.HandlerFunc(answer)}
	srv.Logger = slog.New(slog.DiscardHandler)
	ret := make(chan error, 1)
	go func() { ret <- srv.ListenAndServe() }()
	if srv.Started() == nil {
		return ringwire.DriverInfo{}, <-ret
	}
	info := srv.DriverInfo()
	_ = srv.Close()
	if err := <-ret; err != ringwire.ErrServerClosed {
		return info, err
	}
	return info, nil
}
