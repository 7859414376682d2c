package simulator_test

import (
	"context"
	"fmt"
	"os"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/files"
)

func ExampleCan() {
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
	err := files.Load(w, "world.yaml", []byte(`
accounts:
  "111122223333":
    users:
      alice: {}
    keys:
      main:
        aliases: [alias/app]
        policy:
          Version: 2012-10-17
          Statement: {Sid: Use, Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/alice"}, Action: kms:Decrypt, Resource: "*"}
`), w.Defaults)
	if err != nil {
		fmt.Println(err)
		return
	}
	alice, err := w.Principal("user/alice")
	if err != nil {
		fmt.Println(err)
		return
	}
	key, _, err := w.Key("alias/app")
	if err != nil {
		fmt.Println(err)
		return
	}
	question := simulator.Question{Principal: alice, Action: "kms:Decrypt", Key: key}
	answer, err := simulator.Can(context.Background(), evaluator.New(w), question)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := simulator.WriteText(os.Stdout, answer); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ALLOW  arn:aws:iam::111122223333:user/alice  kms:Decrypt  arn:aws:kms:us-east-1:111122223333:key/main
	//   because the key policy allows the caller itself
	//     allowed by               statement "Use" of key/main  world.yaml:11:22
}
