package discovery

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseList reads a file's list of servers; an error says which line is wrong.
func parseList(text []byte) ([]Server, error) {
	list := list{servers: []Server{}, names: map[string]int{}, urls: map[string]int{}}
	start := firstLine(text)
	switch {
	case start == "":
		return nil, errors.New("it lists no server; write [] to say that there is none")
	case strings.HasPrefix(start, "[") || strings.HasPrefix(start, "{") || strings.HasPrefix(start, "-") || strings.HasPrefix(start, "servers:"):
		err := list.yaml(text)
		return list.servers, err
	}
	for n, line := range strings.Split(string(text), "\n") {
		if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) == "" {
			continue
		}
		if err := list.add(strings.TrimSpace(line), "", n+1); err != nil {
			return nil, err
		}
	}
	return list.servers, nil
}

// firstLine is the first that is no comment.
func firstLine(text []byte) string {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return string(line)
		}
	}
	return ""
}

// list is what was read so far, and in which lines.
type list struct {
	servers     []Server
	names, urls map[string]int
}

func (l *list) add(url, name string, line int) error {
	server, err := at(url, name)
	if err != nil {
		return fmt.Errorf("line %d: %w", line, err)
	}
	if first := l.urls[server.URL]; first > 0 {
		return fmt.Errorf("line %d: %s is in line %d already", line, server.URL, first)
	}
	if first := l.names[server.Name]; first > 0 {
		return fmt.Errorf("line %d: the name %.60q is in line %d already", line, server.Name, first)
	}
	l.urls[server.URL], l.names[server.Name] = line, line
	l.servers = append(l.servers, server)
	return nil
}

// yaml reads YAML, and JSON as a part of it: a list, or a mapping whose servers
// are one.
func (l *list) yaml(text []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return err // names the line
	}
	node := doc.Content[0]
	if node.Kind == yaml.MappingNode {
		if len(node.Content) != 2 || node.Content[0].Value != "servers" {
			return fmt.Errorf("line %d: want a list, or servers: and a list", node.Line)
		}
		node = node.Content[1]
	}
	if node.Kind != yaml.SequenceNode {
		return fmt.Errorf("line %d: want a list of servers", node.Line)
	}
	for _, entry := range node.Content {
		url, name, err := fields(entry)
		if err == nil {
			err = l.add(url, name, entry.Line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fields are an entry's: a URL, or a mapping of url and perhaps name.
func fields(entry *yaml.Node) (url, name string, err error) {
	if entry.Kind == yaml.ScalarNode {
		return entry.Value, "", nil
	}
	if entry.Kind != yaml.MappingNode {
		return "", "", fmt.Errorf("line %d: want a URL, or url and name", entry.Line)
	}
	for i := 0; i < len(entry.Content); i += 2 {
		key, value := entry.Content[i], entry.Content[i+1]
		switch {
		case value.Kind != yaml.ScalarNode:
			return "", "", fmt.Errorf("line %d: %s must be text", value.Line, key.Value)
		case key.Value == "url":
			url = value.Value
		case key.Value == "name":
			name = value.Value
		default:
			return "", "", fmt.Errorf("line %d: %.60q is not known: want url, name", key.Line, key.Value)
		}
	}
	return url, name, nil
}
