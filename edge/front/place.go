package front

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// One name is another object in each jurisdiction. With JURISDICTION changed every user and
// document would begin anew, and nobody would notice until somebody missed what they had written.
// So the database keeps the jurisdiction of the deployment's first request.
const (
	readPlace  = "SELECT value FROM deployment WHERE name = 'jurisdiction'"
	writePlace = "INSERT INTO deployment (name, value) VALUES ('jurisdiction', ?1) ON CONFLICT (name) DO UPDATE SET name = name RETURNING value"
)

// placePatience is how long requests wait for the database to say so, and placeAgain how long the
// core then waits before it asks again.
const (
	placePatience = 2 * time.Second
	placeAgain    = 10 * time.Second
)

// readPlacement reads where objects are to be. A word that is none must not become a default.
func (c *Config) readPlacement(env []byte) {
	var ok bool
	if c.Jurisdiction, ok = vars.Jurisdiction.Choose(value(env, vars.Text(vars.Jurisdiction.Name()))); !ok {
		c.Misplaced = notConfigured("jurisdiction_unusable", "JURISDICTION is no jurisdiction.")
	} else if _, ok = vars.LocationHint.Choose(value(env, vars.Text(vars.LocationHint.Name()))); !ok {
		c.Misplaced = notConfigured("location_hint_unusable", "LOCATION_HINT is no region.")
	}
}

// start asks, once for an isolate, where the deployment's objects are.
func (f *Front) start() []byte {
	if f.cfg.Misplaced != nil {
		return final("done")
	}
	a := admission{await: awaitPlace}
	return a.query(placePatience, readPlace)
}

// placed compares where the objects are with where they are to be. While the database does not
// answer requests go on: who is connected, or resumes, does not depend on it.
func (f *Front) placed(a *admission, result []byte) []byte {
	rows, answered := queried(result)
	if !answered {
		line := jsonscan.NewObject(nil)
		line.Str("level", "warn")
		line.Str("event", "jurisdiction_unchecked")
		line.Str("message", "The database did not say where this deployment's objects are: are its migrations applied?")
		w := step("done")
		w.Int("again_ms", placeAgain.Milliseconds())
		w.Str("log", string(line.End()))
		return w.End()
	}
	row := jsonscan.Elements(rows)
	if !row.Next() {
		if a.await != awaitPlace {
			return final("done")
		}
		a.await = awaitPlaced
		return a.query(placePatience, writePlace, f.cfg.Jurisdiction)
	}
	cell := jsonscan.Elements(row.Value())
	cell.Next()
	there, _ := jsonscan.Str(cell.Value())
	if there == f.cfg.Jurisdiction {
		return final("done")
	}
	f.cfg.Misplaced = notConfigured("jurisdiction_changed", "its objects are in the jurisdiction "+there+", and JURISDICTION says "+f.cfg.Jurisdiction+".")
	line := jsonscan.NewObject(nil)
	line.Str("level", "error")
	line.Str("event", "not_configured")
	line.Str("reason", f.cfg.Misplaced.Reason)
	line.Str("message", f.cfg.Misplaced.Message)
	w := step("done")
	w.Str("log", string(line.End()))
	return w.End()
}

// misplaced answers a request whose answer would depend on an object.
func (f *Front) misplaced(header ...string) []byte {
	return respondWith(f.cfg.Misplaced, f.cfg.Misplaced.Row().HTTP, header...)
}
