package policy

// Kind says what a policy document is attached to, which decides the elements it may have.
type Kind int

// The kinds of policy document that meet in one request.
const (
	KindUnknown           Kind = iota
	KeyPolicy                  // the one resource policy of a KMS key
	IdentityPolicy             // attached to or inline in a user, group or role
	ServiceControlPolicy       // SCP: attached to an organization root, OU or account
	ResourceControlPolicy      // RCP: attached to an organization root, OU or account
	PermissionsBoundary        // the managed policy that caps a user or role
	SessionPolicy              // passed to AssumeRole or GetFederationToken
	VPCEndpointPolicy          // attached to a VPC endpoint for KMS
	TrustPolicy                // of a role: who may assume it
)

// Version is the language version of a policy document.
type Version int

// The language versions. A document without Version is Version2008.
const (
	VersionUnknown Version = iota
	Version2008            // 2008-10-17: policy variables are literal text
	Version2012            // 2012-10-17
)

// Effect is what a matching statement does.
type Effect int

// The effects of a statement.
const (
	EffectUnknown Effect = iota
	Allow
	Deny
)

// Document is a parsed policy document. It is not changed after [Parse] returns it.
type Document struct {
	Kind    Kind
	Name    string // how explanations name it, for example "KeyPolicy of alias/app"
	ARN     string // the ARN of a managed policy or SCP, empty for others
	Version Version
	ID      string // the Id element
	// Statements are in document order; Statement.Index is the place here, or in the document
	// that a bound was made from (see [Document.Bound]).
	Statements []*Statement
	Pos        Position
	// Digest is the SHA-256 of everything that the translation of the document depends on:
	// kind and source text, not name and position.
	Digest [32]byte
}

// Statement is one statement of a policy document.
type Statement struct {
	Index  int // from 0
	Sid    string
	Effect Effect
	// Principals is nil when the statement has neither Principal nor NotPrincipal.
	Principals *Principals
	// Actions is nil when the statement has neither Action nor NotAction.
	// In a key policy such a statement is accepted and has no effect.
	Actions *Strings
	// Resources is nil when the statement has neither Resource nor NotResource.
	// In a key policy such a statement is accepted and has no effect; in a trust policy no statement has any.
	Resources *Strings
	// Conditions are in document order; all must be met.
	Conditions []Condition
	Pos        Position
}

// Strings is the value of an Action, NotAction, Resource or NotResource element.
type Strings struct {
	Negated bool // NotAction, NotResource
	Values  []Value
	Pos     Position // of the element's name
}

// Value is one string of a policy document and where it stands.
type Value struct {
	Text string
	Pos  Position
	// Unresolved is true when a source could not compute the text (see [WithUnresolved]);
	// Text then says what it was made of. See [Document.Bound].
	Unresolved bool
}

// Principals is the value of a Principal or NotPrincipal element.
type Principals struct {
	Negated bool // NotPrincipal
	Values  []Principal
	Pos     Position // of the element's name
}

// PrincipalForm says what a principal value of a policy names.
type PrincipalForm int

// The forms of a principal in a policy (IAM User Guide, "AWS JSON policy elements: Principal").
const (
	PrincipalUnknown       PrincipalForm = iota
	PrincipalAny                         // "*" or {"AWS": "*"}
	PrincipalAccount                     // a 12-digit account id or arn:aws:iam::…:root
	PrincipalUser                        // arn:aws:iam::…:user/…
	PrincipalRole                        // arn:aws:iam::…:role/…
	PrincipalRoleSession                 // arn:aws:sts::…:assumed-role/role/session
	PrincipalFederatedUser               // arn:aws:sts::…:federated-user/name
	PrincipalService                     // {"Service": "logs.amazonaws.com"}
	PrincipalFederated                   // {"Federated": provider name or ARN}
	PrincipalCanonicalUser               // {"CanonicalUser": id}: never matches a KMS caller
	PrincipalUniqueID                    // AROA…, AIDA…: what is left of a deleted role or user
)

// Principal is one principal value.
type Principal struct {
	Form PrincipalForm
	// Account is the 12-digit account the principal belongs to; empty for services,
	// providers, unique ids and "*".
	Account string
	// Value is the text as written, except that "*" stands for every spelling of it.
	Value
}

// Condition is one operator applied to one key: the innermost part of a Condition element.
type Condition struct {
	Operator Operator
	Key      Value // as written; compare with [FoldKey]
	Values   []Value
	Pos      Position // of the operator
}
