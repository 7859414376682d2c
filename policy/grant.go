package policy

// Grant is one grant on a key: a second kind of policy statement that only allows
// (AWS KMS API Reference, GrantListEntry,
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html).
type Grant struct {
	ID   string // GrantId
	Name string
	// KeyARN is the key the grant is on.
	KeyARN string
	// GranteePrincipal is an ARN, or a service name in older service grants.
	// Exactly one of GranteePrincipal and GranteeServicePrincipal is set.
	GranteePrincipal        string
	GranteeServicePrincipal string
	// RetiringPrincipal is an ARN, RetiringServicePrincipal a service name; at most one is set.
	RetiringPrincipal        string
	RetiringServicePrincipal string
	// IssuingAccount is the account the grant was created in: 12 digits or its root ARN.
	IssuingAccount string
	// Operations are names without the kms: prefix, for example Decrypt.
	Operations []string
	// EncryptionContextEquals and EncryptionContextSubset are nil when the grant has no such constraint.
	EncryptionContextEquals map[string]string
	EncryptionContextSubset map[string]string
	// SourceArn is the aws:SourceArn that the request must carry, empty for no constraint.
	SourceArn string
	Pos       Position
}
