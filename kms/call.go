package kms

import "context"

// Call is who calls, and where.
type Call struct {
	// Account is the caller's account: 12 digits. Keys and aliases that are not named by an ARN are looked for here.
	Account string
	// Partition and Region are those of the endpoint that is called, for example aws and us-east-1.
	Partition, Region string
	// Principal is the ARN of the caller, or the name of a service.
	Principal string
	// RequestID is the id of the request, as its answer tells it.
	RequestID string
	// Authorizer decides for this caller.
	Authorizer Authorizer
	// Observer is told what the call turned out to be about; nil for nobody.
	Observer Observer
}

// Authorizer decides whether a caller may act. An operation asks it for every key and action it involves, before it
// looks at the state of the key and before it does anything.
type Authorizer interface {
	// Authorize returns nil when the access is allowed, an [*Error] with [CodeAccessDenied] when it is not. Any
	// other error also ends the operation.
	Authorize(ctx context.Context, access *Access) error
	// Would says whether the access would be allowed. The question is hypothetical: it leaves no trace. CreateKey
	// and PutKeyPolicy ask it so that a policy does not lock its owner out
	// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#allow-iam-policies).
	Would(ctx context.Context, access *Access) (bool, error)
}

// Access is one action on one resource.
type Access struct {
	// Action is an action of the catalogue, for example kms:ReEncryptFrom.
	Action string
	// Key is the key acted on; nil for an action without a key, and for the alias side of an alias action.
	Key *Key
	// Alias is the ARN of the alias acted on, for the alias side of an alias action.
	Alias string
	// Region is where the access is when that is not the Region of the call: what an operation on a multi-Region key does
	// in another. It is aws:RequestedRegion then.
	Region string
	// Context are the condition keys that come from the request's parameters; the Authorizer adds those that follow
	// from the caller, the key and the connection.
	Context map[string][]string
	// Grant is the id of the grant that RetireGrant is about.
	Grant string
	// FromCiphertext is true when the key was found in the ciphertext and not named by the caller: AWS then words a
	// denial so that it tells nothing about the key.
	FromCiphertext bool
}

// Observer is told about a call while it runs, for the decision log.
type Observer interface {
	// Key is called with each key that the call acts on, as soon as it is known.
	Key(key *Key)
	// Material is called with the id of the key material that was used.
	Material(id string)
	// Note adds a member to CloudTrail's additionalEventData, for example grantId: a string, or a map of strings.
	Note(name string, value any)
}
