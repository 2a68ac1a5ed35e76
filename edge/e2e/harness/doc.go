//go:build !js

// Package harness runs the built Worker for tests in Go, in workerd and with storage of its own
// for each test. It decides how a Worker starts and ends, what a test may ask of it beside its
// sockets, and it checks that the Worker reveals none of the secrets that it was given.
//
// Two things make a start slow: Node, which has to read wrangler and Miniflare, and the
// database's migrations. The harness does each once. A Node process that has served one test
// serves the next, with another workerd and empty storage. The database is a copy of one that
// was migrated when the tests began. There are at most as many processes as parallel tests. A
// process that does not end its Worker in time is ended and not used again.
//
// A server of make dev (StartDev) is always a new one, because it is there to be killed.
package harness
