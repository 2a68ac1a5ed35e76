package admin

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// readContent answers with a page of a document's content, a line for each entry or part of the
// snapshot, and a last one that says where to go on.
func readContent(c *request) (answer, *protocol.Error) {
	limit, err := c.count("limit", c.cfg.PageEntries, c.cfg.PageEntries)
	if err != nil {
		return answer{}, err
	}
	q := call.Content{Entries: limit, Bytes: c.cfg.PageBytes, Known: c.request.Header.Get("If-None-Match")}
	for _, of := range [...]struct {
		name string
		into *uint64
	}{{"after", &q.After}, {"snapshot", &q.Snapshot}, {"part", &q.Part}} {
		if *of.into, err = c.version(of.name); err != nil {
			return answer{}, err
		}
	}
	if q.Generation, err = c.query("generation"); err != nil || len(q.Generation) > maxETag {
		return answer{}, rest.BadField("generation")
	}
	if tag := c.request.Header.Get("If-Match"); tag != "" {
		generation, _, isTag := parseETag(tag)
		if !isTag || q.Generation != "" && q.Generation != generation {
			return answer{}, rest.BadField("If-Match")
		}
		q.Generation = generation
	}
	if len(q.Known) > maxKnown {
		q.Known = ""
	}
	if err := c.known(); err != nil {
		return answer{}, err
	}
	page, err := c.ask(c.ctx, c.document, q.Message())
	if err != nil {
		return answer{}, err
	}
	return c.linesOf(page, limit)
}

const (
	// maxETag is more than a generation is long, and maxKnown bounds If-None-Match.
	maxETag  = 128
	maxKnown = 1024
)

// version returns a parameter that is a version, 0 for none.
func (c *request) version(parameter string) (uint64, *protocol.Error) {
	text, err := c.query(parameter)
	if err != nil || text == "" {
		return 0, err
	}
	return version(text, parameter, 0)
}

// linesOf writes what a document has answered as lines.
func (c *request) linesOf(page []byte, limit int) (answer, *protocol.Error) {
	p, isPage := parseContent(page)
	if !isPage {
		return answer{}, badAnswer()
	}
	out := answer{status: http.StatusOK, lines: true, etag: `"` + p.generation + "." + strconv.FormatUint(p.version, 10) + `"`}
	if p.same {
		out.status = http.StatusNotModified
		return out, nil
	}
	body := make([]byte, 0, len(page)+512)
	for lines := jsonscan.Elements(p.lines); lines.Next(); {
		body = append(append(body, lines.Value()...), '\n')
	}
	next := c.nextPage(&p, limit)
	w := jsonscan.NewObject(body)
	w.Str("kind", "end")
	w.Str("generation", p.generation)
	w.Uint("document_version", p.version)
	w.Uint("after", p.after)
	w.Bool("more", p.more)
	w.Str("next", next)
	out.body = append(w.End(), '\n')
	if p.more {
		out.link = "<" + next + `>; rel="next"`
	}
	return out, nil
}

// contentPage is what a document's object has answered.
type contentPage struct {
	generation                     string
	version, after, snapshot, part uint64
	more, same                     bool
	lines                          []byte
}

func parseContent(text []byte) (p contentPage, ok bool) {
	for o, _ := jsonscan.Parse(text); o.Next(); {
		switch string(o.Key()) {
		case "generation":
			p.generation, _ = jsonscan.Str(o.Value())
		case "document_version":
			p.version, ok = jsonscan.Uint(o.Value())
		case "lines":
			p.lines = o.Value()
		case "after":
			p.after, _ = jsonscan.Uint(o.Value())
		case "snapshot":
			p.snapshot, _ = jsonscan.Uint(o.Value())
		case "part":
			p.part, _ = jsonscan.Uint(o.Value())
		case "more":
			p.more, _ = jsonscan.Bool(o.Value())
		case "same":
			p.same, _ = jsonscan.Bool(o.Value())
		}
	}
	return p, ok && (p.same || len(p.lines) > 0 && p.lines[0] == '[')
}

// nextPage is where a reader goes on: behind this page, in this generation.
func (c *request) nextPage(p *contentPage, limit int) string {
	q := url.Values{"after": {strconv.FormatUint(p.after, 10)}, "limit": {strconv.Itoa(limit)}}
	if p.generation != "" {
		q.Set("generation", p.generation)
	}
	if p.snapshot > 0 {
		q.Set("snapshot", strconv.FormatUint(p.snapshot, 10))
		q.Set("part", strconv.FormatUint(p.part, 10))
	}
	return strings.Replace(documentPath, "{document}", c.document, 1) + "/content?" + q.Encode()
}

// parseETag takes the tag of a document's state apart.
func parseETag(tag string) (generation string, version uint64, ok bool) {
	inner, quoted := strings.CutPrefix(strings.TrimSpace(tag), `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	dot := strings.LastIndexByte(inner, '.')
	if !quoted || !closed || dot < 0 || dot > maxETag {
		return "", 0, false
	}
	version, isVersion := jsonscan.Uint([]byte(inner[dot+1:]))
	return inner[:dot], version, isVersion && version <= protocol.MaxSeq
}

// getPresence answers with who is connected now.
func getPresence(c *request) (answer, *protocol.Error) {
	if err := c.known(); err != nil {
		return answer{}, err
	}
	r := call.Presence{}
	members, err := c.ask(c.ctx, c.document, r.Message())
	if err != nil {
		return answer{}, err
	}
	return ok(members), nil
}
