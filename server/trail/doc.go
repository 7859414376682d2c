// Package trail is the decision log: one JSON line per call in the form of AWS CloudTrail
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html and
// https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html), with what was decided and why
// in a member of our own, strictkms. Plaintext, ciphertext, messages, signatures, MACs, key material and grant tokens
// are never in it: of a request only what [parameters] knows to be harmless is written.
//
// A [Trail] also remembers recent calls, so that their decisions can be explained later, and passes the lines on to
// whoever follows them ([Trail.DecisionsHandler]).
package trail
