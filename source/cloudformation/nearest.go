package cloudformation

import "github.com/strictkms/strictkms/policy"

// didYouMean ends a message with the candidate that name was probably meant to be, if there is one.
func didYouMean(name string, candidates []string) string {
	if nearest, ok := policy.Nearest(name, candidates); ok {
		return ", did you mean " + quote(nearest) + "?"
	}
	return ""
}
