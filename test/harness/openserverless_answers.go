package harness

import (
	"encoding/json"
	"net/http"
	"strings"
)

// init returns the name of the answer, as run and stop do; they hold mu.
func (s *OpenServerlessServer) init(in peerRequest, bad bool) string {
	var value struct {
		Code string
		Env  map[string]any
	}
	if bad || json.Unmarshal(in.Value, &value) != nil {
		return "init-no-json"
	}
	hash, _ := value.Env["__OW_CODE_HASH"].(string)
	switch {
	case hash == "":
		return "init-no-hash"
	case in.ProxiedActionID == "":
		return "init-no-id"
	case value.Code == "":
		return "init-no-code"
	case strings.HasPrefix(value.Code, "#!/bin/false"):
		s.fresh = false
		return "init-failed"
	}
	s.known[hash], s.fresh = append(s.known[hash], in.ProxiedActionID), false
	return "init"
}

func (s *OpenServerlessServer) run(in peerRequest, bad bool) (string, http.HandlerFunc) {
	var value struct{ Do string }
	switch {
	case bad:
		return "run-no-json", nil
	case strings.HasPrefix(string(in.Value), "["):
		return "run-array", nil
	case in.ActionCodeHash == "":
		return "run-no-hash", nil
	case s.fresh:
		return "fresh-run", nil
	case s.known[in.ActionCodeHash] == nil:
		return "run-unknown", nil
	}
	_ = json.Unmarshal(in.Value, &value)
	if special := s.special[value.Do]; special != nil {
		return "", special
	}
	return strings.TrimSuffix("run-"+value.Do, "-"), nil
}

func (s *OpenServerlessServer) stop(in peerRequest) string {
	if s.fresh {
		return "fresh-stop"
	}
	for i, id := range s.known[in.ActionCodeHash] {
		if id == in.ProxiedActionID {
			ids := s.known[in.ActionCodeHash]
			if ids = append(ids[:i:i], ids[i+1:]...); len(ids) > 0 {
				s.known[in.ActionCodeHash] = ids
			} else {
				delete(s.known, in.ActionCodeHash)
			}
			return "init"
		}
	}
	return "stop-unknown"
}
