package live

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// The condition keys of CreateGrant that are parameters
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html).
const (
	grantOperations          = "kms:GrantOperations"
	granteePrincipal         = "kms:GranteePrincipal"
	granteeServicePrincipal  = "kms:GranteeServicePrincipal"
	retiringPrincipal        = "kms:RetiringPrincipal"
	retiringServicePrincipal = "kms:RetiringServicePrincipal"
	grantConstraintType      = "kms:GrantConstraintType"
	grantConstraintSourceARN = "kms:GrantConstraintSourceArn"
)

// The values of kms:GrantConstraintType.
const (
	constraintEquals = "EncryptionContextEquals"
	constraintSubset = "EncryptionContextSubset"
)

var createGrantOperation = operation{
	required: []string{grantOperations},
	optional: []string{
		granteePrincipal, granteeServicePrincipal, retiringPrincipal, retiringServicePrincipal,
		grantConstraintType, grantConstraintSourceARN,
	},
	encryption: true, check: checkGrant, call: createGrant,
}

// checkGrant says why a grant cannot be asked for.
func checkGrant(q *question) (why string) {
	kind := q.one(grantConstraintType)
	switch {
	case (q.one(granteePrincipal) == "") == (q.one(granteeServicePrincipal) == ""):
		return "every call of CreateGrant has either " + granteePrincipal + " or " + granteeServicePrincipal
	case kind != "" && kind != constraintEquals && kind != constraintSubset:
		return grantConstraintType + " is " + constraintEquals + " or " + constraintSubset
	case (kind == "") != (len(q.encryption) == 0):
		return grantConstraintType + " and the encryption context of the constraint come together"
	default:
		return ""
	}
}

func createGrant(ctx context.Context, c *kms.Client, q *question) error {
	in := &kms.CreateGrantInput{KeyId: &q.keyID, Constraints: q.constraints(), DryRun: dryRun()}
	for _, name := range q.given[grantOperationsFolded] {
		in.Operations = append(in.Operations, types.GrantOperation(name))
	}
	for name, parameter := range map[string]**string{
		granteePrincipal: &in.GranteePrincipal, granteeServicePrincipal: &in.GranteeServicePrincipal,
		retiringPrincipal: &in.RetiringPrincipal, retiringServicePrincipal: &in.RetiringServicePrincipal,
	} {
		if value := q.one(name); value != "" {
			*parameter = &value
		}
	}
	_, err := c.CreateGrant(ctx, in)
	return err
}

// grantOperationsFolded is the name by which the operations of a grant are given.
const grantOperationsFolded = "kms:grantoperations"

// constraints are those of the grant, nil for none.
func (q *question) constraints() *types.GrantConstraints {
	out := &types.GrantConstraints{}
	source := q.one(grantConstraintSourceARN)
	if source != "" {
		out.SourceArn = &source
	}
	switch q.one(grantConstraintType) {
	case constraintEquals:
		out.EncryptionContextEquals = q.encryption
	case constraintSubset:
		out.EncryptionContextSubset = q.encryption
	default:
		if source == "" {
			return nil
		}
	}
	return out
}
