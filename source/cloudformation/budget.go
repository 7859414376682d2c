package cloudformation

// A template is small, but aliases, parameters and nested functions can make it stand for much
// more than it is. These bounds are far above any template that CloudFormation takes, which
// has at most 1 MB and 500 resources, and far below what would hurt.
const (
	maxSteps      = 300_000
	maxTextLength = 1 << 20 // of one computed text
	maxTotalText  = 64 << 20
)

// budget counts the work that a template costs.
type budget struct {
	steps, bytes int
	depth        int
	exhausted    bool
}

// spend counts one step; false means that there have been too many.
func (b *budget) spend() bool {
	b.steps++
	if b.steps > maxSteps {
		b.exhausted = true
	}
	return !b.exhausted
}

// spendText counts a computed text; false means that it, or all of them, is too long.
func (b *budget) spendText(length int) bool {
	b.bytes += length
	if length > maxTextLength || b.bytes > maxTotalText {
		b.exhausted = true
	}
	return !b.exhausted
}
