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
