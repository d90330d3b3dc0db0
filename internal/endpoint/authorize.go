package endpoint

import (
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// authorize checks the token and determines the tenant.
func (c *Call) authorize() error {
	grant, err := c.endpoint.Tokens().Check(c.HeaderValue("Authorization"))
	if err != nil {
		return refusal.New(runtimespec.Unauthorized, "the %s wants a bearer token that it knows: set --token-file on the caller", c.endpoint.Service)
	}
	c.Grant, c.Tenant = grant, grant.Tenant
	if tenant := c.HeaderValue(runtimespec.HeaderTenant); tenant != "" {
		if !grant.Delegate {
			return refusal.New(runtimespec.Forbidden, "this token may not act for another tenant")
		}
		c.Tenant = tenant
	}
	if c.endpoint.Admit != nil {
		return c.endpoint.Admit(c)
	}
	return nil
}

// NamesTenant reports whether the request names the tenant that it is for.
func (c *Call) NamesTenant() bool { return c.HeaderValue(runtimespec.HeaderTenant) != "" }

// FromBrowser reports whether a browser sent the request. Any web page can make
// a browser call this host, but not without these headers.
func (c *Call) FromBrowser() bool {
	return len(c.Header["Origin"]) > 0 || len(c.Header["Sec-Fetch-Site"]) > 0
}
