// Package expectations reads files of expectations about decisions: who may do what with which key, and why. It reads
// the file and nothing else; what the file loads and whether the expectations are met is up to the caller.
// docs/test.md describes every field.
package expectations

import (
	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// File is one file of expectations.
type File struct {
	// Name is the file as the user gave it.
	Name string
	// Load are the files with the policies, relative to the directory of this file.
	Load []Text
	// Account, Region, StackName and Parameters are as the flags of these names; empty when the file does not say.
	Account, Region, StackName Text
	Parameters                 map[string]Text
	// Assume gives the readings of assumptions by name.
	Assume map[string]Text
	Cases  []*Case
}

// Text is a text of the file and where it stands. A text that is not in the file has no position.
type Text struct {
	Value string
	Pos   policy.Position
}

// Case is one request and the decision that is expected.
type Case struct {
	// Name says what the case is about; empty when the file does not say.
	Name string
	Pos  policy.Position

	Principal, Action Text
	// Key is the key, or what an action of another service acts on; empty for actions without a resource.
	Key Text
	// Context are the condition keys of the request, ContextPos is where they stand.
	Context    evaluator.Context
	ContextPos policy.Position
	// Unknown are the condition keys that the request leaves open.
	Unknown []Text

	ViaService, SourceVPCE, Grant Text
	// SessionPolicy is a session policy that the file holds, SessionPolicyFile names a file with one.
	SessionPolicy     *policy.Document
	SessionPolicyFile Text

	Expect evaluator.Verdict
	// Because are reason codes and statements that the decision must rest on.
	Because []Text
}
