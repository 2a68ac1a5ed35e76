package agent

import "github.com/holdfast-dev/holdfast/shared/client"

// Store is where ops outlive the page, for a core with Config.Offline. What it is asked for
// is done in that order, and never before the method has returned.
type Store interface {
	Keep(client.Keep)
	// Mark is answered with Marked, LoadKept with KeptLoaded.
	Mark(client.Mark)
	Forget(client.Forget)
	LoadKept(after uint64)
	EraseKept()
}

// NoStore is the Store of a page that has none.
type NoStore struct{}

// Keep does nothing, like the others: a core without Config.Offline never calls them.
func (NoStore) Keep(client.Keep) {}

// Mark: see Keep.
func (NoStore) Mark(client.Mark) {}

// Forget: see Keep.
func (NoStore) Forget(client.Forget) {}

// LoadKept: see Keep.
func (NoStore) LoadKept(uint64) {}

// EraseKept: see Keep.
func (NoStore) EraseKept() {}
