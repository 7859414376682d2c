// Package sigv4 verifies AWS Signature Version 4 on the side of the server: requests that are signed in the
// Authorization header and presigned URLs
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
//
// [Parse] reads what a request says about its signature, [Signature.Check] holds it to the clock and to the service,
// and [Keys.Verify] proves it with the secret that belongs to the access key. The three are apart because the secret is
// looked up in between. A request that passed all three was made by someone who knows the secret, for this service,
// less than 15 minutes ago, and its method, path, query, body and signed headers are as they were signed.
//
// The package holds no identities and answers nothing: what is wrong with a request is an [*Error] with AWS's code and
// message. It signs nothing either; that is what the SDKs are for.
//
// Where AWS's documents are silent, the order of the checks and the messages follow what has been seen of AWS's
// answers, and where that is unknown the request is refused:
//   - Every x-amz-* header but x-amz-user-agent must be signed, as the user guide asks of signers.
//   - Headers and parameters that take part in authentication must not be given twice, the session token not in a header
//     and in the query.
//   - The hash of the payload is always that of the body that arrived. UNSIGNED-PAYLOAD is a form of Amazon S3, and
//     fails like any other hash that is not that of the body.
//   - Signature Version 4A (AWS4-ECDSA-P256-SHA256) is an unsupported algorithm.
package sigv4
