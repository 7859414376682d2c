package audit

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

var autoPolicyID = regexp.MustCompile(`\Aauto-[a-z0-9-]+-[0-9]+\z`)

// Run applies the rules and returns what they find, sorted by file and place. The error is that of a context that ended
// or of the evaluator.
func Run(ctx context.Context, in Input) ([]Finding, error) {
	r := &run{ctx: ctx, in: &in, subjects: collect(&in)}
	if in.World != nil {
		r.world = in.World
	} else {
		r.world = &source.World{}
	}
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	r.evaluator = evaluator.New(r.world).Assuming(in.Readings)
	r.index()
	for _, rule := range slices.Concat(earlyRules, deadRules) {
		if !in.Applies(rule) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.apply(rule)
	}
	r.diagnose()
	if r.err != nil {
		return nil, r.err
	}
	out := make([]Finding, 0, len(r.findings))
	seen := map[string]bool{}
	for _, f := range r.findings {
		id := fmt.Sprintf("%s %s %s", f.Code, f.Position, f.Message)
		if !seen[id] {
			seen[id] = true
			f.End = endOf(in.Sources[f.Position.File], f.Position)
			if rule, _ := LookupRule(f.Code); in.Severities[rule] != SeverityUnknown {
				f.Severity = in.Severities[rule]
			}
			out = append(out, *f)
		}
	}
	Sort(out)
	return out, nil
}

// run is one application of the rules.
type run struct {
	ctx       context.Context //nolint:containedctx // it lives as long as one call of Run
	in        *Input
	world     *source.World
	evaluator *evaluator.Evaluator
	subjects  []*subject
	elements  map[policy.Position]element
	findings  []*Finding
	err       error // the first
}

// pass is the application of one rule.
type pass struct {
	*run
	rule *Rule
}

func (r *run) apply(rule *Rule) {
	p := &pass{run: r, rule: rule}
	for _, s := range r.subjects {
		switch {
		case s.doc.Kind == policy.KeyPolicy && rule.onKey != nil:
			rule.onKey(p, s)
		default:
		}
		for _, st := range s.statements {
			switch {
			case st.kms.IsEmpty() && st.Actions != nil && s.doc.Kind != policy.KeyPolicy:
				// It is about other services.
			case s.doc.Kind == policy.KeyPolicy && rule.onStatement != nil:
				rule.onStatement(p, st)
			case s.doc.Kind == policy.IdentityPolicy && rule.onIdentity != nil:
				rule.onIdentity(p, st)
			default:
			}
		}
	}
	if rule.onGrants != nil {
		for _, k := range r.world.Keys {
			if len(k.Grants) > 0 {
				rule.onGrants(p, k)
			}
		}
	}
	if rule.onWorld != nil {
		rule.onWorld(p)
	}
}

// found notes a finding with the severity and the fix of the rule, which the caller may change.
func (p *pass) found(pos policy.Position, format string, args ...any) *Finding {
	f := &Finding{
		Code: p.rule.Code, Name: p.rule.Name, Severity: p.rule.Severity, Fix: p.rule.Fix, Source: p.rule.Source,
		Message: fmt.Sprintf(format, args...), Position: pos,
	}
	p.findings = append(p.findings, f)
	return f
}

// inPolicy notes a finding about a policy.
func (p *pass) inPolicy(s *subject, pos policy.Position, format string, args ...any) *Finding {
	f := p.found(pos, format, args...)
	f.Policy = s.doc.Name
	if s.key != nil {
		f.Key = s.key.ARN
	}
	return f
}

// in notes a finding about a statement.
func (p *pass) inStatement(s *statement, pos policy.Position, format string, args ...any) *Finding {
	f := p.inPolicy(s.of, pos, format, args...)
	index := s.Index
	f.Sid, f.Statement = s.Sid, &index
	return f
}

// onKeyGrant notes a finding about a grant of a key.
func (p *pass) inGrant(k *source.Key, g *policy.Grant, format string, args ...any) *Finding {
	pos := g.Pos
	if !pos.IsValid() {
		pos = k.Pos
	}
	f := p.found(pos, format, args...)
	f.Key, f.Policy = k.ARN, "grant "+g.ID
	return f
}

// related adds another place.
func (f *Finding) related(pos policy.Position, format string, args ...any) {
	f.Related = append(f.Related, Related{Position: pos, Message: fmt.Sprintf(format, args...)})
}

// as sets the severity.
func (f *Finding) as(s Severity) *Finding {
	f.Severity = s
	return f
}

// fail keeps the first error.
func (r *run) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}
