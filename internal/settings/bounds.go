package settings

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Wanted says in words what the setting's value must be.
func (s *Setting) Wanted() string {
	low, high := s.bounds()
	switch kind := s.Kind(); {
	case len(s.Enum) > 0:
		return "one of " + strings.Join(s.Enum, ", ")
	case kind == Time && low > 0:
		return "a time above 0, such as 10m or 30s"
	case kind == Time:
		return "a time, such as 10m or 30s, or 0s"
	case kind == Bool:
		return "true or false"
	case kind == List:
		return "a list of texts, such as [one, two]"
	case kind == Text:
		return "a text"
	case s.Unit == "bytes" && low > 0:
		return "a number of bytes above 0, such as 64MiB"
	case s.Unit == "bytes":
		return "a number of bytes, such as 64MiB"
	case high < math.MaxInt64:
		return fmt.Sprintf("a whole number from %d to %d", low, high)
	case low > 0:
		return "a whole number above 0"
	}
	return "a whole number, 0 or more"
}

// bounds returns the bounds of a given number or time. 0 is within them if the
// setting gives it a meaning.
func (s *Setting) bounds() (low, high int64) {
	low, high = 1, math.MaxInt64
	if s.Unset != "" || s.tag.Get("zero") != "" {
		low = 0
	}
	if text, ok := s.tag.Lookup("min"); ok {
		low = s.mustNumber(text)
	}
	if text, ok := s.tag.Lookup("max"); ok {
		high = s.mustNumber(text)
	}
	return low, high
}

// inBounds returns an error that says what the value must be, if it is out of
// bounds.
func (s *Setting) inBounds(value reflect.Value) error {
	if low, high := s.bounds(); value.CanInt() && (value.Int() < low || value.Int() > high) {
		return errors.New(s.Wanted())
	}
	return nil
}

// isNone reports whether a value stands for a given 0.
func (s *Setting) isNone(value reflect.Value) bool {
	return s.tag.Get("zero") != "" && value.CanInt() && value.Int() < 0
}

func (s *Setting) mustNumber(text string) int64 {
	n, err := s.number(text)
	if err != nil {
		panic(fmt.Sprintf("--%s: %v", s.Flag, err))
	}
	return n
}

func (s *Setting) number(text string) (int64, error) {
	switch {
	case s.Kind() == Time:
		d, err := time.ParseDuration(text)
		return int64(d), err
	case s.Unit == "bytes":
		return parseBytes(text)
	}
	return strconv.ParseInt(text, 10, 64)
}

// parseBytes reads a number of bytes, such as 67108864 or 64MiB.
func parseBytes(text string) (int64, error) {
	shift := 0
	for i, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			text, shift = number, 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if n > math.MaxInt64>>shift {
		err = strconv.ErrRange
	}
	return n << shift, err
}
