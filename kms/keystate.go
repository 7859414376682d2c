package kms

// The states of keys (https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html).
const (
	stateEnabled                = "Enabled"
	stateDisabled               = "Disabled"
	statePendingDeletion        = "PendingDeletion"
	statePendingReplicaDeletion = "PendingReplicaDeletion"
	statePendingImport          = "PendingImport"
	stateUnavailable            = "Unavailable"
	stateCreating               = "Creating"
	stateUpdating               = "Updating"
)

// refusal is how an operation refuses a key for its state: the numbers of the table's footnotes. Of "[2] or [3]", it
// is [3] that clients of AWS report.
type refusal int

const (
	takes              refusal = 0
	isDisabled         refusal = 1
	isPendingDeletion  refusal = 3
	notPendingDeletion refusal = 4
	isPendingImport    refusal = 5
	wrongOrigin        refusal = 6
	importsNoMore      refusal = 8
	cannotImport       refusal = 9
	isUnavailable      refusal = 11
	isCreating         refusal = 14
	isUpdating         refusal = 15
)

// refusals are the exception of each refusal; the message follows the ARN of the key.
var refusals = map[refusal]struct{ code, message string }{
	isDisabled:         {CodeDisabled, " is disabled."},
	isPendingDeletion:  {CodeInvalidState, " is pending deletion."},
	notPendingDeletion: {CodeInvalidState, " is not pending deletion."},
	isPendingImport:    {CodeInvalidState, " is pending import."},
	wrongOrigin:        {CodeUnsupportedOperation, " origin is EXTERNAL which is not valid for this operation."},
	importsNoMore:      {CodeInvalidState, " is pending deletion."},
	cannotImport:       {CodeUnsupportedOperation, " cannot have imported key material."}, // [checkImports] says so before
	isUnavailable:      {CodeInvalidState, " is unavailable."},
	isCreating:         {CodeInvalidState, " is creating."},
	isUpdating:         {CodeInvalidState, " is updating."},
}

// stateRow is a row of the table: how an operation takes a key in each state.
type stateRow struct {
	enabled, disabled, pendingDeletion, pendingImport, unavailable, creating, updating refusal
}

// The rows that several operations share. What the table calls not applicable is refused.
var (
	anyState   = stateRow{}
	cryptoRow  = stateRow{takes, isDisabled, isPendingDeletion, isPendingImport, isUnavailable, isCreating, takes}
	editRow    = stateRow{takes, takes, isPendingDeletion, takes, takes, takes, takes}
	switchRow  = stateRow{takes, takes, isPendingDeletion, isPendingImport, takes, isCreating, isUpdating}
	rotateRow  = stateRow{takes, isDisabled, isPendingDeletion, wrongOrigin, isUnavailable, isCreating, takes}
	replicaRow = stateRow{takes, isDisabled, isPendingDeletion, isPendingImport, isUnavailable, isCreating, isUpdating}
)

// stateTable is the table of https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html#key-state-table;
// what depends on the origin of the key ([7], [8], [9]) is left to the operations. An operation that is not here
// refuses every key.
var stateTable = map[string]stateRow{
	"CancelKeyDeletion": {
		notPendingDeletion, notPendingDeletion, takes, notPendingDeletion, notPendingDeletion, notPendingDeletion,
		notPendingDeletion,
	},
	"CreateAlias":                         editRow,
	"CreateGrant":                         {takes, isDisabled, isPendingDeletion, isPendingImport, takes, isCreating, takes},
	"Decapsulate":                         cryptoRow,
	"Decrypt":                             cryptoRow,
	"DeleteAlias":                         anyState,
	"DeleteImportedKeyMaterial":           {unavailable: cannotImport, creating: isCreating, updating: isUpdating},
	"DescribeKey":                         anyState,
	"DeriveSharedSecret":                  cryptoRow,
	"DisableKey":                          switchRow,
	"DisableKeyRotation":                  rotateRow,
	"EnableKey":                           switchRow,
	"EnableKeyRotation":                   rotateRow,
	"Encapsulate":                         cryptoRow,
	"Encrypt":                             cryptoRow,
	"GenerateDataKey":                     cryptoRow,
	"GenerateDataKeyPair":                 cryptoRow,
	"GenerateDataKeyPairWithoutPlaintext": cryptoRow,
	"GenerateDataKeyWithoutPlaintext":     cryptoRow,
	"GenerateMac":                         cryptoRow,
	"GetKeyLastUsage":                     anyState, // it is not in the table; no state is among its errors
	"GetKeyPolicy":                        anyState,
	"GetKeyRotationStatus":                {pendingImport: wrongOrigin},
	"GetParametersForImport":              {takes, takes, importsNoMore, takes, cannotImport, isCreating, isUpdating},
	"GetPublicKey":                        cryptoRow,
	"ImportKeyMaterial":                   {takes, takes, importsNoMore, takes, cannotImport, isCreating, takes},
	"ListAliases":                         anyState,
	"ListGrants":                          anyState,
	"ListKeyPolicies":                     anyState,
	"ListKeyRotations":                    anyState,
	"ListResourceTags":                    anyState,
	"PutKeyPolicy":                        anyState,
	"ReEncrypt":                           cryptoRow,
	"ReplicateKey":                        replicaRow,
	"RetireGrant":                         anyState,
	"RevokeGrant":                         anyState,
	"RotateKeyOnDemand":                   cryptoRow,
	"ScheduleKeyDeletion":                 {pendingDeletion: isPendingDeletion, updating: isUpdating},
	"Sign":                                cryptoRow,
	"TagResource":                         editRow,
	"UntagResource":                       editRow,
	"UpdateAlias":                         editRow, // of the key that the alias is to name
	"UpdateKeyDescription":                editRow,
	"UpdatePrimaryRegion":                 {takes, isDisabled, isPendingDeletion, isPendingImport, isUnavailable, isCreating, takes},
	"Verify":                              cryptoRow,
	"VerifyMac":                           cryptoRow,
}

// checkState refuses a key that is in a state in which the operation of the call does not take it.
func (c *call) checkState(key *Key) error {
	row, ok := stateTable[c.operation]
	if !ok {
		return &Error{Code: CodeUnsupportedOperation}
	}
	state := c.stateOf(key)
	r := row.refusal(state)
	switch {
	case r == takes:
		return nil
	case r == isUnavailable && key.Metadata.Origin == originXKS:
		return failf(CodeInvalidState, "%s", messageNotConnected)
	case state == statePendingReplicaDeletion:
		return failf(refusals[r].code, "%s is pending replica deletion.", key.ARN)
	default:
		return failf(refusals[r].code, "%s%s", key.ARN, refusals[r].message)
	}
}

func (r *stateRow) refusal(state string) refusal {
	switch state {
	case stateEnabled:
		return r.enabled
	case stateDisabled:
		return r.disabled
	case statePendingDeletion, statePendingReplicaDeletion:
		return r.pendingDeletion
	case statePendingImport:
		return r.pendingImport
	case stateCreating:
		return r.creating
	case stateUpdating:
		return r.updating
	default: // Unavailable, and what a newer version may have written
		return r.unavailable
	}
}
