// Package attestation verifies attestation documents of AWS Nitro Enclaves and of EC2 instances with NitroTPM, and
// encrypts answers for the holder of a verified one.
//
// A document says what runs where: platform configuration registers, and a public key of what runs. It is a CBOR map in
// a COSE_Sign1 message, signed with the key of a certificate that it brings along, whose chain ends in AWS's root
// (https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html,
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/nitrotpm-attestation-document-validate.html,
// https://github.com/aws/aws-nitro-enclaves-nsm-api/blob/main/docs/attestation_process.md). Answers are CMS (RFC 5652),
// as AWS KMS writes them.
//
// The package knows no policies and no API: [Document.Conditions] are the values of condition keys, and what a wrong
// document is answered with is for package kms to say.
package attestation
