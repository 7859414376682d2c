package rego

// Assumption names one reading of AWS's documents where they are silent or contradict each other.
// docs/assumptions.md gives the texts. The value is what explanations print; [Readings] say how it is read.
type Assumption string

// The assumptions.
const (
	// GrantAndSCP: a grant does not survive an SCP or RCP that denies or does not allow the action.
	GrantAndSCP Assumption = "grant-and-scp"
	// GrantAndBoundary: an implicit deny of a boundary or session policy cuts a grant to a role ARN,
	// not one to a user or session ARN.
	GrantAndBoundary Assumption = "grant-and-boundary"
	// GrantCrossAccount: a grant stands for the key-policy half; the caller's account still needs
	// IAM unless the grant was issued in the caller's account.
	GrantCrossAccount Assumption = "grant-cross-account"
	// GrantAccountGrantee: a grant to an account lets that account's identity policies allow, as an
	// account principal in a key policy does.
	GrantAccountGrantee Assumption = "grant-account-grantee"
	// GrantConstraintCase: keys and values of grant constraints are compared case-sensitively.
	GrantConstraintCase Assumption = "grant-constraint-case"
	// OwnARNAsResource: in a key policy a Resource that is this key's ARN matches, any other does not.
	OwnARNAsResource Assumption = "own-arn-as-resource"
	// NotPrincipalDeny: a caller is exempt from Deny with NotPrincipal if the list has its account,
	// its role or user, or its session.
	NotPrincipalDeny Assumption = "notprincipal-deny"
	// StarPrincipalSameAccount: "*" allows callers of the key's account directly, like naming them.
	StarPrincipalSameAccount Assumption = "star-principal-same-account"
	// FederationUserSilent: a GetFederationToken session of a named user needs no identity policy.
	FederationUserSilent Assumption = "federation-user-silent"
	// FederatedProvider: a Federated principal matches the sessions of its provider as a role ARN does.
	FederatedProvider Assumption = "federated-provider"
	// ServiceRoleViaService: kms:ViaService is absent for calls a service role makes by itself, unless
	// the request states it.
	ServiceRoleViaService Assumption = "service-role-via-service"
	// MultivaluedWithoutSetOperator: an operator without ForAllValues or ForAnyValue never matches a
	// multivalued key that is present.
	MultivaluedWithoutSetOperator Assumption = "multivalued-without-set-operator"
	// ForAnyValueIfExistsMissing: ForAnyValue with IfExists does not match a missing key.
	ForAnyValueIfExistsMissing Assumption = "foranyvalue-ifexists-missing"
	// IAMOnlyConditionKeys: aws:ResourceTag and kms:ResourceAliases have no value in a key policy.
	IAMOnlyConditionKeys Assumption = "iam-only-condition-keys"
)
