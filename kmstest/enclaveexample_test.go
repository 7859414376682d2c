package kmstest_test

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/strictkms/strictkms/kmstest"
)

// A key makes data keys for enclaves with one image only.
func ExampleServer_NewEnclave() {
	t := &exampleT{} // in a test, this is its *testing.T
	defer t.end()

	server := kmstest.Start(t, kmstest.WithWorld(`
accounts:
  "111122223333":
    roles:
      App: {}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab:
        aliases: [alias/enclave]
        policy:
          Version: "2012-10-17"
          Statement:
            Effect: Allow
            Principal: {AWS: "arn:aws:iam::111122223333:role/App"}
            Action: kms:GenerateDataKey
            Resource: "*"
            Condition: {StringEqualsIgnoreCase: {"kms:RecipientAttestation:ImageSha384": "abababababababababababababababababababababababababababababababababababababababababababababababab"}}
`))
	app := kms.NewFromConfig(server.Config("role/App"))

	for _, digest := range []byte{0xab, 0xcd} {
		enclave := server.NewEnclave(map[int][]byte{0: bytes.Repeat([]byte{digest}, 48)})
		out, err := app.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
			KeyId: aws.String("alias/enclave"), KeySpec: types.DataKeySpecAes256, Recipient: enclave.Recipient(),
		})
		if refused, ok := errors.AsType[smithy.APIError](err); ok {
			fmt.Println(refused.ErrorCode())
			continue
		}
		fmt.Println(len(out.Plaintext), "bytes in the clear,", len(enclave.Open(out.CiphertextForRecipient)), "for the enclave")
	}
	// Output:
	// 0 bytes in the clear, 32 for the enclave
	// AccessDeniedException
}
