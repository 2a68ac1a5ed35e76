package object

import "github.com/holdfast-dev/holdfast/shared/document"

// What a client has had accepted is found by the newest entries of the log, which hold it, and by what
// is listed of those before. An index of the log would cost a row for each entry, and another when it goes.

// listEvery is how many entries are in the log before they are listed: a row, and one in its index, for each
// client that wrote some.
const listEvery = 1024

// heard is how far the log is listed, and how many message ids of a client are kept.
type heard struct {
	to, newest uint64
	keep       int
}

// listDue lists what has come since, when that is enough.
func (s *store) listDue(newest uint64) {
	if s.heard.newest = newest; newest-s.heard.to >= listEvery {
		s.list()
	}
}

// list lists all entries, and drops what is too much of those clients.
func (s *store) list() {
	s.write(listReceipts, integer(int64(s.heard.keep)))
	s.write(boundListed, unsigned(s.heard.to), integer(int64(s.heard.keep)))
	s.heard.to = s.heard.newest
}

// listed reads how far the log is listed; newest is its version.
func (s *store) listed(newest uint64, keep int) {
	s.heard = heard{newest: newest, keep: keep}
	s.query(selectListedTo, func(c []Value) { s.heard.to = uint64(c[0].Int) })
}

// receipts are the newest entries of a user's client, oldest first.
func (s *store) receipts(userID, clientID string) []document.Receipt {
	var list []document.Receipt
	add := func(r *document.Receipt) { list = append(list, *r) }
	keep := s.heard.keep
	each(s, selectReceipts, receiptColumns, add, text(clientID), text(userID), integer(int64(keep)))
	if len(list) < keep {
		each(s, selectListed, receiptColumns, add, text(clientID), text(userID), integer(int64(keep-len(list))))
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// recall gives the core what a user's clients have had accepted, if it does not remember: it is read
// when they send something, not when the object boots.
func (o *documentObject) recall(userID string) {
	for _, clientID := range o.core.Forgotten(userID) {
		o.events = append(o.events, document.Recalled{UserID: userID, ClientID: clientID, Receipts: o.store.receipts(userID, clientID)})
	}
}
