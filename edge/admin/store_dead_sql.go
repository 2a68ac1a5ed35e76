package admin

import (
	"context"

	"github.com/holdfast-dev/holdfast/edge/d1"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// ofIDs has a statement mean rows with the ids of ?1, or all where it is empty.
const ofIDs = "(?1 = '' OR id IN (SELECT value FROM json_each(CASE ?1 WHEN '' THEN '[]' ELSE ?1 END)))"

func idList(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return string(jsonscan.AppendStrings(nil, ids))
}

// DeadLetters implements DeadLetters.
func (s SQLStore) DeadLetters(ctx context.Context, after int64, limit int, ids []string) ([]DeadLetter, error) {
	rows, err := s.DB.Query(ctx, "SELECT n, id, reason, tries, died_at, event FROM event_dead_letters WHERE "+ofIDs+" AND n > ?2 ORDER BY n LIMIT ?3", idList(ids), after, limit)
	return read(rows, err, func(d *DeadLetter) error {
		var at int64
		err := rows.Scan(&d.Number, &d.ID, &d.Reason, &d.Tries, &at, &d.Event)
		d.DiedAt = d1.Moment(at)
		return err
	})
}

// DeleteDeadLetters implements DeadLetters.
func (s SQLStore) DeleteDeadLetters(ctx context.Context, ids []string) (int64, error) {
	return d1.Run(ctx, s.DB, "DELETE FROM event_dead_letters WHERE "+ofIDs, idList(ids))
}

// CountDeadLetters implements DeadLetters.
func (s SQLStore) CountDeadLetters(ctx context.Context) (n int64, err error) {
	err = s.DB.Row(ctx, "SELECT COUNT(*) FROM event_dead_letters").Scan(&n)
	return n, err
}
