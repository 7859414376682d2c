package policy

import (
	"strings"
	"unicode/utf8"
)

// limit is how large a policy document may be.
type limit struct {
	size int
	unit string
	// measure returns the size of a document in the unit.
	measure func(src []byte) int
}

// The limits on policy documents.
var (
	// keyPolicyLimit: https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html#key-policy-limit
	keyPolicyLimit = limit{32768, "bytes", func(src []byte) int { return len(src) }}
	// inlineLimit is that of all inline policies of a role, the largest of the three kinds of identity:
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
	inlineLimit = limit{10240, "characters without white space", countNonSpace}
	// managedLimit: same page.
	managedLimit = limit{6144, "characters without white space", countNonSpace}
	// sessionLimit: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, Policy.
	sessionLimit = limit{2048, "characters", utf8.RuneCount}
	// scpLimit and rcpLimit: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
	scpLimit = limit{10240, "characters", utf8.RuneCount}
	rcpLimit = limit{5120, "characters", utf8.RuneCount}
	// trustLimit is what an account can have; 2048 unless it asked for more. Same page as inlineLimit.
	trustLimit = limit{4096, "characters without white space", countNonSpace}
	// endpointLimit: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html
	endpointLimit = limit{20480, "characters", utf8.RuneCount}
)

// awsManaged begins the ARNs of the policies that AWS manages, after the partition.
const awsManaged = ":iam::aws:policy/"

func (p *parser) checkSize() {
	if p.noLimit || strings.Contains(p.arn, awsManaged) {
		return
	}
	l := p.limit()
	if size := l.measure(p.src); size > l.size {
		p.fail(CodePolicyTooLarge, 0, "the %s is too large: %d %s, the limit is %d", p.kind.words(), size, l.unit, l.size)
	}
}

func (p *parser) limit() limit {
	switch p.kind {
	case KeyPolicy:
		return keyPolicyLimit
	case SessionPolicy:
		return sessionLimit
	case ServiceControlPolicy:
		return scpLimit
	case ResourceControlPolicy:
		return rcpLimit
	case VPCEndpointPolicy:
		return endpointLimit
	case TrustPolicy:
		return trustLimit
	case IdentityPolicy:
		if p.arn == "" {
			return inlineLimit
		}
		return managedLimit
	default: // PermissionsBoundary: always a managed policy
		return managedLimit
	}
}

// countNonSpace counts characters as IAM does: white space is free.
func countNonSpace(src []byte) int {
	n := utf8.RuneCount(src)
	for _, b := range src {
		if b == ' ' || b == '\t' || b == '\n' || b == '\r' {
			n--
		}
	}
	return n
}
