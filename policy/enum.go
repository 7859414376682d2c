package policy

// unknownName is what the zero value of every enumeration of this package prints as.
const unknownName = "unknown"

// String returns the name of the layer that policies of this kind make up in a decision,
// for example "key-policy".
func (k Kind) String() string {
	switch k {
	case KeyPolicy:
		return "key-policy"
	case IdentityPolicy:
		return "identity-policy"
	case ServiceControlPolicy:
		return "service-control-policy"
	case ResourceControlPolicy:
		return "resource-control-policy"
	case PermissionsBoundary:
		return "permissions-boundary"
	case SessionPolicy:
		return "session-policy"
	case VPCEndpointPolicy:
		return "vpc-endpoint-policy"
	case TrustPolicy:
		return "trust-policy"
	default:
		return unknownName
	}
}

// String returns the text of the Version element.
func (v Version) String() string {
	switch v {
	case Version2008:
		return "2008-10-17"
	case Version2012:
		return "2012-10-17"
	default:
		return unknownName
	}
}

// String returns "Allow" or "Deny".
func (e Effect) String() string {
	switch e {
	case Allow:
		return "Allow"
	case Deny:
		return "Deny"
	default:
		return unknownName
	}
}

// String names the form in words, for example "role session".
func (f PrincipalForm) String() string {
	switch f {
	case PrincipalAny:
		return "any"
	case PrincipalAccount:
		return "account"
	case PrincipalUser:
		return "user"
	case PrincipalRole:
		return "role"
	case PrincipalRoleSession:
		return "role session"
	case PrincipalFederatedUser:
		return "federated user"
	case PrincipalService:
		return "service"
	case PrincipalFederated:
		return "federated"
	case PrincipalCanonicalUser:
		return "canonical user"
	case PrincipalUniqueID:
		return "unique id"
	default:
		return unknownName
	}
}
