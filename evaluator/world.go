package evaluator

import "github.com/strictkms/strictkms/policy"

// World is what a decision needs to know besides the request, its principal and its key.
// Implementations must be safe for concurrent use and return values that are not
// changed afterwards: a change is a new value under the same id.
type World interface {
	// Account returns what is known about the account, nil when nothing is.
	Account(id string) *Account
}

// Account is an AWS account as its organization sees it.
type Account struct {
	ID string // 12 digits
	// OrganizationID is o-…, empty for an account outside an organization.
	OrganizationID string
	// OrganizationPath is aws:PrincipalOrgPaths of the account: o-…/r-…/ou-…/.
	OrganizationPath string
	// Management is true for the management account, which SCPs and RCPs do not bind.
	Management bool
	// SCPs are the service control policies by level: the root, each OU, the account.
	// No level at all means that the account has no SCPs; an empty level allows nothing.
	SCPs [][]*policy.Document
	// RCPs are the customer's resource control policies by level. RCPFullAWSAccess,
	// which cannot be detached, is implied.
	RCPs [][]*policy.Document
}

// PrincipalType says what kind of caller a principal is.
type PrincipalType int

// The kinds of caller.
const (
	PrincipalTypeUnknown PrincipalType = iota
	User                               // an IAM user, also with GetSessionToken credentials
	RoleSession                        // an assumed role
	FederatedUser                      // a GetFederationToken session
	Root                               // the account root user
	Service                            // an AWS service principal
	WebIdentity                        // whom an identity provider vouches for: no credentials of AWS yet
)

// Principal is the caller of one request with every policy that limits it or gives it
// permissions. It must not be changed once a decision has used it.
type Principal struct {
	Type PrincipalType
	// ARN is the caller as AWS reports it: arn:aws:iam::…:user/…, arn:aws:iam::…:root,
	// arn:aws:sts::…:assumed-role/role/session, arn:aws:sts::…:federated-user/name,
	// or the name of a service, for example s3.amazonaws.com. For a WebIdentity it is how the provider names it.
	ARN string
	// Account is the 12-digit account, empty for a service and a WebIdentity.
	Account string
	// Issuer is the ARN of the role of a role session (with its path) or of the user of
	// a federated-user session, empty for others.
	Issuer string
	// UniqueID is the unique id of the user (AIDA…) or of the session's role (AROA…), empty when not known and
	// for other types.
	UniqueID string
	// Name is the user name, the session name of a role session or the name of a
	// federated user.
	Name string
	// Provider is the identity provider of an AssumeRoleWithSAML or
	// AssumeRoleWithWebIdentity session, or of a WebIdentity: an ARN or a name such as
	// cognito-identity.amazonaws.com.
	Provider string
	// ServiceLinked is true for the session of a service-linked role, which SCPs and RCPs do not bind.
	ServiceLinked bool
	// Tags are the principal tags: aws:PrincipalTag/….
	Tags map[string]string
	// Identity are the policies that give permissions: inline and managed ones of the user and of its
	// groups, or of the role, or of the user behind a federated-user session.
	Identity []*policy.Document
	// Boundary is the permissions boundary, nil for none.
	Boundary *policy.Document
	// HasSession is true when session policies limit the session; Session is not read otherwise. Session may
	// be empty: a federated-user session without policies has no permissions of its own.
	HasSession bool
	Session    []*policy.Document
	// Unknown lists what could not be loaded about the principal, in words, for example an
	// attached policy whose text is not known. Explanations print it.
	Unknown []string
	// Open names condition keys whose values are not known, as in [Unknown].Keys, for example aws:PrincipalTag/team or
	// aws:PrincipalTag/* for tags that a template takes from elsewhere. Every request of the principal leaves them open,
	// unless it gives them: where they matter the answer is conditional.
	Open []string

	prepared preparedPrincipal
}

// Key is a KMS key with its policy and grants. It must not be changed once a decision has used it.
type Key struct {
	// ARN is arn:aws:kms:REGION:ACCOUNT:key/ID.
	ARN string
	// Policy is the key policy. A key always has one; nil allows nothing.
	Policy *policy.Document
	Grants []*Grant
	// Aliases are alias names with the alias/ prefix: kms:ResourceAliases.
	Aliases []string
	// Tags are aws:ResourceTag/….
	Tags map[string]string
	// Spec, Usage and Origin are kms:KeySpec, kms:KeyUsage and kms:KeyOrigin; empty when not known.
	Spec, Usage, Origin string
	// MultiRegion is kms:MultiRegion: "true", "false", empty when not known.
	MultiRegion string
	// MultiRegionKeyType is PRIMARY or REPLICA for multi-Region keys.
	MultiRegionKeyType string
	// AWSManaged is true for AWS managed keys, to which RCPs do not apply.
	AWSManaged bool
	// Unknown lists what could not be loaded about the key, in words.
	Unknown []string
	// Open names condition keys whose values are not known, like that of a [Principal], for example aws:ResourceTag/* or
	// kms:KeySpec.
	Open []string

	prepared preparedKey
}

// Grant is one grant on a key.
type Grant = policy.Grant
