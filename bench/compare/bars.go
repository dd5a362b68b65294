//go:build linux

package main

import "fmt"

// A bar is something that ringwire promises about a figure of this report.
type bar struct {
	profile string
	what    string
	limit   float64
	least   bool // the figure must be at least limit; else at most
	figure  func(pan *panel) float64
	format  func(float64) string
}

// bars are all of them.
var bars = func() (list []bar) {
	add := func(b ...bar) { list = append(list, b...) }
	add(
		times1("keepalive", subject, floor, 1.10),
		bar{profile: "keepalive", what: "user CPU of " + subject, limit: 0.7, format: micros,
			figure: func(pan *panel) float64 { return pan.value(subject, func(s *sample) float64 { return s.User }) }},
		peerAtLeast("keepalive", "fasthttp", subject, 1.2),
		peerAtLeast("keepalive", "nethttp", subject, 2.1),
		peerAtLeast("keepalive", "gnet", subject, 1.0),
		peerAtLeast("twocore", "fasthttp", subject, 1.5),
		peerAtLeast("twocore", "hertz", subject, 1.6),
		peerAtLeast("twocore", "nethttp", subject, 2.3),
		noLater("twocore", "fasthttp"), noLater("twocore", "hertz"), noLater("twocore", "nethttp"),
		times1("pipelined", subject, floor, 1.5),
		peerAtLeast("pipelined", "fasthttp", subject, 1.5),
		peerAtLeast("churn", "fasthttp", subject, 1.2),
	)
	for _, name := range []string{"keepalive", "twocore", "pipelined", "churn"} {
		add(peerAtLeast(name, "nethttp", netpoll, 1.3), times1(name, netpoll, "fasthttp", 1.2))
	}
	add(
		bar{profile: "idle", what: "memory of an idle connection of " + subject, limit: 600, format: bytesText,
			figure: func(pan *panel) float64 { return pan.value(subject, func(s *sample) float64 { return s.ConnRSS }) }},
		bar{profile: "upload", what: "peak RSS of " + subject, limit: 96 << 20, format: bytesText,
			figure: func(pan *panel) float64 {
				return pan.value(subject, func(s *sample) float64 { return float64(s.PeakRSS) })
			}},
	)
	add(
		peerAtLeast("tls-keepalive", "nethttp", subject, 2.5),
		peerAtLeast("tls-keepalive", "fasthttp", subject, 1.6),
		times1("tls-keepalive", subject, plain, 1.35),
	)
	for _, name := range []string{"tls-download-64k", "tls-download-1m", "tls-download-16m"} {
		add(times1(name, subject, "nethttp", 1), times1(name, subject, "nginx", 1.2))
	}
	add(
		times1("tls-handshake", subject, "nethttp", 1),
		times1("tls-resume", subject, "nethttp", 1),
		bar{profile: "tls-idle", what: "memory of an idle connection of " + subject, limit: 3 << 10, format: bytesText,
			figure: func(pan *panel) float64 { return pan.value(subject, func(s *sample) float64 { return s.ConnRSS }) }},
	)
	add(socketBars()...)
	return list
}()

// socketBars are those of the WebSocket profiles.
func socketBars() (list []bar) {
	for i := range profiles {
		p := &profiles[i]
		switch {
		case p.isWebSocket() && p.isIdle():
			list = append(list, bar{profile: p.name, what: "memory of an idle connection of " + subject, limit: 1536, format: bytesText,
				figure: func(pan *panel) float64 { return pan.value(subject, func(s *sample) float64 { return s.ConnRSS }) }})
		case p.isFeed() && !p.stalls():
			list = append(list, times1(p.name, subject, bareRing, 1.10),
				peerAtLeast(p.name, "gws", subject, 1.25), peerAtLeast(p.name, "gorilla", subject, 1.35))
		case p.isHeld() && !p.isFeed():
			least := 1.3
			if p.cores > 1 {
				least = 1.5
			} else {
				list = append(list, times1(p.name, subject, floor, 1.12))
			}
			for _, peer := range []string{"gws", "gobwas", "gorilla"} {
				list = append(list, peerAtLeast(p.name, peer, subject, least), thirdOfUser(p.name, peer))
			}
		}
	}
	return list
}

// thirdOfUser bars the subject's user time by a peer's.
func thirdOfUser(profile, peer string) bar {
	return bar{profile: profile, what: "user CPU of " + subject + " ÷ " + peer, limit: 1.0 / 3, format: ratioText,
		figure: func(pan *panel) float64 {
			return pan.ratioOf(func(s *sample) float64 { return s.User }, subject, peer)
		}}
}

// times1 bars a cost as a multiple of another's.
func times1(profile, name, of string, limit float64) bar {
	return bar{profile: profile, what: "CPU of " + name + " ÷ " + of, limit: limit, format: ratioText,
		figure: func(pan *panel) float64 { return pan.ratio(name, of) }}
}

// peerAtLeast bars how much more a peer must cost.
func peerAtLeast(profile, peer, than string, limit float64) bar {
	return bar{profile: profile, what: "CPU of " + peer + " ÷ " + than, limit: limit, least: true, format: ratioText,
		figure: func(pan *panel) float64 { return pan.ratio(peer, than) }}
}

// noLater bars the subject's p99 by a peer's.
func noLater(profile, peer string) bar {
	return bar{profile: profile, what: "p99 of " + subject + " ÷ " + peer, limit: 1, format: ratioText,
		figure: func(pan *panel) float64 {
			return pan.ratioOf(func(s *sample) float64 { return s.P99 }, subject, peer)
		}}
}

// value is a median of a contestant, 0 when it was not measured.
func (pan *panel) value(name string, field func(*sample) float64) float64 {
	if r := pan.row(name); r != nil {
		return field(&r.mid)
	}
	return 0
}

// verdict is a bar held against the figures; known is false when they are missing.
func (b *bar) verdict(rep *report) (text string, holds, known bool) {
	pan := rep.panel(b.profile)
	if pan == nil {
		return "", false, false
	}
	figure := b.figure(pan)
	if figure == 0 {
		return "", false, false
	}
	sign, holds := "≤", figure <= b.limit
	if b.least {
		sign, holds = "≥", figure >= b.limit
	}
	return fmt.Sprintf("%s | %s | %s %s", b.what, b.format(figure), sign, b.format(b.limit)), holds, true
}
