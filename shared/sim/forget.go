package sim

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What of a document is erased while it stays, as a shell does it.

// CommentErasure is an operator's request, with what a shell looks up for it.
func (s *DocumentStorage) CommentErasure(id uint64, by string) document.CommentErasure {
	e := document.CommentErasure{ID: id, By: by}
	for _, entry := range s.Log {
		if entry.Kind == document.KindOp || entry.Comment != id {
			continue
		}
		e.Entries++
		if Says(entry) {
			e.Texts++
		}
	}
	resolved, known := s.Comments[id]
	e.Open = known && resolved == 0
	return e
}

// Forget is likewise a request to forget a user.
func (s *DocumentStorage) Forget(userID string, texts, names bool, by string) document.Forget {
	e := document.Forget{UserID: userID, Texts: texts, Names: names, By: by}
	for _, entry := range s.Log {
		if resolved, known := s.Comments[entry.Comment]; texts && entry.Kind == document.KindCreate && entry.UserID == userID && known && resolved == 0 {
			e.Threads = append(e.Threads, entry.Comment)
		}
	}
	return e
}

// Says reports whether an entry has a text of a comment that could be erased.
func Says(e document.Entry) bool {
	return (e.Kind == document.KindCreate || e.Kind == document.KindReply) && !bytes.Equal(bytes.TrimRight(e.Op, " "), silent(e))
}

// Silent is what the entry has in its place: as many bytes, so that counts stay right.
func Silent(e document.Entry) []byte {
	said := silent(e)
	return append(said, bytes.Repeat([]byte(" "), max(0, len(e.Op)-len(said)))...)
}

func silent(e document.Entry) []byte {
	return protocol.Comment{CommentID: strconv.FormatUint(e.Comment, 10)}.Append(nil)
}

func (s *DocumentStorage) silence(meant func(document.Entry) bool) {
	for i, e := range s.Log {
		if Says(e) && meant(e) {
			s.Log[i].Op = Silent(e)
		}
	}
}

func (s *DocumentStorage) forget(e document.ForgetUser) {
	if e.Texts {
		s.silence(func(entry document.Entry) bool { return entry.UserID == e.UserID })
	}
	if !e.Names {
		alias := fmt.Sprintf("erased-%d", s.drawn.draw())
		for i := range s.Log {
			if entry := &s.Log[i]; entry.UserID == e.UserID {
				entry.UserID, entry.ClientID, entry.MessageID = alias, "", ""
			}
		}
		for v, k := range s.Kept {
			if k.UserID == e.UserID {
				k.UserID, k.ClientID = alias, ""
				s.Kept[v] = k
			}
		}
	}
	s.Trimmed = slices.DeleteFunc(s.Trimmed, func(entry document.Entry) bool { return entry.UserID == e.UserID })
	s.Audit = slices.DeleteFunc(s.Audit, func(entry audit.Entry) bool { return entry.UserID == e.UserID })
}

// Mentions says where a word is stored, "" for nowhere. Entries of the log are looked at where
// but does not leave them out.
func (s *DocumentStorage) Mentions(word string, but func(document.Entry) bool) string {
	for _, e := range slices.Concat(s.Log, s.Trimmed) {
		if !but(e) && (strings.Contains(e.UserID+" "+e.ClientID+" "+e.MessageID, word) || bytes.Contains(e.Op, []byte(word))) {
			return fmt.Sprintf("entry %d: %+v", e.Version, e)
		}
	}
	for _, parts := range s.Parts {
		for _, part := range parts {
			if bytes.Contains(part, []byte(word)) {
				return "a snapshot"
			}
		}
	}
	for what, v := range map[string]any{
		"members": s.Rows, "state": s.State, "sections": s.Sections, "upload": s.Upload, "snapshots": s.Kept, "audit": s.Audit,
	} {
		if text := fmt.Sprintf("%+v", v); strings.Contains(text, word) {
			return what + ": " + text
		}
	}
	return ""
}
