package cloudformation_test

import (
	"fmt"

	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

func ExampleLoad() {
	template := `
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {AWS: !ImportValue admin-role}
            Action: kms:*
            Resource: "*"
  Alias:
    Type: AWS::KMS::Alias
    Properties: {AliasName: !Sub "alias/${AWS::StackName}", TargetKeyId: !Ref Key}
`
	w := &source.World{}
	if err := cloudformation.Load(w, "app.yaml", []byte(template), cloudformation.Options{Region: "eu-west-2"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Keys[0].ARN)
	fmt.Println(w.Keys[0].Aliases)
	for _, warning := range w.Warnings {
		fmt.Println(warning)
	}
	// Output:
	// arn:aws:kms:eu-west-2:111122223333:key/18610088-2add-47d1-b215-c5514e00b54e
	// [alias/app]
	// app.yaml:10:30: warning: the export "admin-role" belongs to another stack: its value is unknown
}
