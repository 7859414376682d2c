package enforce

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
)

const (
	account = "111122223333"
	foreign = "444455556666"
	keyARN  = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// testWorld is the accounts by id.
type testWorld map[string]*evaluator.Account

func (w testWorld) Account(id string) *evaluator.Account { return w[id] }

func document(t testing.TB, kind policy.Kind, name, text string) *policy.Document {
	t.Helper()
	doc, diags := policy.Parse(kind, name, []byte(text))
	require.False(t, diags.HasErrors(), "%v", diags)
	return doc
}

// key is a key with a policy of these statements.
func key(t testing.TB, statements string) *kms.Key {
	t.Helper()
	text := `{"Version":"2012-10-17","Statement":[` + statements + `]}`
	return &kms.Key{
		ARN: keyARN, Partition: "aws", Region: "us-east-1", Account: account,
		Policy: text, PolicyDocument: document(t, policy.KeyPolicy, "key policy", text),
		Metadata: kms.Metadata{Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS"},
	}
}

// delegating is AWS's default key policy.
const delegating = `{"Sid":"Enable IAM User Permissions","Effect":"Allow",
	"Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`

func alice(t testing.TB, statements string) *iam.Principal {
	t.Helper()
	p := &iam.Principal{
		Type: iam.User, ARN: "arn:aws:iam::111122223333:user/alice", Account: account, Name: "alice",
		UniqueID: "AIDAALICE",
	}
	if statements != "" {
		p.Identity = []*policy.Document{document(t, policy.IdentityPolicy, "alices",
			`{"Version":"2012-10-17","Statement":[`+statements+`]}`)}
	}
	return p
}

// allowsAll is an identity policy statement.
const allowsAll = `{"Effect":"Allow","Action":"kms:*","Resource":"*"}`

func service(name string) *iam.Principal {
	return &iam.Principal{Type: iam.ServicePrincipal, ARN: name}
}

func enforcer(t testing.TB, config Config) *Enforcer {
	t.Helper()
	if config.World == nil {
		config.World = testWorld{}
	}
	if config.Mode == ModeUnknown {
		config.Mode = Strict
	}
	config.Clock = func() time.Time { return now }
	e, err := New(config)
	require.NoError(t, err)
	return e
}

func by(p *iam.Principal) Connection {
	return Connection{
		RequestID: "request-1", Principal: p, Region: "us-east-1", SourceIP: netip.MustParseAddr("203.0.113.7"),
		UserAgent: "aws-cli/2", TLS: true,
	}
}
