// Package configfile reads settings from a YAML file whose keys are the names
// of a command's flags. A flag that is given, or its variable, goes before it.
package configfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// From has kong read the file that the flag of this name, or its variable,
// says; without either there is none. Whatever is wrong with the file is an
// error of the configuration, also where something goes before it.
func From(flag string) kong.Option {
	return kong.WithBeforeResolve(func(ctx *kong.Context) error {
		flags := ctx.Model.Flags
		at := slices.IndexFunc(flags, func(f *kong.Flag) bool { return f.Name == flag })
		path, _ := ctx.FlagValue(flags[at]).(string)
		if path == "" {
			return nil
		}
		values, err := read(path, keys(flags, flag))
		if err != nil {
			return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
		}
		ctx.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
			if fromEnvironment(f) {
				return nil, nil // kong has read it already, and would put the file before it
			}
			return values[f.Name], nil
		}))
		return nil
	})
}

// keys are the flags that a file can set.
func keys(flags []*kong.Flag, config string) map[string]*kong.Flag {
	out := map[string]*kong.Flag{}
	for _, f := range flags {
		if f.Name != "help" && f.Name != "version" && f.Name != config {
			out[f.Name] = f
		}
	}
	return out
}

func fromEnvironment(f *kong.Flag) bool {
	return slices.ContainsFunc(f.Tag.Envs, func(name string) bool {
		_, set := os.LookupEnv(name)
		return set
	})
}

// read reads a file whole: texts, or lists of texts, by key.
func read(path string, allowed map[string]*kong.Flag) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	root, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	values := map[string]any{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		at := fmt.Sprintf("%s, line %d: %s", path, key.Line, key.Value)
		flag := allowed[key.Value]
		if flag == nil {
			return nil, fmt.Errorf("%s is no setting; %s", at, instead(key.Value, allowed))
		}
		if values[key.Value] != nil {
			return nil, fmt.Errorf("%s is there twice", at)
		}
		if values[key.Value], err = decode(flag, value); err != nil {
			return nil, fmt.Errorf("%s must be %w", at, err)
		}
	}
	return values, nil
}

// parse returns a document's mapping; an empty one has no keys.
func parse(text []byte) (*yaml.Node, error) {
	var document, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(&document)
	switch {
	case errors.Is(err, io.EOF):
		return &yaml.Node{}, nil
	case err != nil:
		return nil, err
	case !errors.Is(decoder.Decode(&more), io.EOF):
		return nil, errors.New("there must be one document in it")
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return &yaml.Node{}, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("it must hold settings, such as keep-alive: 5m")
	}
	return root, nil
}
