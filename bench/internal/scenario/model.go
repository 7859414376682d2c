// Package scenario holds the worlds that the benchmark asks about: policies, grants, principals, the requests that are
// timed, and a source of random requests. The model is deliberately smaller than AWS's language; each
// contender translates it into its own form, strictkms from the JSON text of the policies.
package scenario

import "math/rand/v2"

// Request is what every contender starts from.
type Request struct {
	Principal string // ARN of the caller
	Action    string
	Key       string // ARN of the key
	Context   map[string][]string
}

// Scenario is a world with one key.
type Scenario struct {
	Name       string
	Key        string // ARN
	KeyPolicy  []Statement
	Grants     []Grant
	Principals []Principal
	Cases      []Case
}

// Case is a request that is timed, with the verdict that all contenders must give.
type Case struct {
	Name    string
	Request Request
	Allowed bool
}

// Principal is a caller and the policies it brings.
type Principal struct {
	ARN      string
	Role     string // ARN of the role of a session, empty for a user
	Name     string // user or session name
	Identity [][]Statement
}

// Statement is a policy statement. Principals is nil in identity policies.
type Statement struct {
	Sid        string
	Deny       bool
	Principals []string
	Actions    []string // with * at the end at most
	Resources  []string // ARNs, with * at the end at most, or *
	Conditions []Condition
}

// Condition is one operator on one key.
type Condition struct {
	Operator string
	Key      string
	Values   []string
}

// Grant is a grant to a role or user, with at most one constraint.
type Grant struct {
	ID         string
	Grantee    string
	Operations []string // without kms:
	Equals     map[string]string
	Subset     map[string]string
}

// The account, its root and the key that every scenario is about.
const (
	Account = "111122223333"
	Root    = "arn:aws:iam::" + Account + ":root"
	KeyARN  = "arn:aws:kms:us-east-1:" + Account + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	orgID   = "o-a1b2c3d4e5"
)

// Actions are what requests ask for and what wildcards in policies expand to.
var Actions = []string{
	"kms:Decrypt", "kms:DescribeKey", "kms:EnableKey", "kms:Encrypt", "kms:GenerateDataKey",
	"kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext",
	"kms:GetKeyPolicy", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo",
}

// hasEncryptionContext says which of them take an encryption context.
var hasEncryptionContext = map[string]bool{
	"kms:Decrypt": true, "kms:Encrypt": true, "kms:GenerateDataKey": true, "kms:GenerateDataKeyPair": true,
	"kms:GenerateDataKeyPairWithoutPlaintext": true, "kms:GenerateDataKeyWithoutPlaintext": true,
	"kms:ReEncryptFrom": true, "kms:ReEncryptTo": true,
}

// Random returns a request that may or may not be allowed: the values come from those that the
// policies mention, some that they do not mention, and missing ones.
func (s *Scenario) Random(random *rand.Rand) Request {
	one := func(values ...string) string { return values[random.IntN(len(values))] }
	r := Request{
		Principal: s.Principals[random.IntN(len(s.Principals))].ARN,
		Action:    Actions[random.IntN(len(Actions))],
		Key:       s.Key,
		Context:   map[string][]string{},
	}
	set := func(key string, values ...string) {
		if v := one(values...); v != "" {
			r.Context[key] = []string{v}
		}
	}
	set("aws:SecureTransport", "true", "true", "true", "false", "")
	set("aws:PrincipalOrgID", orgID, orgID, orgID, "o-other12345", "")
	set("aws:SourceIp", "10.1.2.3", "10.200.0.1", "172.20.1.1", "203.0.113.7", "2001:db8::1", "")
	set("aws:CurrentTime", "2026-03-01T00:00:00Z", "2027-06-30T23:59:59Z", "2030-01-01T12:00:00Z")
	set("aws:SourceArn", "arn:aws:sns:us-east-1:111122223333:topic-7", "arn:aws:sns:eu-west-1:111122223333:topic-7", "")
	set("aws:PrincipalTag/team", "payments", "search", "")
	set("aws:RequestedRegion", "us-east-1")
	set("aws:UserAgent", "aws-sdk-go-v2/1.47.7")
	set("kms:CallerAccount", Account)
	set("kms:ViaService", "s3.us-east-1.amazonaws.com", "s3.eu-west-2.amazonaws.com", "ec2.us-east-1.amazonaws.com", "service-7.us-east-1.amazonaws.com", "")
	if !hasEncryptionContext[r.Action] {
		return r
	}
	pairs := map[string]string{}
	pair := func(key string, values ...string) {
		if v := one(values...); v != "" {
			pairs[key] = v
		}
	}
	pair("app", "x", "app-1", "app-6", "zzz", "")
	pair("tenant", "tenant-2", "tenant-3", "tenant-8", "tenant-999", "")
	pair("stage", "prod", "", "", "")
	addEncryptionContext(r.Context, pairs)
	return r
}
