// Package awsquery is the AWS Query protocol, which IAM, STS and AWS CloudFormation speak: requests are forms, answers
// are XML (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html). Which structs can be read and written is said
// by package operation.
package awsquery
