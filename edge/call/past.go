package call

// Past asks for what is kept of a document as it was: parts of a snapshot from one on, or the
// entries after it, up to the next snapshot that is kept. It is answered with JSON that goes on
// to the operator.
type Past struct {
	// Version is the snapshot's, 0 for the beginning of the log.
	Version uint64
	// Part is the first part, where no Entries are asked for, and After the version that the
	// entries go on behind.
	Part    int
	Entries bool
	After   uint64
}

// Message is the request as it is sent.
func (r *Past) Message() Message { return message(&KindPast, r.fields) }

func (r *Past) fields(f *fields) {
	f.uint("version", &r.Version)
	f.count("part", &r.Part)
	f.flag("entries", &r.Entries)
	f.uint("after", &r.After)
}
