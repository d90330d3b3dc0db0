package web_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/internal/web"
)

func TestNew_ErrorsHaveTheShapeThatOpenWhiskExpects(t *testing.T) {
	core, logged := observer.New(zapcore.DebugLevel)
	e := web.New(zap.New(core))
	e.GET("/healthz", web.Health)
	e.GET("/fails", func(echo.Context) error { return errors.New("the password is 1234") })
	e.GET("/refuses", func(echo.Context) error { return echo.NewHTTPError(http.StatusTeapot, "details") })
	e.GET("/late", func(c echo.Context) error {
		_ = c.String(http.StatusOK, "started")
		return errors.New("too late")
	})
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{http.MethodGet, "/healthz", http.StatusOK, `{"status":"ok"}`},
		{http.MethodGet, "/nowhere", http.StatusNotFound, `{"error":"Not Found"}`},
		{http.MethodPost, "/healthz", http.StatusMethodNotAllowed, `{"error":"Method Not Allowed"}`},
		{http.MethodGet, "/fails", http.StatusInternalServerError, `{"error":"internal error"}`},
		{http.MethodGet, "/refuses", http.StatusTeapot, `{"error":"I'm a teapot"}`},
		{http.MethodGet, "/late", http.StatusOK, "started"},
	} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		body, _ := io.ReadAll(w.Result().Body)
		assert.Equal(t, c.status, w.Code, c.path)
		assert.Equal(t, c.body, strings.TrimSpace(string(body)), c.path)
	}
	assert.Len(t, logged.FilterMessage("request failed").All(), 1)
	assert.Len(t, logged.FilterMessage("after the answer started").All(), 1)
}

func TestNew_TrustsNoHeaderAboutTheCaller(t *testing.T) {
	e := web.New(zap.NewNop())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "192.0.2.1:1234"
	r.Header.Set("X-Forwarded-For", "127.0.0.1")
	r.Header.Set("X-Real-Ip", "127.0.0.1")
	assert.Equal(t, "192.0.2.1", e.NewContext(r, httptest.NewRecorder()).RealIP())
}
