package sigv4

import (
	"crypto/sha256"
	"encoding/base64"
)

// Error is a refusal of a request for its signature, by the code that AWS's JSON protocol gives it. The Query protocol
// has the same codes without Exception, and SignatureDoesNotMatch for [CodeInvalidSignature].
type Error struct {
	Code string
	// Message is AWS's sentence. It quotes of the request only what is no secret.
	Message string
}

// Error returns the code with its message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// The codes of refusals
// (https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html).
const (
	// CodeMissingToken is for a request that is not signed.
	CodeMissingToken = "MissingAuthenticationTokenException"
	// CodeIncompleteSignature is for a signature that is not formed as it has to be.
	CodeIncompleteSignature = "IncompleteSignatureException"
	// CodeInvalidSignature is for a signature that is not that of the request, is too old, or is for something else.
	CodeInvalidSignature = "InvalidSignatureException"
)

// errMismatch is what every signature that does not match is answered.
var errMismatch = &Error{CodeInvalidSignature, "The request signature we calculated does not match the signature you " +
	"provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}

func incomplete(message string) *Error { return &Error{CodeIncompleteSignature, message} }

func invalid(message string) *Error { return &Error{CodeInvalidSignature, message} }

// hashed is how AWS quotes an Authorization header: it may hold the secret of another scheme.
func hashed(authorization string) string {
	sum := sha256.Sum256([]byte(authorization))
	return base64.StdEncoding.EncodeToString(sum[:])
}
