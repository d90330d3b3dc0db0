package runtimespec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestStringMember_IsOfTheTopLevel(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":"a"}`:                          "a",
		` { "x" : {"id":"no"} , "id" : "b" }`: "b",
		`{"id":"a","\u0069d":"last \n"}`:      "last \n",
		`{"value":{"id":"a"}}`:                "",
		`{"id":7}`:                            "",
		`{"id":null}`:                         "",
		`{"id":"a`:                            "",
		`["id","a"]`:                          "",
		``:                                    "",
		`{"id":"\ud800","id\x":"a"}`:          "", // it would be another's that is broken, too
	} {
		assert.Equal(t, want, runtimespec.StringMember([]byte(body), "id"), body)
	}
}

func TestIsError_IsAnObjectsOwnMember(t *testing.T) {
	for result, want := range map[string]bool{
		`{"error":"x"}`:                       true,
		` {"a":[1,{"b":2}], "error" : null }`: true,
		`{"a":{"error":1}}`:                   false,
		`{"a":"error"}`:                       false,
		`{"a":"\"error\":"}`:                  false,
		`{"errors":1}`:                        false,
		`["error"]`:                           false,
		`[{"error":1}]`:                       false,
		`{}`:                                  false,
		``:                                    false,
		`{"error"`:                            false,
	} {
		assert.Equal(t, want, runtimespec.IsError([]byte(result)), result)
	}
	large := []byte(`{"a":"` + strings.Repeat("x", 1<<20) + `","error":1}`)
	assert.Zero(t, testing.AllocsPerRun(10, func() { runtimespec.IsError(large) }))
}
