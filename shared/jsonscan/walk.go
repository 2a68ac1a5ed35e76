package jsonscan

// Scanner checks an object and walks its outermost members in the same pass. Its results
// count only once Err has returned nil.
type Scanner struct {
	b          []byte
	i          int
	maxDepth   int
	begun      bool
	done       bool
	err        error
	key, value []byte
}

// Scan begins to check obj, which must be exactly one JSON object with at most maxDepth nested
// containers, itself included. Call Next until it returns false, then ask Err.
func Scan(obj []byte, maxDepth int) Scanner {
	return Scanner{b: obj, i: skipSpace(obj, 0), maxDepth: min(maxDepth, DepthLimit)}
}

// Next goes to the next member. It returns false at the end of the object and at the first
// fault.
func (s *Scanner) Next() bool {
	if s.done {
		return false
	}
	if !s.begun {
		if s.i >= len(s.b) || s.b[s.i] != '{' {
			return s.fail(ErrSyntax)
		}
		if s.maxDepth < 1 {
			return s.fail(ErrDepth)
		}
		s.begun = true
		s.i = skipSpace(s.b, s.i+1)
		if s.i < len(s.b) && s.b[s.i] == '}' {
			return s.finish()
		}
	} else {
		s.i = skipSpace(s.b, s.i)
		if s.i < len(s.b) && s.b[s.i] == '}' {
			return s.finish()
		}
		if s.i >= len(s.b) || s.b[s.i] != ',' {
			return s.fail(ErrSyntax)
		}
		s.i = skipSpace(s.b, s.i+1)
	}
	at := s.i
	start, err := scanKey(s.b, at)
	if err != nil {
		return s.fail(err)
	}
	end, err := scanValue(s.b, start, s.maxDepth-1)
	if err != nil {
		return s.fail(err)
	}
	s.key, s.value, s.i = keyAt(s.b, at), s.b[start:end:end], end
	return true
}

// finish accepts the closing brace, and only white space behind it.
func (s *Scanner) finish() bool {
	s.i = skipSpace(s.b, s.i+1)
	if s.i != len(s.b) {
		return s.fail(ErrSyntax)
	}
	s.done = true
	return false
}

func (s *Scanner) fail(err error) bool {
	s.err, s.done = err, true
	return false
}

// Key returns the name of the member, unescaped.
func (s *Scanner) Key() []byte { return s.key }

// Value returns the raw JSON of the member; it aliases the input.
func (s *Scanner) Value() []byte { return s.value }

// Err returns the fault of the text, or nil after Next has read the object to its end
// without one.
func (s *Scanner) Err() error { return s.err }

// Object walks the outermost members of a checked object.
type Object struct {
	b          []byte
	i          int
	key, value []byte
}

// Parse begins to walk obj, and returns false if it is not an object.
func Parse(obj []byte) (Object, bool) {
	i := skipSpace(obj, 0)
	if i >= len(obj) || obj[i] != '{' {
		return Object{}, false
	}
	return Object{b: obj, i: i + 1}, true
}

// Next goes to the next member, and returns false if there is none.
func (o *Object) Next() bool {
	at := nextItem(o.b, o.i)
	if at >= len(o.b) || o.b[at] != '"' {
		o.i = len(o.b)
		return false
	}
	colon := skipSpace(o.b, stringEnd(o.b, at))
	if colon >= len(o.b) || o.b[colon] != ':' {
		o.i = len(o.b)
		return false
	}
	start := skipSpace(o.b, colon+1)
	o.i = valueEnd(o.b, start)
	o.key, o.value = keyAt(o.b, at), o.b[start:o.i:o.i]
	return len(o.value) > 0
}

// Key returns the name of the member, unescaped.
func (o *Object) Key() []byte { return o.key }

// Value returns the raw JSON of the member; it aliases the input.
func (o *Object) Value() []byte { return o.value }

// Field returns the raw value of the first member of obj with that name, or nil.
func Field(obj []byte, name string) []byte {
	o, _ := Parse(obj)
	for o.Next() {
		if Equal(o.key, name) {
			return o.value
		}
	}
	return nil
}

// Array walks the elements of a checked array.
type Array struct {
	b     []byte
	i     int
	value []byte
}

// Elements begins to walk arr. A value that is not an array has no elements.
func Elements(arr []byte) Array {
	i := skipSpace(arr, 0)
	if i >= len(arr) || arr[i] != '[' {
		return Array{}
	}
	return Array{b: arr, i: i + 1}
}

// Next goes to the next element, and returns false if there is none.
func (a *Array) Next() bool {
	start := nextItem(a.b, a.i)
	a.i = valueEnd(a.b, start)
	a.value = a.b[start:a.i:a.i]
	return len(a.value) > 0
}

// Value returns the raw JSON of the element; it aliases the input.
func (a *Array) Value() []byte { return a.value }

// nextItem skips the comma and the space before an item.
func nextItem(b []byte, i int) int {
	if i = skipSpace(b, i); i < len(b) && b[i] == ',' {
		i = skipSpace(b, i+1)
	}
	return i
}

// keyAt reads the name at b[i]. It copies only a name with an escape.
func keyAt(b []byte, i int) []byte {
	end := stringEnd(b, i)
	key, _ := Unquote(b[i:end:end])
	return key
}

// stringEnd returns the index behind the string that starts at b[i].
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(b)
}

// valueEnd returns the index behind the value that starts at b[i], or i if none starts there.
func valueEnd(b []byte, i int) int {
	if i >= len(b) {
		return i
	}
	switch b[i] {
	case '"':
		return stringEnd(b, i)
	case '{', '[':
		for depth := 0; i < len(b); {
			switch b[i] {
			case '"':
				i = stringEnd(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			i++
			if depth == 0 {
				return i
			}
		}
		return i
	}
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ':', ' ', '\n', '\r', '\t':
			return i
		}
		i++
	}
	return i
}
