package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

// bars draws groups of bars with whiskers from quartile to quartile. On a
// logarithmic axis it draws dots: without a zero, the length of a bar says
// nothing.
type bars struct {
	groups int
	series []Series
	dots   bool
	label  func(float64) string // of a bar
	style  draw.TextStyle       // of labels
}

// Series is an arm: one bar in each group, the missing ones with a NaN.
type Series struct {
	Name   string
	Color  color.Color
	Values []stats.Quartiles
}

// groupWidth is the part of the distance between groups that their bars take.
const groupWidth = 0.92

// Plot draws on the plot's axes; group i stands at x = i.
func (b *bars) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	bottom := trY(p.Y.Min)
	width := (trX(1) - trX(0)) * groupWidth
	for group := range b.groups {
		there := b.in(group)
		each := width / vg.Length(max(len(there), minBars))
		left := trX(float64(group)) - each*vg.Length(len(there))/2
		for i, s := range there {
			from := left + each*vg.Length(i)
			b.bar(c, s, s.Values[group], vg.Rectangle{Min: vg.Point{X: from + each*0.06, Y: bottom}, Max: vg.Point{X: from + each*0.94}}, trY)
		}
	}
}

// minBars bounds the width of bars in groups of one or two.
const minBars = 3

// in returns the series that have a bar in a group.
func (b *bars) in(group int) (out []Series) {
	for _, s := range b.series {
		if !math.IsNaN(s.Values[group].Median) {
			out = append(out, s)
		}
	}
	return out
}

func (b *bars) bar(c draw.Canvas, s Series, q stats.Quartiles, at vg.Rectangle, trY func(float64) vg.Length) {
	top := trY(q.Median)
	middle, arm := (at.Min.X+at.Max.X)/2, (at.Max.X-at.Min.X)/6
	low, high := trY(q.Lower), trY(q.Upper)
	gap := vg.Length(0) // between the median and its label
	if b.dots {
		gap = vg.Points(4.5)
		dot := draw.GlyphStyle{Color: s.Color, Radius: gap, Shape: draw.CircleGlyph{}}
		c.DrawGlyph(dot, vg.Point{X: middle, Y: top})
	} else {
		c.FillPolygon(s.Color, []vg.Point{at.Min, {X: at.Max.X, Y: at.Min.Y}, {X: at.Max.X, Y: top}, {X: at.Min.X, Y: top}})
	}
	line := draw.LineStyle{Color: color.Gray{0x30}, Width: vg.Points(0.8)}
	c.StrokeLine2(line, middle, low, middle, high)
	c.StrokeLine2(line, middle-arm, low, middle+arm, low)
	c.StrokeLine2(line, middle-arm, high, middle+arm, high)
	c.FillText(b.style, vg.Point{X: middle, Y: max(top+gap, high) + vg.Points(2.5)}, b.label(q.Median))
}

// DataRange is of all that is drawn, labels not included.
func (b *bars) DataRange() (xmin, xmax, ymin, ymax float64) {
	ymin, ymax = math.Inf(1), math.Inf(-1)
	for _, s := range b.series {
		for _, q := range s.Values {
			if !math.IsNaN(q.Median) {
				ymin, ymax = min(ymin, q.Lower), max(ymax, q.Upper)
			}
		}
	}
	return -0.5, float64(b.groups) - 0.5, ymin, ymax
}
