package kms

import "github.com/strictkms/strictkms/internal/constraint"

// rules hold inputs to AWS's model: to the tags of the input structs, for example
//
//	KeyId *string `kms:"required,min=1,max=2048"`
//
// See package constraint for their form. Test code holds them to the model.
var rules = constraint.NewSet("kms", enums, patterns)

// validate holds an input to its constraints and words what it finds as AWS does: all of it in one message.
func validate(in any) error {
	if message := rules.Check(in); message != "" {
		return failf(CodeValidation, "%s", message)
	}
	return nil
}
