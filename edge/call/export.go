package call

// What exports.
var (
	// KindExport reads a page of what a document has, or of what it has of one user: Export.
	KindExport = Kind{Documents, "export", "exported"}
	// KindExportUser reads a page of what a user's object has: ExportUser.
	KindExportUser = Kind{Sessions, "export", "exported"}
)

// Export asks a document for a page of everything that it has: lines from a Section on, there
// those behind After, the key of a row; at most so many Entries and about so many Bytes. It is
// answered with Exported.
type Export struct {
	// Of is the one user whose rows are meant, "" for all that there is.
	Of string
	// Generation, Version and Snapshot are what the first page said: all pages are of the same log,
	// up to the same version, and from the same snapshot.
	Generation        string
	Version, Snapshot uint64
	// Content leaves out all but what the document's readers may read.
	Content bool
	ExportUser
}

// Message is the request as it is sent.
func (r *Export) Message() Message { return message(&KindExport, r.fields) }

func (r *Export) fields(f *fields) {
	f.str("of", &r.Of)
	f.str("generation", &r.Generation)
	f.uint("version", &r.Version)
	f.uint("snapshot", &r.Snapshot)
	f.flag("content", &r.Content)
	r.ExportUser.fields(f)
}

// ExportUser asks a user's object likewise.
type ExportUser struct {
	Section, After string
	Entries, Bytes int
}

// Message is the request as it is sent.
func (r *ExportUser) Message() Message { return message(&KindExportUser, r.fields) }

func (r *ExportUser) fields(f *fields) {
	f.str("section", &r.Section)
	f.str("after", &r.After)
	f.count("entries", &r.Entries)
	f.count("bytes", &r.Bytes)
}

// Exported is the answer to both: Lines are a JSON array, and with More a next page goes on in
// Section behind After. The first page of a document's also says what there is, in Rows.
type Exported struct {
	Generation              string
	Version, Snapshot, Kept uint64
	Term                    uint64
	Rows, Lines             []byte
	Section, After          string
	More                    bool
}

func (a *Exported) fields(f *fields) {
	f.str("generation", &a.Generation)
	f.uint("document_version", &a.Version)
	f.uint("snapshot_version", &a.Snapshot)
	f.uint("kept_from", &a.Kept)
	f.uint("term", &a.Term)
	f.raw("rows", &a.Rows)
	f.raw("lines", &a.Lines)
	f.str("section", &a.Section)
	f.str("after", &a.After)
	f.flag("more", &a.More)
}

// Append appends the answer.
func (a *Exported) Append(dst []byte) []byte { return appendAnswer(dst, &KindExport, a.fields) }

// ParseExported reads what ParseAnswer has returned; false for what has no lines.
func ParseExported(value []byte) (a Exported, ok bool) {
	read(value, a.fields)
	return a, len(a.Lines) > 0 && a.Lines[0] == '['
}
