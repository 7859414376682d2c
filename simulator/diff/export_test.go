package diff

import "context"

// CompareAll is [Compare] without its shortcuts.
func CompareAll(ctx context.Context, before, after Side) (*Report, error) {
	c := newComparer(before, after)
	c.plain = true
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	return c.report(), nil
}
