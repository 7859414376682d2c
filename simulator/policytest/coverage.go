package policytest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source"
)

// Coverage counts the statements that answers exercise: that matched in one of them. The zero value has no statements.
type Coverage struct {
	statements map[id]evaluator.Statement
	exercised  map[id]bool
}

// Load adds the statements of a world. One that was loaded before is not counted again.
func (c *Coverage) Load(w *source.World) {
	if c.statements == nil {
		c.statements, c.exercised = map[id]evaluator.Statement{}, map[id]bool{}
	}
	for _, st := range statementsOf(w) {
		if at, ok := idOf(st); ok {
			c.statements[at] = st
		}
	}
}

// Add counts the statements that matched in an answer.
func (c *Coverage) Add(a *simulator.Answer) {
	c.decision(&a.Decision)
	for i := range a.Parts {
		c.decision(&a.Parts[i].Decision)
	}
}

func (c *Coverage) decision(d *evaluator.Decision) {
	for _, layer := range d.Layers {
		for _, st := range layer.Statements {
			if at, ok := idOf(st); ok && (st.Matched || st.Deciding) {
				if _, loaded := c.statements[at]; loaded {
					c.exercised[at] = true
				}
			}
		}
	}
}

// Summary is how many statements were exercised, and which were not. Its JSON form is stable.
type Summary struct {
	Statements int `json:"statements"`
	Exercised  int `json:"exercised"`
	// Percent is 100 when there are no statements.
	Percent float64 `json:"percent"`
	// Never are the statements that matched in no answer, by file and place.
	Never []Unexercised `json:"never"`
}

// Unexercised is a statement that no answer exercises.
type Unexercised struct {
	Policy string `json:"policy"`
	Sid    string `json:"sid,omitempty"`
	Index  int    `json:"index"`
	Source string `json:"source"`
	Effect string `json:"effect"`

	statement evaluator.Statement
}

// Summary sums up.
func (c *Coverage) Summary() Summary {
	s := Summary{Statements: len(c.statements), Exercised: len(c.exercised), Percent: 100, Never: []Unexercised{}}
	if s.Statements > 0 {
		s.Percent = 100 * float64(s.Exercised) / float64(s.Statements)
	}
	for at, st := range c.statements {
		if !c.exercised[at] {
			s.Never = append(s.Never, Unexercised{
				Policy: st.Policy, Sid: st.Sid, Index: st.Index, Source: st.Source.String(), Effect: st.Effect, statement: st,
			})
		}
	}
	slices.SortFunc(s.Never, func(a, b Unexercised) int {
		x, y := a.statement.Source, b.statement.Source
		return cmp.Or(
			strings.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column), cmp.Compare(a.Index, b.Index),
		)
	})
	return s
}
