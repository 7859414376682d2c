package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/strictkms/strictkms/simulator/diff"
)

// large is a world of users who may use some keys by IAM policies, and keys with a key policy of three statements.
func large(users, keys int, statement string) string {
	var b strings.Builder
	b.WriteString("accounts:\n  \"111122223333\":\n    users:\n")
	for i := range users {
		fmt.Fprintf(&b, "      u%d: {policies: {P: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: ['kms:Decrypt', 'kms:Encrypt'], Resource: 'arn:aws:kms:us-east-1:111122223333:key/k%d'}]}}}\n", i, i%keys)
	}
	b.WriteString("    keys:\n")
	for i := range keys {
		own := statement
		if i > 0 {
			own = ""
		}
		fmt.Fprintf(&b, `      k%d: {policy: {Version: 2012-10-17, Statement: [
        {Sid: IAM, Effect: Allow, Principal: {AWS: "111122223333"}, Action: "kms:*", Resource: "*"},
        {Sid: Service, Effect: Allow, Principal: {AWS: "*"}, Action: ["kms:Decrypt", "kms:GenerateDataKey*"], Resource: "*", Condition: {StringEquals: {kms:ViaService: s3.us-east-1.amazonaws.com, kms:CallerAccount: "111122223333"}}}%s]}}
`, i, own)
	}
	return b.String()
}

// BenchmarkCompare compares 1,000 users and 200 keys of which one changes: its key policy gets another statement, or is
// only written otherwise.
func BenchmarkCompare(b *testing.B) {
	before := large(1000, 200, "")
	for name, after := range map[string]string{
		"statement": large(1000, 200, `, {Sid: New, Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/u7"}, Action: "kms:Decrypt", Resource: "*"}`),
		"condition": strings.Replace(before, "s3.us-east-1", "ec2.us-east-1", 1),
		"nothing":   before,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				old, changed := load(b, "old.yaml", before), load(b, "new.yaml", after)
				b.StartTimer()
				r, err := diff.Compare(b.Context(), old, changed)
				if err != nil {
					b.Fatal(err)
				}
				if (r.Verdict == diff.Wider) != (name != "nothing") {
					b.Fatal(r.Verdict)
				}
			}
		})
	}
}
