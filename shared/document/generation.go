package document

// A log is named by its generation: random, drawn by the shell, and stored with the first row
// that the document writes. Who erases the content or puts an earlier state forward makes
// another one. Version and generation together say which state of the document is meant.

// Generation names the log, "" while there is none: nothing has been written yet, or all
// was erased.
func (d *Document) Generation() string { return d.state.Generation }

// beginLog gives the log its generation, before the first row that is written. A log from before
// there were generations gets one too.
func (d *Document) beginLog() {
	if d.state.Generation == "" && d.fresh != "" {
		d.saveState() // which does
	}
}

// newGeneration is a new name for what is in the log from now on.
func (d *Document) newGeneration(name string) {
	d.state.Generation, d.state.Began, d.fresh = name, d.version, ""
}
