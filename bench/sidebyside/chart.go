package main

import (
	"errors"
	"image/color"
	"math"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// chart is a picture of grouped bars.
type chart struct {
	title, y  string
	groups    []string
	series    []barSeries
	logarithm bool
	label     func(float64) string
}

var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

func size11(points float64) font.Font {
	return font.Font{Typeface: sans.Typeface, Variant: sans.Variant, Size: vg.Points(points)}
}

// swatch is a legend's sign.
type swatch struct{ color.Color }

func (s swatch) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(s.Color, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}

func (c chart) plot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.Y.Label.Text = c.title, c.y
	p.Title.TextStyle.Font, p.Title.Padding = size11(13), vg.Points(8)
	p.Y.Label.TextStyle.Font, p.Y.Tick.Label.Font = size11(10.5), size11(9.5)
	p.X.Tick.Label.Font, p.X.Tick.Length, p.X.LineStyle.Width = size11(10.5), 0, vg.Points(0.7)
	p.X.Tick.Label.YAlign = text.YTop
	p.Legend.TextStyle.Font, p.Legend.ThumbnailWidth = size11(9.5), vg.Points(10)
	style := p.Y.Tick.Label
	style.Font, style.XAlign, style.YAlign = size11(7.5), text.XCenter, text.YBottom
	b := &bars{groups: len(c.groups), series: c.series, label: c.label, style: style}
	p.Add(rules{}, b)
	p.NominalX(c.groups...)
	p.X.Tick.Length, p.X.Padding, p.Y.Padding = 0, 0, 0
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = b.DataRange()
	if c.logarithm {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{c.label}
		p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(p.Y.Min*0.7))), p.Y.Max*2
	} else {
		p.Y.Min, p.Y.Max = 0, p.Y.Max*1.12
	}
	return p
}

// draw writes the picture with its legend below.
func (c chart) draw(path string) (err error) {
	const width, height, dpi = 9 * vg.Inch, 4.6 * vg.Inch, 150
	img := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	canvas := draw.Crop(draw.New(img), vg.Points(6), -vg.Points(10), vg.Points(6), -vg.Points(6))
	p := c.plot()
	below := c.legend(canvas, p.Legend.TextStyle)
	p.Draw(draw.Crop(canvas, 0, 0, below, 0))
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = vgimg.PngCanvas{Canvas: img}.WriteTo(file)
	return errors.Join(err, file.Close())
}

// legend draws the arms' names in rows at the bottom and returns their height.
func (c chart) legend(canvas draw.Canvas, style text.Style) vg.Length {
	const sign, gap, row = vg.Length(10), vg.Length(18), vg.Length(15)
	style.YAlign, style.XAlign = text.YCenter, text.XLeft
	rows, used := [][]barSeries{nil}, vg.Length(0)
	for _, s := range c.series {
		w := sign + 5 + style.Width(s.name) + gap
		if last := len(rows) - 1; used+w > canvas.Max.X-canvas.Min.X-40 && len(rows[last]) > 0 {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], s)
		used += w
	}
	for i, in := range rows {
		x, y := canvas.Min.X+vg.Length(40), canvas.Min.Y+row*(vg.Length(len(rows)-i)-0.5)
		for _, s := range in {
			canvas.FillPolygon(s.color, []vg.Point{{X: x, Y: y - sign/2}, {X: x + sign, Y: y - sign/2}, {X: x + sign, Y: y + sign/2}, {X: x, Y: y + sign/2}})
			canvas.FillText(style, vg.Point{X: x + sign + 5, Y: y}, s.name)
			x += sign + 5 + style.Width(s.name) + gap
		}
	}
	return row*vg.Length(len(rows)) + 6
}

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
