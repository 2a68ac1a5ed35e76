package object

// An object's tables are made with the first row that it writes, in the same transaction:
// one that was only asked something keeps nothing.

// open finds out which tables there are, and brings them up to date.
func (s *store) open(t *tables) error {
	s.tables, s.bare = t, true
	err := s.host.Query(selectTables, nil, func(c []Value) {
		switch c[0].string() {
		case "schema":
			s.bare = false
		case "remains":
			s.remains = true
		}
	})
	if err != nil || s.bare {
		return err
	}
	version := 0
	err = s.host.Query(selectSchema, nil, func(c []Value) { version = max(version, int(c[0].Int)) })
	if err != nil {
		return err
	}
	for ; version < schemaVersion; version++ {
		for _, stmt := range t[version] {
			if err := s.host.Query(stmt, nil, nil); err != nil {
				return err
			}
		}
		if err := s.host.Query(insertSchema, []Value{integer(int64(version + 1))}, nil); err != nil {
			return err
		}
	}
	return nil
}

// create writes the tables, before the first row. A query sees them from the next event
// on, as it does all that is written.
func (s *store) create() {
	if !s.bare || s.created {
		return
	}
	s.created = true
	s.host.Write(createSchema, nil)
	for _, step := range s.tables {
		for _, stmt := range step {
			s.host.Write(stmt, nil)
		}
	}
	s.host.Write(insertSchema, []Value{integer(schemaVersion)})
	if s.remains {
		s.host.Write(takeRemains, nil)
		s.host.Write(dropRemains, nil)
		s.remains = false
	}
}

// ended is the end of an event.
func (s *store) ended() {
	if s.created {
		s.bare, s.created = false, false
	}
}

// erase empties the storage; what is written after it is the first that is there.
func (s *store) erase() {
	s.host.Erase()
	s.bare, s.created, s.remains = true, false, false
}
