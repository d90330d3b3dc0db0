// Package runtimespec is the contract between a client container, a load
// balancer and a server: function identity, header names, frames, the reasons
// of a refusal and the load report. README.md beside it is the specification;
// this package is the part of it that is code. It depends on no other package
// of the project.
package runtimespec

// Version is the version of the contract, hashed into every identity.
const Version = "whiskaway/1"

// Paths of the contract, on a client container, a balancer and a server alike.
const (
	PathInit      = "/init"
	PathRun       = "/run"
	PathStop      = "/stop"
	PathFunctions = "/functions"
	PathHealth    = "/healthz"
	PathReady     = "/readyz"
)

// Sentinel ends an activation's logs on each of a container's two streams.
const Sentinel = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX"
