package kms

import (
	"slices"

	"github.com/strictkms/strictkms/internal/constraint"
	"github.com/strictkms/strictkms/policy"
)

const (
	// maxConstraintPairs and maxConstraintValue are the limits of an encryption context constraint: pairs, and
	// characters of a value (https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html#grant-constraints).
	maxConstraintPairs = 8
	maxConstraintValue = 384
)

// checkCombination refuses members that do not go together. The sentences "More than one constraint supplied" and that
// about CreateGrant are AWS's; the others say what the API Reference says.
func (in *createGrantInput) checkCombination() error {
	constraints := in.Constraints
	if constraints == nil {
		constraints = &grantConstraints{}
	}
	toService := in.GranteeServicePrincipal != nil
	switch {
	case toService == (in.GranteePrincipal != nil):
		return failf(CodeValidation, "You must specify either GranteePrincipal or GranteeServicePrincipal, but not both.")
	case in.RetiringPrincipal != nil && in.RetiringServicePrincipal != nil:
		return failf(CodeValidation, "You can specify either RetiringPrincipal or RetiringServicePrincipal, but not both.")
	case toService && constraints.SourceArn == nil:
		return failf(CodeValidation, "A SourceArn grant constraint is required with GranteeServicePrincipal.")
	case toService && in.RetiringPrincipal == nil && in.RetiringServicePrincipal == nil:
		return failf(CodeValidation, "RetiringPrincipal or RetiringServicePrincipal is required with GranteeServicePrincipal.")
	case len(in.Operations) == 0:
		return failf(CodeValidation, "A grant must contain at least one operation.")
	case !slices.ContainsFunc(in.Operations, func(o string) bool { return o != "CreateGrant" }):
		return failf(CodeValidation, "Grants must not contain only the CreateGrant operation.")
	case constraints.EncryptionContextEquals != nil && constraints.EncryptionContextSubset != nil:
		return failf(CodeValidation, "More than one constraint supplied")
	}
	return constraints.check()
}

// dropEmpty takes away an encryption context constraint without pairs beside another one: Terraform gives both, and AWS takes
// them for one.
func (g *grantConstraints) dropEmpty() {
	if g == nil || g.EncryptionContextEquals == nil || g.EncryptionContextSubset == nil {
		return
	}
	if len(g.EncryptionContextEquals) == 0 {
		g.EncryptionContextEquals = nil
	}
	if len(g.EncryptionContextSubset) == 0 {
		g.EncryptionContextSubset = nil
	}
}

// check holds the constraints to their limits.
func (g *grantConstraints) check() error {
	for _, pairs := range []map[string]string{g.EncryptionContextEquals, g.EncryptionContextSubset} {
		if len(pairs) > maxConstraintPairs {
			return failf(CodeValidation, "A grant constraint can include up to %d encryption context pairs.", maxConstraintPairs)
		}
		for key, value := range pairs {
			if key == "" || constraint.UTF16Length(value) > maxConstraintValue {
				return failf(CodeValidation, "The encryption context value in a grant constraint cannot exceed %d characters.",
					maxConstraintValue)
			}
		}
	}
	if g.SourceArn != nil {
		if _, ok := policy.ParseARN(*g.SourceArn); !ok {
			return failf(CodeValidation, "The SourceArn grant constraint is not a valid ARN.")
		}
	}
	return nil
}

// grantableBy are the operations that a grant on a key of each usage can have, besides those of any key
// (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations).
var grantableBy = map[string][]string{
	"ENCRYPT_DECRYPT":         {"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"},
	"SIGN_VERIFY":             {"Sign", "Verify"},
	"GENERATE_VERIFY_MAC":     {"GenerateMac", "VerifyMac"},
	"KEY_AGREEMENT":           {"DeriveSharedSecret"},
	"ENCAPSULATE_DECAPSULATE": {"Encapsulate", "Decapsulate"},
}

// The operations that a grant can have on any key, and those that depend on more than the usage.
var (
	grantableOnAny     = []string{"CreateGrant", "DescribeKey", "RetireGrant"}
	grantableOnDataKey = []string{
		"GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
	}
)

// canGrant reports whether a grant on the key can have an operation.
func (k *Key) canGrant(operation string) bool {
	switch {
	case slices.Contains(grantableOnAny, operation):
		return true
	case slices.Contains(grantableOnDataKey, operation):
		return k.isSymmetricEncryption()
	case operation == "GetPublicKey":
		return !k.isSymmetricEncryption() && k.Metadata.Usage != "GENERATE_VERIFY_MAC"
	default:
		return slices.Contains(grantableBy[k.Metadata.Usage], operation)
	}
}

// isSymmetricEncryption reports whether the key encrypts with an encryption context.
func (k *Key) isSymmetricEncryption() bool { return k.Metadata.Spec == "SYMMETRIC_DEFAULT" }

// checkGrant refuses a grant that does not suit the key, and principals that do not exist.
func (c *call) checkGrant(key *Key, r *grantRecord) error {
	for _, operation := range r.Operations {
		if !key.canGrant(operation) {
			return failf(CodeValidation, "Operation %s is not supported in a grant on %s, which has key spec %s and key usage %s.",
				operation, key.ARN, key.Metadata.Spec, key.Metadata.Usage)
		}
	}
	if !key.isSymmetricEncryption() && (r.EncryptionContextEquals != nil || r.EncryptionContextSubset != nil) {
		return failf(CodeValidation, "Encryption context constraints are not supported in a grant on %s, which has key spec %s.",
			key.ARN, key.Metadata.Spec)
	}
	for _, principal := range []string{r.GranteePrincipal, r.RetiringPrincipal} {
		if principal == "" {
			continue
		}
		id, ok := c.lookupGrantPrincipal(principal)
		if !ok {
			return failf(CodeInvalidArn, "ARN does not refer to a valid principal: %s", principal)
		}
		if id != "" {
			if r.PrincipalIDs == nil {
				r.PrincipalIDs = map[string]string{}
			}
			r.PrincipalIDs[principal] = id
		}
	}
	for _, service := range []string{r.GranteeServicePrincipal, r.RetiringServicePrincipal} {
		if p, ok := policy.ParsePrincipal(service); service != "" && (!ok || p.Form != policy.PrincipalService) {
			return failf(CodeValidation, "%s is not a service principal.", service)
		}
	}
	return nil
}

// lookupGrantPrincipal says whether a text names a principal that exists, with its unique id if it has one: by an ARN
// of the partition, or a service by its name, as grants of integrated services have it.
func (c *call) lookupGrantPrincipal(text string) (id string, exists bool) {
	p, ok := policy.ParsePrincipal(text)
	if !ok {
		return "", false
	}
	if p.Form == policy.PrincipalService {
		return "", true
	}
	if arn, ok := policy.ParseARN(text); !ok || arn.Partition != c.Partition {
		return "", false
	}
	return p.Lookup(c.service.lookupARN)
}

// GrantPrincipalIDs are the unique ids that the grantee and the retiring principal of a grant had when it was made, by
// their ARNs; nil when none is known. A user or role of the same name that was made later is not the one that is meant.
func (k *Key) GrantPrincipalIDs(grantID string) map[string]string {
	if g := k.grant(grantID); g != nil {
		return g.principalIDs
	}
	return nil
}
