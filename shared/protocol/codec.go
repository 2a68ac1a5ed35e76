package protocol

import (
	"strconv"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// The reasons that Decode gives in an error's details: ReasonTooLarge with
// MESSAGE_TOO_LARGE, every other with MALFORMED_MESSAGE.
const (
	ReasonTooLarge       = "too_large"
	ReasonTooDeep        = "too_deep"
	ReasonInvalidJSON    = "invalid_json"
	ReasonInvalidUTF8    = "invalid_utf8"
	ReasonNotAnObject    = "not_an_object"
	ReasonMissingType    = "missing_type"
	ReasonUnknownType    = "unknown_type"
	ReasonUnknownEvent   = "unknown_event"
	ReasonBadField       = "bad_field"
	ReasonDuplicateField = "duplicate_field"
	ReasonIDTooLong      = "id_too_long"
)

// ReasonHeld is that of CONNECTION_REPLACED for a client that has dialled by itself: another
// client of its user has the channel.
const ReasonHeld = "held_by_another_client"

// MaxSeq is the largest seq: the last integer that every JSON reader holds
// exactly.
const MaxSeq = 1<<53 - 1

// The fields of the envelope, in the order in which Append writes them.
const (
	fieldType = iota
	fieldEvent
	fieldData
	fieldMessageID
	fieldSeq
	fieldClientID
	fieldCount
)

var fieldNames = [fieldCount]string{"type", "event", "data", "message_id", "seq", "client_id"}

// Decode reads one frame in one pass over b. It is total: every input gives either a
// frame whose Type and Event are in the Catalogue, or an error with a code and a reason.
// It reports invalid JSON before an invalid frame. It copies only the two ids; Data
// aliases b.
func Decode(b []byte, lim Limits) (Frame, *Error) {
	lim = lim.orDefaults()
	if len(b) > lim.FrameBytes {
		return Frame{}, TooLarge(lim)
	}
	var raw [fieldCount][]byte
	duplicate := -1
	scan := jsonscan.Scan(b, lim.Depth)
	for scan.Next() {
		if i := fieldIndex(scan.Key()); i >= 0 {
			if raw[i] != nil && duplicate < 0 {
				duplicate = i
			}
			raw[i] = scan.Value()
		}
	}
	if err := scan.Err(); err != nil {
		e := notJSON(b, lim, err)
		e.MessageID = messageID(b, &raw, lim)
		return Frame{}, e
	}
	if duplicate >= 0 {
		e := badField(ReasonDuplicateField, duplicate)
		if duplicate != fieldMessageID {
			e.MessageID, _ = decodeID(raw[fieldMessageID], lim.IDBytes)
		}
		return Frame{}, e
	}
	f, e := fromFields(&raw, lim)
	if e != nil {
		e.MessageID = f.MessageID
		return Frame{}, e
	}
	return f, nil
}

// messageID finds the id of a frame that Decode refuses, so that the sender learns which
// frame it was. It reads up to the fault; if the fault is only the depth, also beyond it.
func messageID(b []byte, raw *[fieldCount][]byte, lim Limits) string {
	found := raw[fieldMessageID]
	if found == nil {
		for scan := jsonscan.Scan(b, jsonscan.DepthLimit); scan.Next(); {
			if fieldIndex(scan.Key()) == fieldMessageID {
				found = scan.Value()
				break
			}
		}
	}
	id, _ := decodeID(found, lim.IDBytes)
	return id
}

// SeqOf returns the seq of a frame that Decode refuses, if it can follow the text that far,
// and otherwise 0.
func SeqOf(b []byte) uint64 {
	for scan := jsonscan.Scan(b, jsonscan.DepthLimit); scan.Next(); {
		if fieldIndex(scan.Key()) == fieldSeq {
			if seq, ok := jsonscan.Uint(scan.Value()); ok && seq <= MaxSeq {
				return seq
			}
			return 0
		}
	}
	return 0
}

func fieldIndex(key []byte) int {
	for i := range fieldNames {
		if jsonscan.Equal(key, fieldNames[i]) {
			return i
		}
	}
	return -1
}

// fromFields makes a frame of the raw values of the envelope's fields. It reads the
// message id first, so that the frame holds the id even beside an error.
func fromFields(raw *[fieldCount][]byte, lim Limits) (Frame, *Error) {
	f := Frame{Data: raw[fieldData]}
	var reason string
	if f.MessageID, reason = decodeID(raw[fieldMessageID], lim.IDBytes); reason != "" {
		return f, badField(reason, fieldMessageID)
	}
	if f.ClientID, reason = decodeID(raw[fieldClientID], lim.IDBytes); reason != "" {
		return f, badField(reason, fieldClientID)
	}
	if raw[fieldSeq] != nil {
		seq, ok := jsonscan.Uint(raw[fieldSeq])
		if !ok || seq > MaxSeq {
			return f, badField(ReasonBadField, fieldSeq)
		}
		f.Seq = seq
	}
	if raw[fieldType] == nil {
		return f, malformed(ReasonMissingType)
	}
	typ, ok := jsonscan.Unquote(raw[fieldType])
	if !ok {
		return f, badField(ReasonBadField, fieldType)
	}
	if raw[fieldEvent] == nil {
		for _, kind := range flatKinds {
			if event := intern(typ, kind.Events); event != "" {
				f.Type, f.Event, f.Flat = kind.Type, event, true
				return f, nil
			}
		}
	}
	kind := kindOf(typ)
	if kind == nil {
		return f, malformed(ReasonUnknownType)
	}
	if raw[fieldEvent] == nil {
		return f, malformed(ReasonUnknownEvent)
	}
	event, ok := jsonscan.Unquote(raw[fieldEvent])
	if !ok {
		return f, badField(ReasonBadField, fieldEvent)
	}
	f.Type = kind.Type
	if f.Event = intern(event, kind.Events); f.Event == "" {
		return f, malformed(ReasonUnknownEvent)
	}
	return f, nil
}

// decodeID reads an id; a missing field reads as "". The second result is
// the reason of a refusal.
func decodeID(raw []byte, most int) (string, string) {
	if raw == nil {
		return "", ""
	}
	text, ok := jsonscan.Unquote(raw)
	if !ok {
		return "", ReasonBadField
	}
	if len(text) > most {
		return "", ReasonIDTooLong
	}
	id := string(text)
	if !ValidID(id, most) {
		return "", ReasonBadField
	}
	return id, ""
}

// ValidID reports whether id may be a message id or a client id: 1 to most bytes of
// UTF-8 without control characters. The front Worker calls it too, for ids in a query,
// which Decode does not see.
func ValidID(id string, most int) bool {
	if len(id) == 0 || len(id) > most {
		return false
	}
	for i := 0; i < len(id); {
		r, n := utf8.DecodeRuneInString(id[i:])
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError { // two broken ids would look alike
			return false
		}
		i += n
	}
	return true
}

// notJSON translates a scanner's error into the protocol's reasons. Here alone, away from
// the path of valid frames, it tells valid JSON that is not an object from invalid JSON.
func notJSON(b []byte, lim Limits, err error) *Error {
	switch why, _ := err.(jsonscan.Error); why {
	case jsonscan.ErrDepth:
		e := malformed(ReasonTooDeep)
		e.Details = []Detail{limit(lim.Depth)}
		return e
	case jsonscan.ErrUTF8:
		return malformed(ReasonInvalidUTF8)
	}
	if _, isObject := jsonscan.Parse(b); !isObject && jsonscan.Check(b, lim.Depth) == nil {
		return malformed(ReasonNotAnObject)
	}
	return malformed(ReasonInvalidJSON)
}

func malformed(reason string) *Error { return &Error{Code: MalformedMessage, Reason: reason} }

// badField returns an error that names one of the envelope's own fields, never input.
func badField(reason string, field int) *Error {
	e := malformed(reason)
	e.Details = []Detail{{"field", jsonscan.AppendString(nil, fieldNames[field])}}
	return e
}

// TooLarge returns the error for a frame of more than lim.FrameBytes. It needs the size
// alone, not the frame.
func TooLarge(lim Limits) *Error {
	return &Error{Code: MessageTooLarge, Reason: ReasonTooLarge, Details: []Detail{limit(lim.orDefaults().FrameBytes)}}
}

// farOver is the multiple of the limit that no client of this protocol reaches by mistake.
const farOver = 16

// FarOver reports whether a frame of size bytes ends its connection at once: receiving it
// already cost more than an answer is worth.
func (l Limits) FarOver(size int) bool { return size/farOver >= l.orDefaults().FrameBytes }

func limit(n int) Detail { return Detail{"limit", strconv.AppendInt(nil, int64(n), 10)} }

func (l Limits) orDefaults() Limits {
	if l.FrameBytes <= 0 {
		l.FrameBytes = DefaultLimits.FrameBytes
	}
	if l.Depth <= 0 {
		l.Depth = DefaultLimits.Depth
	}
	if l.IDBytes <= 0 {
		l.IDBytes = DefaultLimits.IDBytes
	}
	return l
}

// Append appends the frame as JSON text. The fields are always in the same order, and
// empty ones are left out. Data must be valid JSON; Append copies it unchanged.
func (f Frame) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	if f.Flat {
		w.Str(fieldNames[fieldType], f.Event)
	} else {
		w.Str(fieldNames[fieldType], f.Type)
		w.Str(fieldNames[fieldEvent], f.Event)
	}
	if len(f.Data) > 0 {
		w.Raw(fieldNames[fieldData], f.Data)
	}
	if f.MessageID != "" {
		w.Str(fieldNames[fieldMessageID], f.MessageID)
	}
	if f.Seq != 0 {
		w.Uint(fieldNames[fieldSeq], f.Seq)
	}
	if f.ClientID != "" {
		w.Str(fieldNames[fieldClientID], f.ClientID)
	}
	return w.End()
}
