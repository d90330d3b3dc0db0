// Package chart draws pictures of grouped bars with their quartiles. On a
// logarithmic axis it draws dots.
package chart

import (
	"errors"
	"fmt"
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

// Chart is a picture of grouped bars, or of dots on a logarithmic axis.
type Chart struct {
	Title, Y  string
	Groups    []string
	Series    []Series
	Logarithm bool
	Label     func(float64) string
}

var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

func letters(points float64) font.Font {
	return font.Font{Typeface: sans.Typeface, Variant: sans.Variant, Size: vg.Points(points)}
}

func (c Chart) plot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Y.Tick.Label.Font, p.X.Tick.Label.Font, p.Legend.TextStyle.Font = letters(9.5), letters(10.5), letters(9.5)
	style := p.Y.Tick.Label
	style.Font, style.XAlign, style.YAlign = letters(7), text.XCenter, text.YBottom
	b := &bars{groups: len(c.Groups), series: c.Series, dots: c.Logarithm, label: c.Label, style: style}
	p.Add(rules{}, b)
	p.NominalX(c.Groups...)
	p.X.Padding, p.Y.Padding, p.X.LineStyle.Width = 0, 0, vg.Points(0.7)
	p.X.Tick.Length, p.X.Tick.LineStyle = vg.Points(5), draw.LineStyle{Color: color.White, Width: vg.Points(0.5)} // room above the names
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = b.DataRange()
	if c.Logarithm {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{c.Label}
		p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(p.Y.Min*0.7))), p.Y.Max*2
	} else {
		p.Y.Tick.Marker, p.Y.Min, p.Y.Max = evenly{c.Label}, 0, p.Y.Max*1.12
	}
	return p
}

// Draw writes the picture: two lines of text, the bars and the legend. It draws
// the text itself, because the library rotates an axis' label and, on a
// logarithmic axis, does not centre it.
func (c Chart) Draw(path string) (err error) {
	if _, _, least, _ := (&bars{series: c.Series}).DataRange(); c.Logarithm && least <= 0 {
		return fmt.Errorf("%s: %g has no place on a logarithmic axis", path, least)
	}
	const width, height, dpi = 10.5 * vg.Inch, 4.6 * vg.Inch, 150
	img := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	canvas := draw.Crop(draw.New(img), vg.Points(8), -vg.Points(10), vg.Points(6), -vg.Points(8))
	p := c.plot()
	style := p.Legend.TextStyle
	style.XAlign, style.YAlign = text.XLeft, text.YTop
	for i, line := range []string{c.Title, c.Y} {
		style.Font = letters(13 - 3.5*float64(i))
		canvas.FillText(style, vg.Point{X: canvas.Min.X, Y: canvas.Max.Y - vg.Points(19)*vg.Length(i)}, line)
	}
	p.Draw(draw.Crop(canvas, 0, 0, c.legend(canvas, p.Legend.TextStyle), -vg.Points(42)))
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = vgimg.PngCanvas{Canvas: img}.WriteTo(file)
	return errors.Join(err, file.Close())
}

// legend draws the arms' names in rows at the bottom and returns their height.
func (c Chart) legend(canvas draw.Canvas, style text.Style) vg.Length {
	const sign, gap, row = vg.Length(10), vg.Length(18), vg.Length(15)
	style.YAlign, style.XAlign = text.YCenter, text.XLeft
	rows, used := [][]Series{nil}, vg.Length(0)
	for _, s := range c.Series {
		w := sign + 5 + style.Width(s.Name) + gap
		if last := len(rows) - 1; used+w > canvas.Max.X-canvas.Min.X-40 && len(rows[last]) > 0 {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], s)
		used += w
	}
	for i, in := range rows {
		x, y := canvas.Min.X+vg.Length(40), canvas.Min.Y+row*(vg.Length(len(rows)-i)-0.5)
		for _, s := range in {
			canvas.FillPolygon(s.Color, []vg.Point{{X: x, Y: y - sign/2}, {X: x + sign, Y: y - sign/2}, {X: x + sign, Y: y + sign/2}, {X: x, Y: y + sign/2}})
			canvas.FillText(style, vg.Point{X: x + sign + 5, Y: y}, s.Name)
			x += sign + 5 + style.Width(s.Name) + gap
		}
	}
	return row*vg.Length(len(rows)) + 6
}
