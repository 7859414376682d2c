// Package server is the endpoint that AWS SDKs talk to. It proves who calls (package sigv4 with the secrets of package
// iam), has the operation done by package kms under the eyes of package enforce, answers in the protocol of AWS KMS
// (package awsjson) and notes what happened (package trail).
//
// One port serves AWS KMS, whatever the Region: that is the one of the credential scope. Below /_strictkms/ it serves
// health, metrics, and what the decision log has to tell. Calls in the Query protocol, which IAM and STS speak, go to
// [Config.Query].
package server
