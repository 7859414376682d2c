package evaluator

import "context"

// Suggested is where a suggestion ends: the world and the request with all of its changes.
type Suggested struct {
	Text    string
	World   World
	Request Request
}

// Suggestions returns what [Evaluator.Suggest] chooses from, with the ends that it tried.
func (e *Evaluator) Suggestions(ctx context.Context, req Request) ([]Suggested, error) {
	plans, err := e.plans(ctx, req)
	var out []Suggested
	for _, p := range plans {
		out = append(out, Suggested{Text: p.text(), World: p.end.world, Request: p.end.req})
	}
	return out, err
}

// Remembered counts what is remembered, and returns the length of the longest values.
func (e *Evaluator) Remembered() (decisions, situations, longest int) {
	for i := range e.memo.decisions {
		if r := e.memo.decisions[i].Load(); r != nil {
			decisions, longest = decisions+1, max(longest, len(r.values))
		}
	}
	for i := range e.memo.situations {
		if e.memo.situations[i].Load() != nil {
			situations++
		}
	}
	return decisions, situations, longest
}
