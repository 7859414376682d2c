package evaluator_test

import (
	"context"
	"fmt"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// emptyWorld knows no organization.
type emptyWorld struct{}

func (emptyWorld) Account(string) *evaluator.Account { return nil }

func Example() {
	document, diagnostics := policy.Parse(policy.KeyPolicy, "key policy", []byte(`{
		"Version": "2012-10-17",
		"Statement": {
			"Sid": "ThroughStorage",
			"Effect": "Allow",
			"Principal": {"AWS": "arn:aws:iam::111122223333:user/alice"},
			"Action": "kms:Decrypt",
			"Resource": "*",
			"Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
		}
	}`))
	if diagnostics.HasErrors() {
		fmt.Println(diagnostics)
		return
	}
	request := evaluator.Request{
		Principal: &evaluator.Principal{
			Type: evaluator.User, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333", Name: "alice",
		},
		Action: "kms:Decrypt",
		Key: &evaluator.Key{
			ARN:    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
			Policy: document,
		},
	}
	e := evaluator.New(emptyWorld{})
	d, err := e.Explain(context.Background(), request)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Decision, d.Reason)
	for _, layer := range d.Layers {
		for _, st := range layer.Statements {
			for _, u := range st.Unmet {
				fmt.Printf("%s: %s %s wanted %q, actual %q\n", st.Sid, u.Operator, u.Key, u.Wanted, u.Actual)
			}
		}
	}

	request.Context = evaluator.Context{"kms:ViaService": {"s3.eu-west-1.amazonaws.com"}}
	d, err = e.Authorize(context.Background(), request)
	fmt.Println(d.Decision, d.Reason, err)
	// Output:
	// deny no-key-policy
	// ThroughStorage: StringEquals kms:ViaService wanted ["s3.eu-west-1.amazonaws.com"], actual []
	// allow direct-key-policy <nil>
}
