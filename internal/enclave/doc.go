// Package enclave plays the Nitro hypervisor for tests: attestation documents as AWS's have them, of enclaves and of EC2
// instances with NitroTPM that a test makes up, under a root of trust that is the test's own. Package kms/attestation
// verifies them; nothing here is shared with it.
//
// A root of this package proves nothing to anybody: whoever holds the program can sign what they like.
package enclave
