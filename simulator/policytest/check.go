// Package policytest compares decisions with expectations about them (package expectations), counts the statements that
// the expectations exercise, and writes reports for people and CI systems. It makes no decision.
package policytest

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source/expectations"
)

// Result is an expectation and the answer that was given.
type Result struct {
	Case   *expectations.Case
	Answer *simulator.Answer
	// Problems say where the answer is not what is expected, nothing when it is.
	Problems []string
}

// Met reports whether the answer is what is expected.
func (r *Result) Met() bool { return len(r.Problems) == 0 }

// NewResult compares an answer with what is expected of it.
func NewResult(c *expectations.Case, a *simulator.Answer) *Result {
	r := &Result{Case: c, Answer: a}
	if c.Expect != a.Decision.Decision {
		r.Problems = append(r.Problems, fmt.Sprintf("wanted %s, got %s", c.Expect, a.Decision.Decision))
	}
	reasons, statements := reasonsOf(a), decidingOf(a)
	for _, because := range c.Because {
		decides := func(st evaluator.Statement) bool { return slices.Contains(names(st), because.Value) }
		if !slices.Contains(reasons, because.Value) && !slices.ContainsFunc(statements, decides) {
			r.Problems = append(r.Problems, fmt.Sprintf("wanted because of %s, got %s", because.Value, why(a)))
		}
	}
	return r
}

// decisions are the decisions that an answer consists of: those of all parts when all had to allow, else the one that
// did not.
func decisions(a *simulator.Answer) []evaluator.Decision {
	if len(a.Parts) == 0 || a.Decision.Decision != evaluator.Allow {
		return []evaluator.Decision{a.Decision}
	}
	out := make([]evaluator.Decision, len(a.Parts))
	for i := range a.Parts {
		out[i] = a.Parts[i].Decision
	}
	return out
}

// reasonsOf are the reason codes of an answer.
func reasonsOf(a *simulator.Answer) []string {
	var out []string
	for _, d := range decisions(a) {
		out = append(out, d.Reason)
	}
	return out
}

// decidingOf are the statements that an answer rests on.
func decidingOf(a *simulator.Answer) []evaluator.Statement {
	var out []evaluator.Statement
	for _, d := range decisions(a) {
		for _, layer := range d.Layers {
			for _, st := range layer.Statements {
				if st.Deciding {
					out = append(out, st)
				}
			}
		}
	}
	return out
}

// why says in a few words what an answer rests on.
func why(a *simulator.Answer) string {
	text := a.Reason
	var labels []string
	for _, st := range decidingOf(a) {
		labels = append(labels, label(st))
	}
	if len(labels) > 0 {
		text += " by " + strings.Join(slices.Compact(labels), ", ")
	}
	return text
}

// label names a statement or grant in a few words.
func label(st evaluator.Statement) string {
	switch {
	case strings.HasPrefix(st.Policy, grantPrefix):
		return st.Policy
	case st.Sid != "":
		return strconv.Quote(st.Sid)
	default:
		return "statement " + strconv.Itoa(st.Index+1) + " of " + st.Policy
	}
}

// grantPrefix begins the name of a grant where others have the name of their policy.
const grantPrefix = "grant "

// names are how an expectation may call a statement: its Sid, its policy with its Sid or its number, its place; and a
// grant "grant ID".
func names(st evaluator.Statement) []string {
	number := strconv.Itoa(st.Index + 1)
	out := []string{st.Policy + "/" + cmp.Or(st.Sid, number), st.Policy + "/" + number}
	if strings.HasPrefix(st.Policy, grantPrefix) {
		out = []string{st.Policy}
	}
	if st.Sid != "" {
		out = append(out, st.Sid)
	}
	if _, written := idOf(st); written {
		line := ":" + strconv.Itoa(st.Source.Line)
		out = append(out, st.Source.String(), st.Source.File+line, filepath.Base(st.Source.File)+line)
	}
	return out
}
