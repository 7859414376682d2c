package cloudformation

import (
	"testing"

	"github.com/strictkms/strictkms/internal/operation/modeltest"
)

// TestInputsAndOutputsAreThoseOfTheModel holds every input struct with its tags, and every output struct, to AWS's model.
func TestInputsAndOutputsAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	modeltest.Check(t, &modeltest.API{
		Model: "cloudformation/2010-05-15", Tag: "cfn", Rules: rules, Enums: enums, Patterns: patterns,
		Operations: operations.Names(), Input: operations.Input, Output: operations.Output,
	})
}
