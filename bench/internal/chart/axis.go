package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// rules are faint lines at the marked values.
type rules struct{}

func (rules) Plot(c draw.Canvas, p *plot.Plot) {
	_, trY := p.Transforms(&c)
	for _, tick := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if !tick.IsMinor() && tick.Value > p.Y.Min {
			c.StrokeLine2(draw.LineStyle{Color: color.Gray{0xdd}, Width: vg.Points(0.5)}, c.Min.X, trY(tick.Value), c.Max.X, trY(tick.Value))
		}
	}
}

// decades marks a logarithmic axis at powers of ten.
type decades struct{ label func(float64) string }

func (d decades) Ticks(from, to float64) (out []plot.Tick) {
	for power := math.Floor(math.Log10(from)); power <= math.Log10(to); power++ {
		for digit := 1.0; digit < 10; digit++ {
			value, label := digit*math.Pow(10, power), ""
			if digit == 1 {
				label = d.label(value)
			}
			if value >= from && value <= to {
				out = append(out, plot.Tick{Value: value, Label: label})
			}
		}
	}
	return out
}

// evenly marks a linear axis.
type evenly struct{ label func(float64) string }

func (e evenly) Ticks(from, to float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(from, to)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = e.label(ticks[i].Value)
		}
	}
	return ticks
}
