package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

// table returns what README.md has to list: a row for each case.
func table() string {
	var rows strings.Builder
	group := ""
	for _, c := range conformance.Cases() {
		if c.Group != group {
			group = c.Group
			fmt.Fprintf(&rows, "\n### %s\n\n| case | behaviour |\n|---|---|\n", group)
		}
		note := ""
		if c.Own {
			note = " *(own)*"
		}
		fmt.Fprintf(&rows, "| `%s` | %s%s |\n", c.ID, c.Behaviour, note)
	}
	return rows.String()
}

func TestReadme_ListsExactlyTheCases(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, listed, found := strings.Cut(string(text), "\n## Cases\n")
	if !found {
		t.Fatal(`README.md has no heading "## Cases"`)
	}
	if listed != table() {
		t.Errorf("README.md lists something else below \"## Cases\"; it should be:\n%s", table())
	}
}

func TestCases_AreWellFormed(t *testing.T) {
	id := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, c := range conformance.Cases() {
		if !id.MatchString(c.ID) || seen[c.ID] {
			t.Errorf("id %q is malformed or there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Behaviour == "" || c.Group == "" || strings.ContainsAny(c.Behaviour, "|\n") {
			t.Errorf("%s: group %q, behaviour %q", c.ID, c.Group, c.Behaviour)
		}
		if c.Kind != "" && !slices.Contains(conformance.Kinds(), c.Kind) {
			t.Errorf("%s: kind %q", c.ID, c.Kind)
		}
	}
}

func TestFor_GivesEveryCaseToSomeKind(t *testing.T) {
	given := map[string]int{}
	for _, kind := range conformance.Kinds() {
		for _, c := range conformance.For(kind) {
			if c.Kind != kind {
				t.Errorf("For(%q) has %s of kind %q", kind, c.ID, c.Kind)
			}
			given[c.ID]++
		}
	}
	for _, c := range conformance.Cases() {
		want := 1
		if c.Kind == "" {
			want = len(conformance.Kinds())
		}
		if given[c.ID] != want {
			t.Errorf("%s is given to %d kinds, want %d", c.ID, given[c.ID], want)
		}
	}
}

// lacking is a target that hides its streams and obeys nothing.
type lacking struct{ conformance.Target }

func (l lacking) Start(ctx context.Context, env map[string]string) (*conformance.Container, error) {
	c, err := l.Target.Start(ctx, env)
	if err == nil {
		c.Stdout, c.Stderr = nil, nil
	}
	return c, err
}

func TestCheck_DoesNotPassWhatItCannotSee(t *testing.T) {
	target := lacking{fakeTarget(t, "")}
	for _, id := range []string{"log-200-kb", "native-ack", "native-exec-env", "unknown-kind"} {
		if err := conformance.Check(t.Context(), target, nativeCase(t, id)); !errors.Is(err, conformance.ErrNotChecked) {
			t.Errorf("%s: expected %v, got %v", id, conformance.ErrNotChecked, err)
		}
	}
	if err := conformance.Check(t.Context(), target, nativeCase(t, "four-echoes")); err != nil {
		t.Errorf("what can be seen without streams: %v", err)
	}
	unbound := conformance.Cases()[0]
	if err := conformance.Check(t.Context(), target, unbound); !errors.Is(err, conformance.ErrNotChecked) {
		t.Errorf("a case without a kind: expected %v, got %v", conformance.ErrNotChecked, err)
	}
}

func TestRun_ReportsEveryVerdict(t *testing.T) {
	cases := []conformance.Case{nativeCase(t, "other-main"), nativeCase(t, "init-twice"), nativeCase(t, "unknown-kind")}
	target := fakeTarget(t, "second init not logged")
	target.Needs = 0
	report := conformance.Run(t.Context(), target, cases)
	want := []conformance.Verdict{conformance.Passed, conformance.Failed, conformance.NotChecked}
	for i, o := range report {
		if o.Verdict != want[i] || (o.Why == nil) != (want[i] == conformance.Passed) {
			t.Errorf("%s: %v, %v; want %v", o.Case.ID, o.Verdict, o.Why, want[i])
		}
	}
	var text strings.Builder
	if _, err := report.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"passed       other-main", "failed       init-twice", "in the log",
		"not checked  unknown-kind", "WHISKAWAY_KIND", "1 passed, 1 failed, 1 not checked",
	} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("the table lacks %q:\n%s", part, text.String())
		}
	}
}

func TestRun_ChecksNothingAfterItsContextEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	report := conformance.Run(ctx, fakeTarget(t, ""), []conformance.Case{nativeCase(t, "other-main")})
	if report.Count(conformance.NotChecked) != 1 {
		t.Errorf("expected it not to be checked, got %v", report[0].Verdict)
	}
}

func TestExec_SaysWhyNothingListens(t *testing.T) {
	_, err := conformance.Exec{Command: []string{"/bin/sh", "-c", "echo no luck >&2; exit 1"}}.Start(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("expected an error with the process's stderr, got %v", err)
	}
}
