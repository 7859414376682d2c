// Package kms is the key management service without its wire: keys, key material, aliases, grants, ciphertext, and
// every operation as a function from an input to an output, both with the member names of the API
// (https://docs.aws.amazon.com/kms/latest/APIReference/). It knows no HTTP and no IAM: a [Call] brings the caller
// and the [Authorizer] that decides for it.
//
// State lives in a [store.Store]. Reads come from an immutable snapshot in memory that follows the store's watch, so
// that deciding and encrypting take no lock; an operation that writes commits a transaction and returns when the
// snapshot has it. Key material is sealed under the root key in the store (package material).
//
// The order within an operation is AWS's as far as it is known: the input is validated, the key is identified (from
// KeyId, an alias, or the ciphertext), the call is authorized, then the state and usage of the key are checked, and
// only then anything is done.
package kms
