package trail

import (
	"cmp"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/enforce"
)

// ours is the member that CloudTrail does not have.
type ours struct {
	// Enforcement is strict, soft or off.
	Enforcement string `json:"enforcement"`
	// Decision is allow or deny, conditional for a policy that was loaded with values left open; it is none for a
	// call that asked for no decision or in mode off. Of several decisions it is the first that is not allow.
	Decision string `json:"decision"`
	Reason   string `json:"reason,omitempty"`
	// DecidingStatements are those that the decision rests on.
	DecidingStatements []statement `json:"decidingStatements"`
	// Accesses are all decisions, for a call with more than one.
	Accesses []access `json:"accesses,omitempty"`
	// LatencyMicroseconds is how long the call took, DecidingMicroseconds how much of it was deciding.
	LatencyMicroseconds  int64 `json:"latencyMicroseconds"`
	DecidingMicroseconds int64 `json:"decidingMicroseconds"`
}

// access is one decision of several.
type access struct {
	Action             string      `json:"action"`
	Resource           string      `json:"resource"`
	Decision           string      `json:"decision"`
	Reason             string      `json:"reason,omitempty"`
	DecidingStatements []statement `json:"decidingStatements"`
}

// statement is a statement or grant that decided.
type statement struct {
	Layer  string          `json:"layer"`
	Policy string          `json:"policy"`
	Sid    string          `json:"sid,omitempty"`
	Index  int             `json:"index"`
	Source policy.Position `json:"source,omitzero"`
	Effect string          `json:"effect"`
}

const notDecided = "none"

func newOurs(e *Entry) ours {
	decisions := e.Call.Decisions()
	o := ours{
		Enforcement: e.Call.Mode().String(), Decision: notDecided, DecidingStatements: []statement{},
		LatencyMicroseconds: micros(e.Latency),
	}
	accesses := make([]access, len(decisions))
	for i := range decisions {
		d := &decisions[i]
		accesses[i] = newAccess(d)
		o.DecidingMicroseconds += micros(d.Took)
		if i == 0 || o.Decision == string(evaluator.Allow) {
			o.Decision, o.Reason = accesses[i].Decision, accesses[i].Reason
			o.DecidingStatements = accesses[i].DecidingStatements
		}
	}
	if len(accesses) > 1 {
		o.Accesses = accesses
	}
	return o
}

func newAccess(d *enforce.Decision) access {
	a := access{
		Action: d.Request.Action, Resource: cmp.Or(d.Request.Acted(), "*"), Decision: string(d.Answer.Decision),
		Reason: d.Answer.Reason, DecidingStatements: []statement{},
	}
	if a.Decision == "" {
		a.Decision = notDecided
	}
	for _, layer := range d.Answer.Layers {
		for i := range layer.Statements {
			s := &layer.Statements[i]
			a.DecidingStatements = append(a.DecidingStatements, statement{
				Layer: layer.Layer, Policy: s.Policy, Sid: s.Sid, Index: s.Index, Source: s.Source, Effect: s.Effect,
			})
		}
	}
	return a
}
