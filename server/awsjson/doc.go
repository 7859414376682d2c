// Package awsjson is the AWS JSON 1.1 protocol on the side of the server: the operation is in X-Amz-Target, input and
// output are JSON documents, an exception is a document with its code in __type
// (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
//
// It is also the one place where what went wrong inside becomes what a client is told; see [ErrorOf].
package awsjson
