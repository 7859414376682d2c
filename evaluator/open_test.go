package evaluator

import "github.com/strictkms/strictkms/policy"

// OpenAmong returns those of the condition keys that a request leaves open.
func OpenAmong(e *Evaluator, req Request, u Unknown, names []string) ([]string, error) {
	q, err := e.openQuery(&req, u, strict)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range names {
		known, _ := policy.LookupConditionKey(name)
		if q.open.isOpen(policy.FoldKey(name), known) {
			out = append(out, name)
		}
	}
	return out, nil
}
