package kmstest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"github.com/strictkms/strictkms/kmstest"
)

// An application encrypts with a key that it may not decrypt with.
func Example() {
	t := &exampleT{} // in a test, this is its *testing.T
	defer t.end()

	server := kmstest.Start(t, kmstest.WithWorld(`
accounts:
  "111122223333":
    roles:
      App: {policies: {Encrypt: {Version: "2012-10-17", Statement: {Effect: Allow, Action: kms:Encrypt, Resource: "*"}}}}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab:
        aliases: [alias/app]
`))
	app := kms.NewFromConfig(server.Config("role/App"))

	encrypted, err := app.Encrypt(t.Context(), &kms.EncryptInput{
		KeyId: aws.String("alias/app"), Plaintext: []byte("a secret"),
	})
	fmt.Println("Encrypt:", err)

	_, err = app.Decrypt(t.Context(), &kms.DecryptInput{
		KeyId: aws.String("alias/app"), CiphertextBlob: encrypted.CiphertextBlob,
	})
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		fmt.Println("Decrypt:", refused.ErrorCode())
		fmt.Println(refused.ErrorMessage())
	}
	// Output:
	// Encrypt: <nil>
	// Decrypt: AccessDeniedException
	// User: arn:aws:sts::111122223333:assumed-role/App/strictkms is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab because no identity-based policy allows the kms:Decrypt action
}

// exampleT stands in for the test that an example does not have.
type exampleT struct{ cleanups []func() }

func (t *exampleT) Helper()                           {}
func (t *exampleT) Context() context.Context          { return context.Background() }
func (t *exampleT) Failed() bool                      { return false }
func (t *exampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (t *exampleT) Logf(format string, args ...any)   { fmt.Printf(format+"\n", args...) }
func (t *exampleT) Cleanup(f func())                  { t.cleanups = append(t.cleanups, f) }

func (t *exampleT) end() {
	for _, f := range t.cleanups {
		f()
	}
}
