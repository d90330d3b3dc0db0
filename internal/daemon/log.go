package daemon

import (
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// NewLog returns a logger that writes JSON lines to path: a file, "stderr", or
// nothing when empty.
func NewLog(level, path string) (*zap.Logger, error) {
	if path == "" {
		return zap.NewNop(), nil
	}
	at, err := zap.ParseAtomicLevel(level)
	if err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	return NewLogAt(at, path)
}

// NewLogAt is NewLog with a level that can be changed later.
func NewLogAt(level zap.AtomicLevel, path string) (*zap.Logger, error) {
	if path == "" {
		return zap.NewNop(), nil
	}
	cfg := zap.NewProductionConfig()
	cfg.Level = level
	cfg.OutputPaths, cfg.ErrorOutputPaths = []string{path}, []string{path}
	cfg.EncoderConfig.EncodeTime = zapcore.ISO8601TimeEncoder
	cfg.DisableStacktrace, cfg.DisableCaller, cfg.Sampling = true, true, nil
	return cfg.Build()
}
