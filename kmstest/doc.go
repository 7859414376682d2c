// Package kmstest starts a strict AWS KMS inside a Go test: a server on the loopback interface, in memory, that decides
// every call by key policies, IAM policies and grants before it does anything, and answers in AWS's words. The code
// under test talks to it with the AWS SDK as it is:
//
//	func TestAppMayNotDecrypt(t *testing.T) {
//		server := kmstest.Start(t, kmstest.WithTemplate("template.yaml"))
//		app := kms.NewFromConfig(server.Config("role/App"))
//		...
//	}
//
// Keys and principals come from CloudFormation templates, from world files (docs/world.md), and from the calls that
// the test makes, for example as root. The server ends with the test. Several servers run side by side, so that tests
// with [testing.T.Parallel] have one each.
//
// Nothing gets around the policies: neither the root user nor any access key is above them. [WithEnforcement] makes the
// server lax, to see what a test needs.
//
// Package kmstest is for tests only: a key in its memory is as safe as the test's process, and no safer.
package kmstest
