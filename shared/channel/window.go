package channel

import "github.com/holdfast-dev/holdfast/shared/serverconn"

// What a device's and an app's connections have of package serverconn.
type (
	Window = serverconn.Window
	Probes = serverconn.Probes
	Secret = serverconn.Secret
)

// NewProbes returns the ids of one boot.
func NewProbes(s Secret) Probes { return serverconn.NewProbes(s) }
