package rego

import (
	"github.com/strictkms/strictkms/policy"
)

// Class says what a matching statement means for the request. It is the name of the partial
// set that the statement's rules belong to.
type Class string

// The classes. A key policy or a grant has direct, limited, delegate and (key policy only) deny;
// every other policy has allow and deny.
const (
	// ClassDeny is an explicit deny.
	ClassDeny Class = "deny"
	// ClassAllow is an Allow of a policy that is attached to the caller's side.
	ClassAllow Class = "allow"
	// ClassDirect is an Allow that names the caller itself, or everyone. In the key's own account it
	// needs nothing else.
	ClassDirect Class = "direct"
	// ClassLimited is an Allow that names the role or the user behind the caller's session: the
	// permissions boundary and the session policies still cut it.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
	ClassLimited Class = "limited"
	// ClassDelegate is an Allow that names the caller's account: it lets identity policies allow.
	// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
	ClassDelegate Class = "delegate"
)

// Field is the member of input.principal that a rule compares with the principals it names.
type Field string

// The fields. FieldAny is a rule that does not compare the principal by equality.
const (
	FieldAny      Field = ""
	FieldARN      Field = "arn"      // of the caller itself, or the name of a service
	FieldIssuer   Field = "issuer"   // of the role or user behind a session
	FieldAccount  Field = "account"  // 12 digits
	FieldID       Field = "id"       // AIDA… or AROA…
	FieldProvider Field = "provider" // identity provider of the session
)

// Rule describes one rule of a unit's module, so that a caller can index it. The rule is true exactly
// when the action is one of Actions, the principal's Field is one of Values, the resource is one of
// Resources, and the residual is true; a property test holds that to the evaluation of the module.
type Rule struct {
	Class     Class
	Statement int // index of the statement or grant
	Actions   policy.ActionSet
	// Field and Values are the rule's test of the principal. FieldAny tests nothing here.
	Field  Field
	Values []string
	// Resources are the rule's test of the resource's ARN. An empty list tests nothing here.
	Resources []string
	// Residual is the place of the rest of the rule's body in the rules of [Unit.Residual], -1 when there
	// is no rest.
	Residual int
	// Keys are the condition keys, folded, that the rest reads.
	Keys []string
	// Guards are necessary conditions of the rest.
	Guards []Guard
}

// Unit is one policy document, or the grants of one grantee on one key, in Rego.
type Unit struct {
	// Module is the decision module as text: one rule per entry of Rules, in order, and helper rules.
	Module string
	Rules  []Rule
	// Residual is the module of what the rules test besides what Rule says: mostly conditions.
	Residual string
	// Residuals counts the rules of Residual that Rules point to; helper rules follow them.
	Residuals int
	// Explain is a module whose set "met" names each element of each statement that the input meets,
	// made from the same expressions as Module. See [Element.ID].
	Explain string
	// Keys are the condition keys, folded, that Explain reads: of all statements, also of those without rules.
	Keys []string
	// Statements describe what Explain can report.
	Statements []StatementElements
	// Reads are the members of the input, besides context, that the residual expressions read.
	Reads Members
}

// Members is a set of members of the input.
type Members uint8

// The members of the input that a residual may read besides the context.
const (
	ReadsAction Members = 1 << iota
	ReadsPrincipal
	ReadsResource
	ReadsEncryptionContext
)

// StatementElements lists the elements of one statement in the order of the policy language.
type StatementElements struct {
	// Index is the index of the statement or grant. A grant has a second entry for retiring it.
	Index int
	// Actions are the actions that the statement is about.
	Actions policy.ActionSet
	// Classes are the ways in which the statement can match, each with the id of the principal
	// element that it needs; the id is empty when the policy has no principals.
	Classes []ClassPrincipal
	// Elements are the others: action, resource, conditions.
	Elements []Element
	// Assumptions are the named readings that the translation of the statement rests on.
	Assumptions []Assumption
}

// ClassPrincipal is one way in which a statement can match.
type ClassPrincipal struct {
	Class Class
	ID    string
}

// ElementKind says which part of a statement an element is.
type ElementKind int

// The kinds of element.
const (
	ElementUnknown ElementKind = iota
	ElementAction
	ElementResource
	ElementCondition
	ElementConstraint // of a grant
)

// Element is one part of a statement that can be met or not.
type Element struct {
	// ID is the member of the set "met" of the explain module.
	ID   string
	Kind ElementKind
	// Condition is the place of the condition in its statement, for ElementCondition.
	Condition int
	// Key, Operator and Wanted describe a grant's constraint, for ElementConstraint.
	Key, Operator string
	Wanted        []string
	// Keys are the condition keys, folded, that the element reads, sorted.
	Keys []string
	// ReadsEncryptionContext is true when the element reads the encryption context with the case of its keys.
	ReadsEncryptionContext bool
}
