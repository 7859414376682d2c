package kms

import (
	"time"

	"github.com/strictkms/strictkms/kms/material"
)

// importOperations are the operations on imported key material
// (https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html).
var importOperations = []operation{
	answers("GetParametersForImport", getParametersForImport),
	answers("ImportKeyMaterial", importKeyMaterial),
	answers("DeleteImportedKeyMaterial", deleteImportedKeyMaterial),
}

// importTokenValidity is how long an import token and its public key may be used
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html).
const importTokenValidity = 24 * time.Hour

type getParametersForImportInput struct {
	KeyId             *string `kms:"required,min=1,max=2048"`
	WrappingAlgorithm *string `kms:"required,enum=AlgorithmSpec"`
	WrappingKeySpec   *string `kms:"required,enum=WrappingKeySpec"`
}

type getParametersForImportOutput struct {
	KeyId             string
	ImportToken       []byte
	PublicKey         []byte
	ParametersValidTo timestamp
}

// getParametersForImport makes a wrapping key. Nothing of it is kept: the import token has all that ImportKeyMaterial
// needs, sealed under the root key.
func getParametersForImport(c *call, in *getParametersForImportInput) (*getParametersForImportOutput, error) {
	key, err := c.authorizedKey(*in.KeyId, map[string][]string{
		"kms:WrappingAlgorithm": {*in.WrappingAlgorithm}, "kms:WrappingKeySpec": {*in.WrappingKeySpec},
	})
	if err != nil {
		return nil, err
	}
	if err := checkImports(key); err != nil {
		return nil, err
	}
	if err := c.checkState(key); err != nil {
		return nil, err
	}
	algorithm := material.LookupWrappingAlgorithm(*in.WrappingAlgorithm)
	wrapping, spec := material.LookupSpec(*in.WrappingKeySpec), material.LookupSpec(key.Metadata.Spec)
	if algorithm == nil || wrapping == nil || spec == nil || !algorithm.Wraps(wrapping, spec) {
		return nil, &Error{Code: CodeUnsupportedOperation}
	}
	w, err := material.NewWrappingKey(wrapping, algorithm)
	if err != nil {
		return nil, err
	}
	validTo := c.now().Add(importTokenValidity)
	token, err := w.Token(c.service.config.Root, key.ARN, validTo)
	if err != nil {
		return nil, err
	}
	public, err := w.PublicKey()
	if err != nil {
		return nil, err
	}
	return &getParametersForImportOutput{key.ARN, token, public, timestamp(validTo)}, nil
}
