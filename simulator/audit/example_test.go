package audit_test

import (
	"context"
	"fmt"
	"time"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/audit"
)

// A key policy by itself is audited.
func ExampleRun() {
	src := []byte(`{"Version": "2012-10-17", "Statement": [
  {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"},
  {"Sid": "ThroughS3", "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
   "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-2.amazonaws.com"}}}]}`)
	doc, diags := policy.Parse(policy.KeyPolicy, "key policy", src, policy.WithFile("key.json"))
	if doc == nil {
		fmt.Println(diags)
		return
	}
	findings, err := audit.Run(context.Background(), audit.Input{
		Documents: []*policy.Document{doc}, Diagnostics: diags, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range findings {
		fmt.Println(f.Position, f.Severity, f.Code, f.Message)
	}
	// Output:
	// key.json:3:43 critical KP301 anybody, of any AWS account, is allowed kms:Decrypt, if only kms:ViaService = "s3.eu-west-2.amazonaws.com", which the caller can choose
}
