package snapshot_test

import (
	"context"
	"fmt"
	"os"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/snapshot"
)

// A folder that strictkms snapshot wrote answers who may use the keys in it.
func Example() {
	files, err := snapshot.Files(os.DirFS("../../examples/snapshot"), "examples/snapshot")
	if err != nil {
		panic(err)
	}
	world := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1"}}
	if err := snapshot.Load(world, files); err != nil {
		panic(err)
	}
	principal, err := world.Principal("user/encryptor")
	if err != nil {
		panic(err)
	}
	key, _, err := world.Key("alias/encryption-as-a-service")
	if err != nil {
		panic(err)
	}
	for _, action := range []string{"kms:Encrypt", "kms:Decrypt"} {
		decision, err := evaluator.New(world).Authorize(context.Background(), evaluator.Request{
			Principal: principal, Action: action, Key: key,
		})
		if err != nil {
			panic(err)
		}
		fmt.Println(action, decision.Decision, decision.Reason)
	}
	// Output:
	// kms:Encrypt allow key-policy-and-iam
	// kms:Decrypt deny no-identity-policy
}
