package material_test

import (
	"crypto/rand"
	"fmt"

	"github.com/strictkms/strictkms/kms/material"
)

// Key material is generated, sealed for the store, and opened again when it is used.
func Example() {
	root, err := material.NewRoot(make([]byte, material.RootSizeInBytes)) // a real one is random
	if err != nil {
		panic(err)
	}
	spec := material.LookupSpec("SYMMETRIC_DEFAULT")
	generated, err := material.Generate(spec, rand.Reader)
	if err != nil {
		panic(err)
	}
	const id = "1234abcd-12ab-34cd-56ef-1234567890ab"
	const arn = "arn:aws:kms:us-east-1:111122223333:key/" + id
	inStore, err := generated.Seal(root, arn)
	if err != nil {
		panic(err)
	}

	opened, err := material.NewSealed(root, arn, spec, generated.ID(), inStore).Material()
	if err != nil {
		panic(err)
	}
	context := map[string]string{"tenant": "a"}
	ciphertext, err := opened.Encrypt(rand.Reader, id, context, []byte("secret"))
	if err != nil {
		panic(err)
	}
	header, err := material.ParseCiphertext(ciphertext)
	if err != nil {
		panic(err)
	}
	fmt.Println("key", header.KeyID)

	plaintext, err := opened.Decrypt(header.KeyID, context, ciphertext)
	fmt.Printf("%s %v\n", plaintext, err)
	_, err = opened.Decrypt(header.KeyID, nil, ciphertext)
	fmt.Println(err)
	fmt.Println(opened)
	// Output:
	// key 1234abcd-12ab-34cd-56ef-1234567890ab
	// secret <nil>
	// the ciphertext cannot be decrypted
	// [redacted]
}
