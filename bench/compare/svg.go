//go:build linux

package main

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
)

// The chart: a panel per profile, a line per server, the cheapest on top: a bar, and the figures beside it. A CPU bar
// has a user part (strong) and a system part (light); every bar starts at 0.
const (
	chartWidth  = 1200
	margin      = 32
	barLeft     = margin + 134 // names end before it
	barWidth    = 330          // of the longest bar
	barTop      = 52           // of a panel, to its first bar
	barPitch    = 23
	barHeight   = 15
	columnWidth = 78
	panelGap    = 30
	headerSpace = 122
)

type hue struct{ strong, light, text string }

var (
	subjectHue = hue{"#c2410c", "#fdba74", "#9a3412"}
	netpollHue = hue{"#b45309", "#fde68a", "#92400e"}
	floorHue   = hue{"#475569", "#cbd5e1", "#475569"}
	peerHue    = hue{"#1d4ed8", "#bfdbfe", "#1e293b"}
)

func hueOf(name string) hue {
	switch name {
	case subject:
		return subjectHue
	case netpoll, plain:
		return netpollHue
	case floor, bareRing, bareSend:
		return floorHue
	}
	return peerHue
}

// canvas collects SVG elements.
type canvas struct{ strings.Builder }

func (c *canvas) text(x, y float64, size int, style, s string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" font-size="%d" %s>%s</text>`+"\n", x, y, size, style, html.EscapeString(s))
}

func (c *canvas) rect(x, y, w, h float64, fill string) {
	fmt.Fprintf(c, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, y, max(w, 0), h, fill)
}

const (
	ink    = `fill="#0f172a"`
	muted  = `fill="#64748b"`
	bold   = `fill="#0f172a" font-weight="600"`
	alarm  = `fill="#b91c1c"`
	toLeft = ` text-anchor="end"`
)

// svg is the whole report as a picture.
func (rep *report) svg() string {
	var body canvas
	y := float64(headerSpace)
	for i := range rep.panels {
		ch := rep.panels[i].chart()
		ch.draw(&body, y)
		y += ch.height() + panelGap
	}
	var c canvas
	fmt.Fprintf(&c, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%.0f" viewBox="0 0 %[1]d %.0[2]f" font-family="Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif">`+"\n", chartWidth, y)
	c.rect(0, 0, chartWidth, y, "#ffffff")
	rep.drawHeader(&c)
	c.WriteString(body.String())
	c.WriteString("</svg>\n")
	return c.String()
}

func (rep *report) drawHeader(c *canvas) {
	m := &rep.meta
	c.text(margin, 44, 24, bold, "ringwire and its peers: what a request or a message costs the server")
	line := fmt.Sprintf("%s · ringwire %s · Linux %s · %s · %s · medians of %d interleaved rounds of %s",
		m.Time.Format("2006-01-02"), m.Commit, m.Kernel, m.CPU, m.Go, m.Rounds, m.Duration)
	if m.Interrupted != "" {
		line = "Interrupted · " + line
	}
	if m.Short {
		line = "A SHORT RUN: THE FIGURES MEAN NOTHING · " + line
	}
	c.text(margin, 68, 12, muted, line)
	x := float64(margin)
	legend := func(fill, label string, w float64) {
		c.rect(x, 84, 12, 12, fill)
		c.text(x+18, 94.5, 12, muted, label)
		x += w
	}
	legend(subjectHue.strong, "user", 58)
	legend(subjectHue.light, "system, ringwire on io_uring", 204)
	legend(netpollHue.light, "on netpoll, or without TLS", 190)
	legend(floorHue.light, "the floor: a bare loop that parses nothing", 256)
	legend(peerHue.light, "peers", 62)
	c.text(x, 94.5, 12, muted, "Shorter bars are better. Ratios are to ringwire in the same rounds.")
}

// A chart is one panel to draw.
type chart struct {
	title, subtitle string
	columns         []string // heads of the figures
	bars            []chartBar
}

type chartBar struct {
	name        string
	strong, all float64 // the strong part, and the whole length
	value       string  // beside the bar
	figures     []string
	failed      bool // has no figures
	errors      bool
}

// chart is a panel, its rows sorted by cost; those that failed come last.
func (pan *panel) chart() *chart {
	ch := &chart{title: pan.profile.title, subtitle: pan.profile.detail + " · CPU per " + pan.profile.unit}
	if pan.profile.isIdle() {
		ch.subtitle = pan.profile.detail + " · RSS per connection"
	}
	columns := pan.figures()
	for _, c := range columns {
		ch.columns = append(ch.columns, c.title)
	}
	for i := range pan.rows {
		r := &pan.rows[i]
		b := chartBar{name: r.name, failed: len(r.samples) == 0, errors: r.mid.Errors > 0 || len(r.failed) > 0}
		if !b.failed {
			b.all, b.strong, b.value = r.mid.CPU, r.mid.User, micros(r.mid.CPU)
			if pan.profile.isIdle() {
				b.all, b.strong, b.value = r.mid.ConnRSS, r.mid.ConnRSS, bytesText(r.mid.ConnRSS)
			}
			for _, c := range columns {
				b.figures = append(b.figures, c.text(r))
			}
		}
		ch.bars = append(ch.bars, b)
	}
	slices.SortStableFunc(ch.bars, func(a, b chartBar) int {
		switch {
		case a.failed != b.failed && b.failed:
			return -1
		case a.failed != b.failed:
			return 1
		}
		return cmp.Compare(a.all, b.all)
	})
	return ch
}

// figures are the table's columns that stand beside the bars, in the table's order.
func (pan *panel) figures() (list []column) {
	for _, c := range pan.columns() {
		if c.charted {
			list = append(list, c)
		}
	}
	return list
}

func (ch *chart) height() float64 { return barTop + barPitch*float64(len(ch.bars)) }

func (ch *chart) draw(c *canvas, y float64) {
	c.text(margin, y+16, 15, bold, ch.title)
	c.text(margin, y+35, 12, muted, ch.subtitle)
	for i, title := range ch.columns {
		c.text(ch.columnEnd(i), y+35, 11, muted+toLeft, title)
	}
	longest := 0.0
	for _, b := range ch.bars {
		longest = max(longest, b.all)
	}
	scale := 0.0
	if longest > 0 {
		scale = barWidth / longest
	}
	for i := range ch.bars {
		ch.bars[i].draw(c, y+barTop+barPitch*float64(i), scale, ch.columnEnd)
	}
	fmt.Fprintf(c, `<line x1="%.1[1]f" y1="%.1[2]f" x2="%.1[1]f" y2="%.1[3]f" stroke="#94a3b8" stroke-width="1"/>`+"\n",
		float64(barLeft), y+barTop-5, y+ch.height()-3)
}

// columnEnd is where column i is aligned to.
func (ch *chart) columnEnd(i int) float64 {
	return float64(chartWidth - margin - columnWidth*(len(ch.columns)-1-i))
}

func (b *chartBar) draw(c *canvas, top, scale float64, columnEnd func(int) float64) {
	h, weight := hueOf(b.name), ""
	if b.name == subject {
		weight = ` font-weight="700"`
		c.rect(margin-8, top-4, chartWidth-2*margin+16, barPitch, "#fff7ed")
	}
	base := top + barHeight - 3.5
	c.text(barLeft-10, base, 13, `fill="`+h.text+`"`+weight+toLeft, b.name)
	if b.failed {
		c.text(barLeft+8, base, 13, alarm, "failed, see the table")
		return
	}
	length := max(b.all, 0) * scale // memory may shrink
	c.rect(barLeft, top, length, barHeight, h.light)
	c.rect(barLeft, top, min(max(b.strong, 0)*scale, length), barHeight, h.strong)
	value, style := b.value, ink+weight
	if b.errors {
		value, style = value+" !", alarm
	}
	c.text(barLeft+length+8, base, 13, style, value)
	for i, figure := range b.figures {
		c.text(columnEnd(i), base, 12, ink+weight+toLeft, figure)
	}
}
