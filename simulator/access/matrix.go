package access

import (
	"context"
	"runtime"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// Matrix is a question about many principals, keys and actions at once.
type Matrix struct {
	Principals []source.Candidate
	Keys       []Target
	Actions    []*policy.Action
	// Why asks how, too, which takes longer than whether.
	Why bool
	// All keeps the rows in which everything is never.
	All bool
	// Progress is called after each principal with how many were asked about, nil for nobody to tell. It is never called
	// twice at once.
	Progress func(done int)
}

// Row is what one principal can do with one key. Its JSON form is stable.
type Row struct {
	Who
	Key string `json:"key"`
	// Cells are the answers, in the order of the actions.
	Cells []ActionAccess `json:"actions"`

	target *Target
}

// rowWriter writes a matrix row by row.
type rowWriter interface {
	begin(m *Matrix) error
	row(r *Row) error
	end() error
}

// batchPerWorker is how many principals each processor asks about before their rows are written, which bounds what is
// kept of them.
const batchPerWorker = 16

// write answers a matrix: the rows come in the order of the principals and keys, and few of them are kept at a time.
func (a *Asker) write(ctx context.Context, m *Matrix, w rowWriter) error {
	if err := w.begin(m); err != nil {
		return err
	}
	size := batchPerWorker * runtime.GOMAXPROCS(0)
	rows := make([][]Row, size)
	for from := 0; from < len(m.Principals); from += size {
		batch := m.Principals[from:min(from+size, len(m.Principals))]
		err := each(ctx, len(batch), func(ctx context.Context, i int) error {
			var err error
			rows[i], err = a.rows(ctx, m, &batch[i])
			return err
		})
		if err != nil {
			return err
		}
		for i := range batch {
			for j := range rows[i] {
				if err := w.row(&rows[i][j]); err != nil {
					return err
				}
			}
			rows[i] = nil
		}
		if m.Progress != nil {
			m.Progress(from + len(batch))
		}
	}
	return w.end()
}

// rows answers for one principal.
func (a *Asker) rows(ctx context.Context, m *Matrix, c *source.Candidate) ([]Row, error) {
	var out []Row
	cells := make([]ActionAccess, len(m.Actions))
	for i := range m.Keys {
		t := &m.Keys[i]
		some, err := a.cells(ctx, m, c, t, cells)
		if err != nil {
			return nil, err
		}
		if some || m.All {
			out = append(out, Row{Who: whoOf(c), Key: t.Key.ARN, Cells: cells, target: t})
			cells = make([]ActionAccess, len(m.Actions))
		}
	}
	return out, nil
}

// cells answers for one principal and key, and reports whether there is something that is not never.
func (a *Asker) cells(ctx context.Context, m *Matrix, c *source.Candidate, t *Target, cells []ActionAccess) (some bool, err error) {
	possible := a.possible(c.Principal, t.Key)
	for i, action := range m.Actions {
		cell := &cells[i]
		*cell = ActionAccess{Action: action.Name, Access: Access{Verdict: Never}}
		if action.On("alias") {
			cell.Alias = t.alias()
		}
		if !possible.Has(action) && (!m.Why || !m.All) {
			continue
		}
		q := a.question(c, action, t.Key, cell.Alias)
		if m.Why {
			cell.Access, err = a.access(ctx, &q)
		} else {
			cell.Verdict, err = a.verdict(ctx, &q)
		}
		if err != nil {
			return false, err
		}
		some = some || cell.Verdict != Never
	}
	return some, nil
}
