package rego_test

import (
	"fmt"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

func ExamplePolicy() {
	document, diagnostics := policy.Parse(policy.KeyPolicy, "key policy", []byte(`{
		"Version": "2012-10-17",
		"Statement": {
			"Sid": "OnlyFromHome",
			"Effect": "Deny",
			"Principal": "*",
			"Action": "kms:Decrypt",
			"Resource": "*",
			"Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
		}
	}`))
	if diagnostics.HasErrors() {
		fmt.Println(diagnostics)
		return
	}
	module, err := rego.Print(rego.Policy(document, "example").Module)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(module)
	// Output:
	// # key policy
	// package strictkms.unit.example
	//
	// # Statement 0 "OnlyFromHome", Deny, 3:16
	// deny contains 0 if {
	// 	input.action == "kms:Decrypt"
	// 	not match_0_0
	// }
	//
	// match_0_0 if net.cidr_contains("10.0.0.0/8", input.context["aws:sourceip"])
}
