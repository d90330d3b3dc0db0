package runtimespec_test

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation()))
	return doc
}

func TestOpenAPI_PathsAreTheCodes(t *testing.T) {
	want := constants(t, "doc.go", "Path")
	maps.Copy(want, constants(t, "join.go", "Path"))
	require.ElementsMatch(t, slices.Collect(maps.Values(want)), slices.Collect(maps.Keys(document(t).Paths.Map())))
}

func TestOpenAPI_ReasonsAreTheCodes(t *testing.T) {
	var listed []runtimespec.Reason
	for _, value := range document(t).Components.Schemas["Reason"].Value.Enum {
		listed = append(listed, runtimespec.Reason(value.(string)))
	}
	require.Equal(t, runtimespec.Reasons(), listed)
}

// Each header is there, on a request or an answer, and no other but HTTP's own.
func TestOpenAPI_HeadersAreTheCodes(t *testing.T) {
	doc, listed := document(t), map[string]bool{}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, parameter := range operation.Parameters {
				if parameter.Value.In == openapi3.ParameterInQuery {
					require.Equal(t, "functions", operation.OperationID, "all else is asked for by headers")
					continue
				}
				require.Equal(t, openapi3.ParameterInHeader, parameter.Value.In)
				listed[parameter.Value.Name] = true
			}
			for _, response := range operation.Responses.Map() {
				for name := range response.Value.Headers {
					listed[name] = true
				}
			}
		}
	}
	for _, other := range []string{"Retry-After", "Upgrade", runtimespec.TunnelServer} {
		require.True(t, listed[other], other)
		delete(listed, other)
	}
	require.ElementsMatch(t, slices.Collect(maps.Values(constants(t, "headers.go", "Header"))), slices.Collect(maps.Keys(listed)))
}

// What an init or a run can be refused with is what reasons stand for.
func TestOpenAPI_StatusesAreTheReasons(t *testing.T) {
	doc, listed, want := document(t), map[string]bool{}, map[string]bool{}
	for _, path := range []string{runtimespec.PathInit, runtimespec.PathRun} {
		responses := doc.Paths.Value(path).Post.Responses
		require.NotNil(t, responses.Value("200").Value.Content.Get(runtimespec.MediaFrames), path)
		for status, response := range responses.Map() {
			if status != "200" {
				require.Contains(t, response.Value.Headers, runtimespec.HeaderReason, "%s %s", path, status)
				listed[status] = true
			}
		}
	}
	for _, r := range runtimespec.Reasons() {
		want[strconv.Itoa(r.Status())] = true
	}
	require.Equal(t, want, listed)
}

func TestOpenAPI_LimitsAreTheCodes(t *testing.T) {
	parameters := document(t).Components.Parameters
	require.EqualValues(t, runtimespec.MaxEnvHeader, *parameters["Env"].Value.Schema.Value.MaxLength)
	require.EqualValues(t, runtimespec.MaxTraceState, *parameters["TraceState"].Value.Schema.Value.MaxLength)
	require.EqualValues(t, runtimespec.MaxActivation, *parameters["Activation"].Value.Schema.Value.MaxLength)
	require.EqualValues(t, runtimespec.MaxTimeout.Milliseconds(), *parameters["Timeout"].Value.Schema.Value.Max)
}

// What a server says of itself has the members that readers know.
func TestOpenAPI_RegistrationIsTheCodes(t *testing.T) {
	var want []string
	kind := reflect.TypeFor[runtimespec.Registration]()
	for i := range kind.NumField() {
		name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		want = append(want, name)
	}
	require.ElementsMatch(t, want, slices.Collect(maps.Keys(document(t).Components.Schemas["Registration"].Value.Properties)))
	upgrade := document(t).Paths.Value(runtimespec.PathTunnel).Get.Parameters.GetByInAndName("header", "Upgrade")
	require.Equal(t, []any{runtimespec.UpgradeTunnel}, upgrade.Schema.Value.Enum)
}
