package kms

import (
	"strconv"
	"time"
)

// rotationOperations are the operations on the rotation of key material. [Service.settle] rotates automatically.
var rotationOperations = []operation{
	acts("DisableKeyRotation", disableKeyRotation),
	acts("EnableKeyRotation", enableKeyRotation),
	answers("GetKeyRotationStatus", getKeyRotationStatus),
	answers("ListKeyRotations", listKeyRotations),
	answers("RotateKeyOnDemand", rotateKeyOnDemand),
}

// defaultRotationPeriodInDays is what AWS KMS takes when the request does not say
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html, RotationPeriodInDays).
const defaultRotationPeriodInDays = 365

// maxOnDemandRotations is how often a key can be rotated on demand
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html).
const maxOnDemandRotations = 25

// rotationGap is how long before its automatic rotation a key is not rotated on demand any more
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html, Errors, ConflictException).
const rotationGap = 20 * time.Minute

var errRotatesSoon = &Error{
	Code: CodeConflict,
	Message: "The request was rejected because an automatic rotation of this key is currently in progress or scheduled to begin " +
		"within the next 20 minutes.",
}

// checkRotatesOnDemand refuses a key that cannot have several materials: only symmetric encryption keys can, with
// material of KMS or imported (https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html).
func checkRotatesOnDemand(key *Key) error {
	if key.Metadata.Spec == symmetricDefault && key.Metadata.Origin == originExternal {
		return nil
	}
	return checkRotates(key)
}

// checkRotates refuses a key that cannot rotate by itself: only symmetric encryption keys with material of KMS can
// (https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html).
func checkRotates(key *Key) error {
	switch {
	case key.Metadata.Spec != symmetricDefault:
		return &Error{Code: CodeUnsupportedOperation}
	case key.Metadata.Origin != originKMS:
		return failf(CodeUnsupportedOperation, "%s origin is %s which is not valid for this operation.",
			key.ARN, key.Metadata.Origin)
	default:
		return nil
	}
}

// checkRotatable refuses a replica, since rotation is a property of the primary key, and an AWS managed key, which rotates
// every year whatever its users do (https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html).
func checkRotatable(key *Key) error {
	if key.Metadata.AWSManaged {
		return &Error{Code: CodeUnsupportedOperation}
	}
	if key.Metadata.MultiRegionKeyType == replicaKey {
		return checkIsPrimary(key)
	}
	return nil
}

// rotatingKey finds a key whose rotation the call changes.
func (c *call) rotatingKey(keyID string, context map[string][]string) (*Key, error) {
	key, err := c.authorizedKey(keyID, context)
	if err != nil {
		return nil, err
	}
	if err := checkRotates(key); err != nil {
		return nil, err
	}
	if err := checkRotatable(key); err != nil {
		return nil, err
	}
	return key, c.checkState(key)
}

type enableKeyRotationInput struct {
	KeyId                *string `kms:"required,min=1,max=2048"`
	RotationPeriodInDays *int32  `kms:"min=90,max=2560"`
}

func enableKeyRotation(c *call, in *enableKeyRotationInput) error {
	period := int(value(in.RotationPeriodInDays, defaultRotationPeriodInDays))
	context := map[string][]string{"kms:RotationPeriodInDays": {strconv.Itoa(period)}}
	key, err := c.rotatingKey(*in.KeyId, context)
	if err != nil {
		return err
	}
	if r := key.record.Rotation; r != nil && r.PeriodInDays == period {
		return nil
	}
	next := c.now().Add(days(period))
	return c.editShared(key, func(r *keyRecord) { r.Rotation = &rotationRecord{PeriodInDays: period, Next: next} })
}

type disableKeyRotationInput struct {
	KeyId *string `kms:"required,min=1,max=2048"`
}

func disableKeyRotation(c *call, in *disableKeyRotationInput) error {
	key, err := c.rotatingKey(*in.KeyId, nil)
	if err != nil {
		return err
	}
	return c.editShared(key, func(r *keyRecord) { r.Rotation = nil })
}

type getKeyRotationStatusInput struct {
	KeyId *string `kms:"required,min=1,max=2048"`
}

type getKeyRotationStatusOutput struct {
	KeyId                string
	KeyRotationEnabled   bool
	RotationPeriodInDays int        `json:",omitempty"`
	NextRotationDate     *timestamp `json:",omitempty"`
}

// getKeyRotationStatus answers for asymmetric and HMAC keys that they do not rotate, as AWS does, and refuses keys with
// imported material. A key that is pending deletion does not rotate
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html).
func getKeyRotationStatus(c *call, in *getKeyRotationStatusInput) (*getKeyRotationStatusOutput, error) {
	key, err := c.authorizedKey(*in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	if err := checkRotates(key); err != nil && (key.Metadata.Spec == symmetricDefault || key.Metadata.Origin != originKMS) {
		return nil, err
	}
	if err := c.checkState(key); err != nil {
		return nil, err
	}
	out := &getKeyRotationStatusOutput{KeyId: key.ARN}
	if r := key.record.Rotation; r != nil && !key.isToBeDeleted() {
		out.KeyRotationEnabled, out.RotationPeriodInDays = true, r.PeriodInDays
		out.NextRotationDate = (*timestamp)(&r.Next)
	}
	return out, nil
}

type rotateKeyOnDemandInput struct {
	KeyId *string `kms:"required,min=1,max=2048"`
}

type rotateKeyOnDemandOutput struct{ KeyId string }

func rotateKeyOnDemand(c *call, in *rotateKeyOnDemandInput) (*rotateKeyOnDemandOutput, error) {
	key, err := c.authorizedKey(*in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	if err := checkRotatesOnDemand(key); err != nil {
		return nil, err
	}
	if err := checkRotatable(key); err != nil {
		return nil, err
	}
	if err := c.checkState(key); err != nil {
		return nil, err
	}
	record := *key.record
	if r := record.Rotation; r != nil && r.Next.Before(c.now().Add(rotationGap)) {
		return nil, errRotatesSoon
	}
	if record.OnDemandRotations >= maxOnDemandRotations {
		return nil, failf(CodeLimitExceeded, "The on-demand rotations limit has been reached for the given keyId. "+
			"No more on-demand rotations can be performed for this key: %s", key.ARN)
	}
	if key.Metadata.Origin == originExternal {
		err = c.rotateImported(key, &record)
	} else {
		err = c.service.rotate(key, &record, c.now(), rotationOnDemand)
	}
	if err != nil {
		return nil, err
	}
	record.OnDemandRotations++
	if err := c.service.writeShared(c.ctx, c.snapshot, key, &record); err != nil {
		return nil, err
	}
	return &rotateKeyOnDemandOutput{key.ARN}, nil
}
