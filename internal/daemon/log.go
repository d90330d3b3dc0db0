package daemon

import (
	"fmt"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"
)

// Formats of a log.
const (
	LogAuto  = "auto"  // human at a terminal, JSON elsewhere
	LogHuman = "human" // for a reader: a time, a level, a message, and fields behind them
	LogJSON  = "json"  // one object a line
)

// Stderr is the path of a log that goes there.
const Stderr = "stderr"

// NewLog returns a logger that writes lines to path: a file, "stderr", or
// nothing if it is empty. The lines are for a reader at a terminal and JSON
// elsewhere.
func NewLog(level, path string) (*zap.Logger, error) {
	if path == "" {
		return zap.NewNop(), nil
	}
	at, err := zap.ParseAtomicLevel(level)
	if err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	return NewLogIn(LogAuto, at, path)
}

// NewLogIn is NewLog with a fixed format and a level that can be changed later.
func NewLogIn(format string, level zap.AtomicLevel, path string) (*zap.Logger, error) {
	if path == "" {
		return zap.NewNop(), nil
	}
	cfg := zap.NewProductionConfig()
	cfg.Level = level
	cfg.OutputPaths, cfg.ErrorOutputPaths = []string{path}, []string{path}
	cfg.EncoderConfig.EncodeTime = zapcore.ISO8601TimeEncoder
	cfg.DisableStacktrace, cfg.DisableCaller, cfg.Sampling = true, true, nil
	switch format {
	case LogAuto:
		if !atTerminal(path) {
			break
		}
		fallthrough
	case LogHuman:
		cfg.Encoding = "console"
		cfg.EncoderConfig.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		cfg.EncoderConfig.EncodeLevel = zapcore.CapitalLevelEncoder
		cfg.EncoderConfig.EncodeDuration = zapcore.StringDurationEncoder
		cfg.EncoderConfig.ConsoleSeparator = "  "
		cfg.EncoderConfig.NameKey = zapcore.OmitKey
	case LogJSON:
	default:
		return nil, fmt.Errorf("log format: %q is none of auto, human, json", format)
	}
	return cfg.Build()
}

// atTerminal reports whether what is written to path appears at a terminal.
func atTerminal(path string) bool {
	switch path {
	case Stderr:
		return term.IsTerminal(int(os.Stderr.Fd()))
	case "stdout":
		return term.IsTerminal(int(os.Stdout.Fd()))
	}
	return false
}
