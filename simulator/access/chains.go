package access

import (
	"context"
	"slices"
	"sync"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// link is how one candidate becomes another.
type link struct {
	from  int // candidate
	steps []Step
}

// sequence is a sequence of calls up to the action. by says by what it ends.
type sequence struct {
	steps []Step
	by    Change
}

// graph is who can become whom, as far as it was asked about.
type graph struct {
	*paths
	links [][]link // by whom they become
	asked []bool
	// known are the sequences of a candidate: those by itself, then a chain.
	known [][]sequence
	// settled are the candidates that have a sequence without a condition by themselves.
	settled []bool
	found   [][]Indirect
}

// chains finds for each candidate the shortest chain of becoming somebody else that ends with somebody who can do the
// action, or can change what it may do. Chains without a condition come first. A candidate is passed once, so that
// circles of roles that may assume each other end.
func (p *paths) chains(ctx context.Context) ([][]Indirect, error) {
	n := len(p.candidates)
	g := graph{
		paths: p, links: make([][]link, n), asked: make([]bool, n), known: make([][]sequence, n), settled: make([]bool, n),
		found: make([][]Indirect, n),
	}
	for i := range p.candidates {
		g.start(i)
	}
	if err := g.walk(ctx, func(v Verdict) bool { return v == Always }); err != nil {
		return nil, err
	}
	err := g.walk(ctx, func(v Verdict) bool { return v != Never })
	return g.found, err
}

// start notes how a candidate by itself can do the action: by the one call, or by changing something.
func (g *graph) start(i int) {
	if g.direct[i].Verdict != Never {
		step := Step{Principal: g.candidates[i].Name, Action: g.action.Name, On: g.key.ARN, Access: g.direct[i]}
		g.known[i] = append(g.known[i], sequence{[]Step{step}, ""})
		g.settled[i] = g.direct[i].Verdict == Always
	}
	own := slices.Clone(g.own[i])
	best(own)
	for _, way := range own {
		g.known[i] = append(g.known[i], sequence{way.Steps, way.By})
		g.settled[i] = g.settled[i] || way.Verdict == Always
	}
}

// reached is a candidate that can do the action, and one way in which it can.
type reached struct {
	candidate int
	sequence
}

// walk goes back from those who can to those who can become them, one step further at a time.
func (g *graph) walk(ctx context.Context, good func(Verdict) bool) error {
	var level []reached
	for i, sequences := range g.known {
		for _, s := range sequences {
			if g.isTarget(i) && good(weakest(s.steps)) {
				level = append(level, reached{i, s})
			}
		}
	}
	for len(level) > 0 {
		var next []reached
		for _, to := range level {
			links, err := g.into(ctx, to.candidate)
			if err != nil {
				return err
			}
			for _, l := range links {
				s := sequence{slices.Concat(l.steps, to.steps), to.by}
				if s.by == "" {
					s.by = g.change(to.candidate)
				}
				if !good(weakest(s.steps)) || g.settled[l.from] || g.found[l.from] != nil || !g.adds(l.from, s.steps) {
					continue
				}
				g.found[l.from] = []Indirect{g.indirect(l.from, s.by, s.steps...)}
				g.known[l.from] = append(g.known[l.from], s)
				if g.isTarget(l.from) {
					next = append(next, reached{l.from, s})
				}
			}
		}
		level = next
	}
	return nil
}

// change says what becoming a candidate is.
func (g *graph) change(to int) Change {
	if g.candidates[to].Kind == source.CandidateUser {
		return AsUser
	}
	return AsRole
}

// isTarget reports whether somebody else can become the candidate.
func (p *paths) isTarget(i int) bool {
	c := &p.candidates[i]
	return c.Role != nil || c.Kind == source.CandidateUser && c.Note == ""
}

// into returns who can become a candidate, in the order of the candidates, as far as a way is still wanted for them.
func (g *graph) into(ctx context.Context, to int) ([]link, error) {
	if g.asked[to] {
		return g.links[to], nil
	}
	var mutex sync.Mutex
	var links []link
	trusted := trustedBy(g.candidates[to].Role)
	err := each(ctx, len(g.candidates), func(ctx context.Context, from int) error {
		if from == to || g.settled[from] || g.found[from] != nil {
			return nil // nothing is to be added to what is known of it
		}
		steps, err := g.become(ctx, from, to, trusted)
		if err == nil && steps != nil {
			mutex.Lock()
			defer mutex.Unlock()
			links = append(links, link{from, steps})
		}
		return err
	})
	slices.SortFunc(links, func(a, b link) int { return a.from - b.from })
	g.links[to], g.asked[to] = links, true
	return links, err
}

// become asks whether a candidate may become another one. It returns the calls, nil for no.
func (p *paths) become(ctx context.Context, from, to int, by *trusted) ([]Step, error) {
	if p.candidates[to].Role != nil {
		return p.asRole(ctx, from, to, by)
	}
	return p.asUser(ctx, from, to)
}

// asUser asks whether a candidate may make itself credentials of a user.
func (p *paths) asUser(ctx context.Context, from, to int) ([]Step, error) {
	user := &p.candidates[to]
	for _, name := range []string{"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"} {
		action, ok := policy.LookupAction(name)
		if !ok || p.candidates[from].Note != "" || !p.may(from, action, user.Principal.ARN) {
			continue
		}
		q := p.question(&p.candidates[from], action, nil, "")
		q.Resource, q.ResourceTags = user.Principal.ARN, user.Principal.Tags
		step, err := p.step(ctx, from, q, user.Name)
		if err != nil || step.Verdict != Never {
			return []Step{step}, err
		}
	}
	return nil, nil
}
