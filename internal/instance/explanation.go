package instance

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/server/trail"
	"github.com/strictkms/strictkms/simulator"
)

// WriteExplanation writes for a person why a call went as it did.
func WriteExplanation(out io.Writer, e *trail.Explanation) error {
	w := bufio.NewWriter(out)
	outcome := "succeeded"
	if e.ErrorCode != "" {
		outcome = "failed with " + e.ErrorCode
	}
	_, _ = fmt.Fprintf(w, "request %s: %s by %s at %s %s, enforcement %s\n",
		e.RequestID, e.Operation, e.Principal, e.Time, outcome, e.Enforcement)
	if e.Service != "" {
		_, _ = fmt.Fprintf(w, "called by the service %s on the principal's behalf\n", e.Service)
	}
	if len(e.Decisions) == 0 {
		_, _ = fmt.Fprintf(w, "it failed before it was decided: %s\n", e.ErrorMessage)
	}
	for _, d := range e.Decisions {
		if d.Error != "" {
			_, _ = fmt.Fprintf(w, "no decision on %s: %s\n", d.Action, d.Error)
			continue
		}
		answer := &simulator.Answer{Principal: e.Principal, Action: d.Action, Resource: d.Resource, Decision: d.Decision}
		if err := simulator.WriteText(w, answer); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Denials picks, of explanations in the order of their calls, those of denials, each cause once.
type Denials struct{ told map[denial]bool }

type denial struct{ principal, action, resource, reason string }

// New reports whether a call was denied something for a cause that was not seen before.
func (d *Denials) New(e *trail.Explanation) bool {
	if d.told == nil {
		d.told = map[denial]bool{}
	}
	found := false
	for _, made := range e.Decisions {
		cause := denial{e.Principal, made.Action, made.Resource, made.Reason}
		if made.Decision.Decision != evaluator.Allow && !d.told[cause] {
			d.told[cause], found = true, true
		}
	}
	return found
}

// WriteDenials writes for a person why recent calls were denied, each cause once.
func (i *Instance) WriteDenials(ctx context.Context, w io.Writer) error {
	var denials Denials
	for _, id := range i.trail.Denied() {
		e, ok := i.trail.Explain(ctx, id)
		if !ok || !denials.New(&e) {
			continue
		}
		if err := WriteExplanation(w, &e); err != nil {
			return err
		}
	}
	return nil
}

// describe puts a decision in words.
func describe(req evaluator.Request, explained evaluator.Decision) string {
	var text strings.Builder
	answer := &simulator.Answer{Principal: req.Principal.ARN, Action: req.Action, Resource: cmp.Or(req.Acted(), "*"), Decision: explained}
	if err := simulator.WriteText(&text, answer); err != nil {
		return err.Error()
	}
	return text.String()
}
