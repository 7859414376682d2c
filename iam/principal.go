package iam

import (
	"sync"
	"time"

	"github.com/strictkms/strictkms/policy"
)

// PrincipalType says what kind of caller a principal is.
type PrincipalType int

// The kinds of caller.
const (
	PrincipalTypeUnknown PrincipalType = iota
	User                               // an IAM user, also with GetSessionToken credentials
	RoleSession                        // an assumed role
	FederatedUser                      // a GetFederationToken session
	Root                               // the account root user
	ServicePrincipal                   // an AWS service
	WebIdentity                        // whom an identity provider vouches for: no credentials of AWS yet
)

// Principal is one version of a caller with every policy that gives it permissions or limits it. It is immutable: a
// change of the identity, its groups or its policies makes a new one.
type Principal struct {
	Type PrincipalType
	// ARN is the caller as sts:GetCallerIdentity tells it, the name of a service, for example s3.amazonaws.com, or how
	// the identity provider names a WebIdentity.
	ARN string
	// Account is the 12-digit account, empty for a service and a WebIdentity.
	Account string
	// Issuer is the ARN of the role of a role session, with its path, or of the user of a federated-user session.
	Issuer string
	// UniqueID is AIDA… of a user, AROA… of a session's role, the account of the root user.
	UniqueID string
	// IssuerID is the unique id of the user of a federated-user session, empty for others.
	IssuerID string
	// Name is the user name, the session name of a role session, or the name of a federated user.
	Name string
	// Provider is the identity provider of a SAML or web identity session, or of a WebIdentity.
	Provider      string
	ServiceLinked bool
	// Tags are aws:PrincipalTag/…: those of the user or role, with the session's in their place.
	Tags map[string]string
	// Identity are the policies that give permissions, inline and managed, of the user and its groups or of the role.
	Identity []*policy.Document
	// Boundary is the permissions boundary, nil for none.
	Boundary *policy.Document
	// HasSession is true when session policies limit the session.
	HasSession bool
	Session    []*policy.Document
	// Temporary is true for credentials with a session token. IssuedAt, Expires and MFA are theirs.
	Temporary         bool
	IssuedAt, Expires time.Time
	// MFA is when the caller proved a second factor, zero for never.
	MFA time.Time
	// Transitive are the session tags that the next session in a chain of roles keeps.
	Transitive map[string]string
	// SourceIdentity is aws:SourceIdentity, empty when not set.
	SourceIdentity string
	// Unknown lists what could not be loaded about the principal, in words.
	Unknown []string

	memo     sync.Once
	memoized any
}

// Memo returns what make made of this version of the principal the first time it was called: a place for what
// whoever decides computes from it. There is one place; its only user is the server's enforcement.
func (p *Principal) Memo(make func(*Principal) any) any {
	p.memo.Do(func() { p.memoized = make(p) })
	return p.memoized
}
