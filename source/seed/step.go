package seed

import (
	"context"
	"errors"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

// step writes one thing.
type step struct {
	what string // its ARN, or what it is in words
	pos  policy.Position
	// entries and size are about how many entries of the store it looks at, and how many bytes it writes.
	entries, size int
	// put writes the thing unless it is there already.
	put func(e *iam.Edit) (made bool, err error)
	// account and once say what is made at the first start only: when it was deleted since, that is meant to stay so.
	// An empty once is made whenever it is not there.
	account, once string
}

// do writes the thing unless it is there already, or was.
func (s *step) do(e *iam.Edit) (made bool, err error) {
	if s.once == "" {
		return s.put(e)
	}
	if e.Seeded(s.account, s.once) {
		return false, nil
	}
	if made, err = s.put(e); err == nil {
		e.NoteSeeded(s.account, s.once)
	}
	return made, err
}

// The steps of one transaction: what every store takes at once (package store, MaxChanges and MaxTxSize), with room
// for what a step looks at besides.
const (
	maxEntries = 96
	maxSize    = 512 << 10
)

// errOnlyChecking ends an edit that writes nothing.
var errOnlyChecking = errors.New("only checking")

// check goes through all steps without writing anything, and returns what is wrong with them.
func check(ctx context.Context, s *iam.Service, steps []step) (policy.Diagnostics, error) {
	var diags policy.Diagnostics
	err := s.Edit(ctx, func(e *iam.Edit) error {
		diags = nil
		for _, step := range steps {
			if _, err := step.do(e); err != nil {
				diags = append(diags, policy.Diagnostic{
					Code: codeRefused, Severity: policy.SeverityError, Message: step.what + ": " + reason(err), Pos: step.pos,
				})
			}
		}
		return errOnlyChecking
	})
	if !errors.Is(err, errOnlyChecking) {
		return nil, err
	}
	return diags, nil
}

// codeRefused is the code of a finding about something that AWS, and so the server, does not take.
const codeRefused = "refused-by-server"

// reason is the message of an exception without its code.
func reason(err error) string {
	if e, ok := errors.AsType[*iam.Error](err); ok {
		return e.Message
	}
	return err.Error()
}

// run runs the steps in order, as many at a time as a transaction holds.
func run(ctx context.Context, s *iam.Service, steps []step, r *Report) error {
	for len(steps) > 0 {
		n, entries, size := 0, 0, 0
		for n < len(steps) && (n == 0 || entries+steps[n].entries <= maxEntries && size+steps[n].size <= maxSize) {
			entries, size = entries+steps[n].entries, size+steps[n].size
			n++
		}
		var made, kept []string
		err := s.Edit(ctx, func(e *iam.Edit) error {
			made, kept = nil, nil
			for _, step := range steps[:n] {
				is, err := step.do(e)
				switch {
				case err != nil:
					return err
				case is:
					made = append(made, step.what)
				default:
					kept = append(kept, step.what)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		r.Created, r.Kept = append(r.Created, made...), append(r.Kept, kept...)
		steps = steps[n:]
	}
	return nil
}
