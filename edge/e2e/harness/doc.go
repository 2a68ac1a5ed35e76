//go:build !js

// Package harness runs the built Worker for tests in Go, in workerd and with a storage of
// its own for each test. It decides how a Worker is started and ended, what a test may ask
// of it beside its sockets, and that none of the secrets it was given is ever said by it.
//
// What costs time in a start is Node, which has to read wrangler and Miniflare, and the
// database's migrations. Each is done once: a process of Node's that has served one test
// serves the next, with another workerd and an empty storage, and the database is a copy of
// one that was migrated when the tests began. At most as many run as there are tests in
// parallel. A process that did not end its Worker in time is ended and not used again.
//
// A server of make dev's (StartDev) is started anew each time, for it is there to be killed.
package harness
