package runtimespec_test

import (
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
	} {
		assert.Equal(t, want, runtimespec.StringMember([]byte(body), "id"), body)
	}
}
