package policy_test

import (
	"fmt"

	"github.com/strictkms/strictkms/policy"
)

func ExampleParse() {
	src := `{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow",
    "Principal": {"AWS": "111122223333"},
    "Action": ["kms:ReEncrypt*", "kms:Decyrpt"],
    "Resource": "*"
  }
}`
	doc, diagnostics := policy.Parse(policy.KeyPolicy, "KeyPolicy of alias/app", []byte(src), policy.WithFile("key.json"))
	fmt.Println(diagnostics)
	if doc == nil {
		return
	}
	s := doc.Statements[0]
	fmt.Println(s.Effect, s.Principals.Values[0].Form, s.Actions.Values[0].Pos)
	for _, action := range s.Actions.ActionSet().Actions() {
		fmt.Println(action.Name, action.AccessLevels)
	}
	// Output:
	// key.json:6:34: warning: "kms:Decyrpt" matches no action of KMS: did you mean "kms:Decrypt"?
	// Allow account key.json:6:16
	// kms:ReEncryptFrom [Write]
	// kms:ReEncryptTo [Write]
}

func ExampleParsePattern() {
	for _, s := range policy.ParsePattern("alias/${aws:PrincipalTag/team, 'shared'}/*", policy.Version2012) {
		fmt.Printf("%s %q %+v\n", s.Kind, s.Literal, s.Variable)
	}
	// Output:
	// literal "alias/" {Key: Default: HasDefault:false}
	// variable "" {Key:aws:principaltag/team Default:shared HasDefault:true}
	// literal "/" {Key: Default: HasDefault:false}
	// * "" {Key: Default: HasDefault:false}
}
