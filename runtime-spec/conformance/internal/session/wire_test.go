package session

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestSameJSON_ComparesNumbersAsSpelled(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":[true]}`, ` {"b": [true], "a": 1}` + "\n", true},
		{`9007199254740993`, `9007199254740992`, false},
		{`1.0`, `1`, false},
		{`{}`, `{} {}`, false},
		{`{`, `{`, false},
	} {
		if got := sameJSON([]byte(tc.a), []byte(tc.b)); got != tc.want {
			t.Errorf("sameJSON(%s, %s) = %v", tc.a, tc.b, got)
		}
	}
}

func TestSentinelEnds_CountsOnlyWholeLines(t *testing.T) {
	const line = Sentinel + "\n"
	for _, tc := range []struct {
		text string
		want int
	}{
		{"", 0}, {line, 1}, {"log\n" + line + line, 2}, {Sentinel, 0}, {"log" + line, 0}, {" " + line, 0}, {Sentinel + "\r\n", 0},
	} {
		if got := len(sentinelEnds([]byte(tc.text))); got != tc.want {
			t.Errorf("%q: got %d sentinels, want %d", tc.text, got, tc.want)
		}
	}
}

func TestStream_WaitsOnlyForAStreamThatMayLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tc := range []struct {
			immediate bool
			lag       time.Duration
			ok        bool
		}{
			{false, 0, true}, {false, time.Second, true}, {false, 3 * time.Second, false},
			{true, 0, true}, {true, time.Second, false},
		} {
			var content atomic.Pointer[[]byte]
			content.Store(&[]byte{})
			written := time.AfterFunc(tc.lag, func() {
				text := []byte("log\n" + Sentinel + "\n")
				content.Store(&text)
			})
			if tc.lag == 0 {
				synctest.Wait()
			}
			s := &stream{name: "stdout", read: func() []byte { return *content.Load() }, immediate: tc.immediate}
			log, err := s.take(t.Context(), 1)
			if (err == nil) != tc.ok || tc.ok && string(log) != "log\n" {
				t.Errorf("immediate %v, lag %v: got %q, %v", tc.immediate, tc.lag, log, err)
			}
			written.Stop()
		}
	})
}

func TestStream_GivesEachActivationItsOwnLog(t *testing.T) {
	text := []byte("import\none\n" + Sentinel + "\nbetween\n")
	s := &stream{name: "stdout", read: func() []byte { return text }, immediate: true}
	if log, err := s.take(t.Context(), 1); err != nil || string(log) != "import\none\n" {
		t.Fatalf("first: %q, %v", log, err)
	}
	if err := s.none(); err != nil {
		t.Errorf("between: %v", err)
	}
	text = append(text, "two\n"+Sentinel+"\n"...)
	if err := s.none(); err == nil {
		t.Error("an unexpected sentinel went unnoticed")
	}
	if log, err := s.take(t.Context(), 1); err != nil || string(log) != "between\ntwo\n" {
		t.Fatalf("second: %q, %v", log, err)
	}
}
