//go:build linux

package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// The chart: a panel per profile, a bar per server, the cheapest on top. A CPU bar has a user part (strong) and a
// system part (light).
const (
	chartWidth  = 1240
	margin      = 36
	gutter      = 44 // between the two columns
	panelWidth  = (chartWidth - 2*margin - gutter) / 2
	barTop      = 50 // of a panel, to its first bar
	barPitch    = 25
	barHeight   = 16
	labelWidth  = 126
	valueWidth  = 138
	panelGap    = 34
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
	case netpoll:
		return netpollHue
	case floor:
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
	toLeft = ` text-anchor="end"`
)

// svg is the whole report as a picture.
func (rep *report) svg() string {
	charts := rep.charts()
	var body canvas
	y := float64(headerSpace)
	for i := 0; i < len(charts); i += 2 {
		tallest := 0.0
		for j, ch := range charts[i:min(i+2, len(charts))] {
			ch.draw(&body, margin+float64(j)*(panelWidth+gutter), y)
			tallest = max(tallest, ch.height())
		}
		y += tallest + panelGap
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
	c.text(margin, 46, 25, bold, "ringwire and its peers: CPU time of the server")
	line := fmt.Sprintf("%s · ringwire %s · Linux %s · %s · %s · medians of %d interleaved rounds of %s",
		m.Time.Format("2006-01-02"), m.Commit, m.Kernel, m.CPU, m.Go, m.Rounds, m.Duration)
	if m.Short {
		line = "A SHORT RUN: THE FIGURES MEAN NOTHING · " + line
	}
	c.text(margin, 70, 13, muted, line)
	x := float64(margin)
	legend := func(fill, label string, w float64) {
		c.rect(x, 84, 12, 12, fill)
		c.text(x+18, 94.5, 12, muted, label)
		x += w
	}
	legend(subjectHue.strong, "user", 58)
	legend(subjectHue.light, "system, ringwire on io_uring", 204)
	legend(netpollHue.light, "ringwire on netpoll", 148)
	legend(floorHue.light, "the floor: a bare responder on the ring", 262)
	legend(peerHue.light, "peers", 62)
	c.text(x, 94.5, 12, muted, "Shorter is better. × is the ratio to ringwire in the same rounds.")
}

// A chart is one panel to draw.
type chart struct {
	title, subtitle string
	bars            []chartBar
}

type chartBar struct {
	name         string
	strong, all  float64 // the strong part, and the whole length
	value, ratio string
}

func (rep *report) charts() (list []chart) {
	for i := range rep.panels {
		pan := &rep.panels[i]
		subtitle := "CPU µs per " + pan.profile.unit
		if pan.profile.isIdle() {
			subtitle = "RSS per connection"
		}
		list = append(list, pan.chart(subtitle, func(r *row) chartBar {
			b := chartBar{all: pan.profile.cost(&r.mid), ratio: ratioText(r.ratio)}
			switch {
			case pan.profile.isIdle():
				b.strong, b.value = b.all, bytesText(b.all)
			case b.all >= 100:
				b.strong, b.value = r.mid.User, fmt.Sprintf("%.0f", b.all)
			default:
				b.strong, b.value = r.mid.User, fmt.Sprintf("%.2f", b.all)
			}
			return b
		}))
		if pan.profile.isUpload() {
			list = append(list, pan.chart("peak RSS", func(r *row) chartBar {
				rss := float64(r.mid.PeakRSS)
				return chartBar{strong: rss, all: rss, value: bytesText(rss)}
			}))
		}
	}
	return list
}

// chart sorts the rows of a panel by what draw makes of them.
func (pan *panel) chart(subtitle string, draw func(r *row) chartBar) chart {
	ch := chart{title: pan.profile.title, subtitle: pan.profile.detail + " · " + subtitle}
	for i := range pan.rows {
		if r := &pan.rows[i]; len(r.samples) > 0 {
			b := draw(r)
			b.name = r.name
			ch.bars = append(ch.bars, b)
		}
	}
	slices.SortStableFunc(ch.bars, func(a, b chartBar) int {
		switch {
		case a.all < b.all:
			return -1
		case a.all > b.all:
			return 1
		}
		return 0
	})
	return ch
}

func (ch *chart) height() float64 { return barTop + barPitch*float64(len(ch.bars)) }

func (ch *chart) draw(c *canvas, x, y float64) {
	c.text(x, y+16, 15, bold, ch.title)
	c.text(x, y+35, 12, muted, ch.subtitle)
	longest := 0.0
	for _, b := range ch.bars {
		longest = max(longest, b.all)
	}
	left, width := x+labelWidth, float64(panelWidth-labelWidth-valueWidth)
	scale := 0.0
	if longest > 0 {
		scale = width / longest
	}
	fmt.Fprintf(c, `<line x1="%.1[1]f" y1="%.1[2]f" x2="%.1[1]f" y2="%.1[3]f" stroke="#94a3b8" stroke-width="1"/>`+"\n",
		left, y+barTop-5, y+ch.height()-4)
	for i, b := range ch.bars {
		h := hueOf(b.name)
		top := y + barTop + barPitch*float64(i)
		weight := ""
		if b.name == subject {
			weight = ` font-weight="700"`
		}
		base := top + barHeight - 3.5
		c.text(left-10, base, 13, `fill="`+h.text+`"`+weight+toLeft, b.name)
		c.rect(left, top, b.all*scale, barHeight, h.light)
		c.rect(left, top, min(b.strong, b.all)*scale, barHeight, h.strong)
		c.text(left+b.all*scale+8, base, 13, ink+weight, b.value)
		if b.ratio != "" && b.name != subject {
			c.text(x+panelWidth, base, 13, muted+toLeft, b.ratio)
		}
	}
}
