package evaluator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// benchWorld is a key whose policy has as many statements as said, of which three are about the caller: one that leaves it to
// IAM, one under a condition on the service, and a Deny from outside a network.
func benchWorld(t testing.TB, statements int) evaluator.Request {
	var b strings.Builder
	b.WriteString(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "kms:*", "Resource": "*"},
		{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/App"}, "Action": "kms:Decrypt", "Resource": "*",
		 "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}},
		{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*",
		 "Condition": {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}, "Bool": {"aws:ViaAWSService": "false"}}}`)
	for i := range statements - 3 {
		fmt.Fprintf(&b, `, {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/r%d"}, "Action": "kms:Decrypt", "Resource": "*",
			"Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "t%d"}}}`, i, i)
	}
	b.WriteString("]}")
	parse := func(kind policy.Kind, text string) *policy.Document {
		doc, diags := policy.Parse(kind, kind.String(), []byte(text), policy.WithoutSizeLimit())
		require.False(t, diags.HasErrors(), "%v", diags)
		return doc
	}
	return evaluator.Request{
		Principal: &evaluator.Principal{
			Type: evaluator.RoleSession, ARN: "arn:aws:sts::111111111111:assumed-role/App/s", Account: accountA,
			Issuer: "arn:aws:iam::111111111111:role/App", Name: "s", Tags: map[string]string{"tenant": "red"},
			Identity: []*policy.Document{parse(policy.IdentityPolicy, `{"Version": "2012-10-17", "Statement": [
				{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
				 "Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "${aws:PrincipalTag/tenant}"}}},
				{"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*"}]}`)},
		},
		Action: "kms:Decrypt", Key: &evaluator.Key{ARN: keyOne, Policy: parse(policy.KeyPolicy, b.String())},
		Context: evaluator.Context{"aws:SecureTransport": {"true"}},
	}
}

// BenchmarkUnknown is what a question with open condition keys costs beside one without.
func BenchmarkUnknown(b *testing.B) {
	everything := evaluator.Unknown{Others: true}
	for _, statements := range []int{3, 1000} {
		e := evaluator.New(mapWorld{})
		conditional := benchWorld(b, statements)
		settled := conditional
		settled.Action = "kms:DescribeKey"
		denied := conditional
		denied.Action = "kms:Sign"
		for name, run := range map[string]func() (evaluator.Verdict, error){
			"authorize": func() (evaluator.Verdict, error) {
				d, err := e.Authorize(b.Context(), conditional)
				return d.Decision, err
			},
			"settle, conditional": func() (evaluator.Verdict, error) { return e.Settle(b.Context(), conditional, everything) },
			"settle, one more":    func() (evaluator.Verdict, error) { return e.Settle(b.Context(), settled, everything) },
			"settle, denied":      func() (evaluator.Verdict, error) { return e.Settle(b.Context(), denied, everything) },
			"resolve": func() (evaluator.Verdict, error) {
				r, err := e.Resolve(b.Context(), conditional, everything)
				return r.Decision.Decision, err
			},
		} {
			b.Run(fmt.Sprintf("%s/%d statements", name, statements), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
