// Package web configures echo in the same way for every service. Errors are
// JSON, and every answer has a length.
package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
)

// New returns an echo that answers errors as {"error": message}, as OpenWhisk
// and its tools expect. It does not take the caller's address from headers.
func New(log *zap.Logger) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.JSONSerializer = sized{}
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			log.Debug("after the answer started", zap.Error(err))
			return
		}
		status, message := http.StatusInternalServerError, "internal error"
		if he, ok := errors.AsType[*echo.HTTPError](err); ok {
			status, message = he.Code, http.StatusText(he.Code)
		} else {
			log.Error("request failed", zap.String("path", c.Path()), zap.Error(err))
		}
		_ = c.JSON(status, map[string]string{"error": message})
	}
	return e
}

// Health answers a liveness probe.
func Health(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}
