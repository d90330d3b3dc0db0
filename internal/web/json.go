package web

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/labstack/echo/v4"
)

// sized writes JSON with its length. The server would leave the length out of
// an answer to a request whose body was not read, and the platform takes a
// container that answers without a length for dead.
type sized struct{ echo.DefaultJSONSerializer }

// Serialize writes v as the whole body of an answer.
func (sized) Serialize(c echo.Context, v any, indent string) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(body.Len()))
	_, err := c.Response().Write(body.Bytes())
	return err
}
