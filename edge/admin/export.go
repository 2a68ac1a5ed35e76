package admin

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// An export is NDJSON: a manifest, lines of what there is, and a last line that says it is complete.
// It comes in pages, because neither this Worker nor an object may hold all of it: each ends with
// where to go on, and all of them, one behind the other, are one file.

const (
	// exportVersion is that of the lines' form.
	exportVersion = 1
	// maxAfter is longer than any key of a row.
	maxAfter = 1024
)

// exporting is a page that is written.
type exporting struct {
	*request
	path  string
	limit int
	body  []byte
	// lines counts those of all pages, this one's included.
	lines uint64
	// room and bytes are what there is room for.
	room, bytes int
	// section, after and generation are where the page before has ended, since is since when there is the user
	// whose export it is.
	section, after, generation, since string
	// next is where this one has, nil for the end of all.
	next url.Values
}

// export reads where a page begins.
func (c *request) export(path string) (e *exporting, err *protocol.Error) {
	e = &exporting{request: c, path: path, bytes: c.cfg.PageBytes}
	if e.limit, err = c.count("limit", c.cfg.PageEntries, c.cfg.PageEntries); err != nil {
		return nil, err
	}
	e.room = e.limit
	for _, p := range [...]struct {
		name string
		into *string
		most int
	}{{"section", &e.section, 64}, {"after", &e.after, maxAfter}, {"generation", &e.generation, maxETag}} {
		if *p.into, err = c.query(p.name); err != nil || len(*p.into) > p.most {
			return nil, rest.BadField(p.name)
		}
	}
	if e.lines, err = c.version("lines"); err != nil {
		return nil, err
	}
	if e.section == "" && (e.after != "" || e.generation != "") {
		return nil, rest.BadField("section")
	}
	return e, nil
}

// put appends a line.
func (e *exporting) put(line []byte) {
	e.body = append(append(e.body, line...), '\n')
	e.lines++
	e.room--
	e.bytes -= len(line)
}

// take appends the lines of an object's answer.
func (e *exporting) take(a *call.Exported) {
	for lines := jsonscan.Elements(a.Lines); lines.Next(); {
		e.put(lines.Value())
	}
}

func (e *exporting) full() bool { return e.room <= 0 || e.bytes <= 0 }

// page is what an object is asked for.
func (e *exporting) page(section, after string) call.ExportUser {
	return call.ExportUser{Section: section, After: after, Entries: max(1, e.room), Bytes: max(1, e.bytes)}
}

// exported asks an object.
func (e *exporting) exported(id string, m call.Message) (a call.Exported, err *protocol.Error) {
	value, err := e.ask(e.ctx, id, m)
	if err != nil {
		return a, err
	}
	a, isPage := call.ParseExported(value)
	if !isPage {
		return a, badAnswer()
	}
	return a, nil
}

// stop says where the next page goes on.
func (e *exporting) stop(of, document, section, after, generation string) {
	e.next = url.Values{"section": {section}}
	for _, p := range [...]struct{ name, value string }{{"of", of}, {"document", document}, {"after", after}, {"generation", generation}, {"since", e.since}} {
		if p.value != "" {
			e.next.Set(p.name, p.value)
		}
	}
}

// manifest begins the first line.
func (e *exporting) manifest(format string) jsonscan.Writer {
	w := jsonscan.NewObject(nil)
	w.Str("kind", "manifest")
	w.Str("format", format)
	w.Int("format_version", exportVersion)
	w.Time("made_at", e.cfg.Now().UTC())
	w.Open("pages")
	w.Int("max_lines", int64(e.limit))
	w.Int("max_bytes", int64(e.cfg.PageBytes))
	w.Close()
	return w
}

// has ends the manifest: what there is in this export, and what not.
func (e *exporting) has(w *jsonscan.Writer, has []string, hasNot ...left) {
	w.Strs("has", has)
	appendLeft(w, "has_not", hasNot)
	e.put(w.End())
}

// answer ends the page. Its last line counts all lines up to itself.
func (e *exporting) answer() answer {
	out := answer{status: http.StatusOK, lines: true}
	w := jsonscan.NewObject(nil)
	if e.lines++; e.next == nil {
		w.Str("kind", "end")
		w.Bool("complete", true)
		w.Uint("lines", e.lines)
	} else {
		lines := strconv.FormatUint(e.lines, 10)
		e.next.Set("lines", lines)
		e.next.Set("limit", strconv.Itoa(e.limit))
		next := e.path + "?" + e.next.Encode()
		w.Str("kind", "page")
		w.Uint("lines", e.lines)
		w.Str("next", next)
		out.link = "<" + next + `>; rel="next"`
	}
	out.body = append(append(e.body, w.End()...), '\n')
	return out
}
