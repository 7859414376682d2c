package enforce

import (
	"testing"

	"github.com/strictkms/strictkms/kms"
)

// fiveStatements are those of a key that the console makes for administrators and users, with a condition.
const fiveStatements = delegating + `,
	{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/Admin"},"Action":["kms:Create*","kms:Put*"],"Resource":"*"},
	{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*",
	 "Condition":{"StringEquals":{"kms:EncryptionContext:tenant":"a"}}},
	{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/App"},"Action":"kms:CreateGrant","Resource":"*",
	 "Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}},
	{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`

func BenchmarkAuthorize(b *testing.B) {
	for _, bench := range []struct{ name, statements string }{
		{"default-policy", delegating},
		{"five-statements", fiveStatements},
	} {
		b.Run(bench.name, func(b *testing.B) {
			e := enforcer(b, Config{})
			k, connection := key(b, bench.statements), by(alice(b, allowsAll))
			context := map[string][]string{"kms:EncryptionContext:tenant": {"a"}, "kms:EncryptionAlgorithm": {"SYMMETRIC_DEFAULT"}}
			b.ReportAllocs()
			for b.Loop() {
				access := &kms.Access{Action: "kms:Encrypt", Key: k, Context: context}
				if err := e.Call(connection).Authorize(b.Context(), access); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
