package kms

import (
	"strconv"
	"time"
)

// deletionOperations are the operations that schedule and cancel the deletion of keys. [Service.settle] deletes them.
var deletionOperations = []operation{
	answers("ScheduleKeyDeletion", scheduleKeyDeletion),
	answers("CancelKeyDeletion", cancelKeyDeletion),
}

// The waiting period before a key is deleted, in days
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html, PendingWindowInDays).
const (
	minWindowInDays     = 7
	maxWindowInDays     = 30
	defaultWindowInDays = 30
)

type scheduleKeyDeletionInput struct {
	KeyId               *string `kms:"required,min=1,max=2048"`
	PendingWindowInDays *int32  `kms:"min=1,max=365"`
}

// scheduleKeyDeletionOutput has no date for a primary key whose replicas have to be deleted first.
type scheduleKeyDeletionOutput struct {
	KeyId               string
	DeletionDate        *timestamp `json:",omitempty"`
	KeyState            string
	PendingWindowInDays int
}

func scheduleKeyDeletion(c *call, in *scheduleKeyDeletionInput) (*scheduleKeyDeletionOutput, error) {
	window := int(value(in.PendingWindowInDays, defaultWindowInDays))
	if window < minWindowInDays || window > maxWindowInDays {
		return nil, failf(CodeValidation, "PendingWindowInDays must be between %d and %d, inclusive.",
			minWindowInDays, maxWindowInDays)
	}
	key, err := c.plainKey("kms:ScheduleKeyDeletion", *in.KeyId)
	if err != nil {
		return nil, err
	}
	context := map[string][]string{"kms:ScheduleKeyDeletionPendingWindowInDays": {strconv.Itoa(window)}}
	c.service.addTrailingDays(context, key)
	if err := c.authorize("kms:ScheduleKeyDeletion", key, context); err != nil {
		return nil, err
	}
	if err := c.checkState(key); err != nil {
		return nil, err
	}
	out := &scheduleKeyDeletionOutput{KeyId: key.ARN, KeyState: statePendingDeletion, PendingWindowInDays: window}
	date := c.now().Add(days(window))
	if key.Metadata.MultiRegionKeyType == primaryKey && len(replicas(c.related(key))) > 0 {
		out.KeyState, date = statePendingReplicaDeletion, time.Time{}
	} else {
		out.DeletionDate = (*timestamp)(&date)
	}
	err = c.editKey(key, func(r *keyRecord) {
		r.State, r.DeletionDate, r.PendingWindowInDays, r.Transition = out.KeyState, date, window, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type cancelKeyDeletionInput struct {
	KeyId *string `kms:"required,min=1,max=2048"`
}

// cancelKeyDeletionOutput has the ARN of the key.
type cancelKeyDeletionOutput struct{ KeyId string }

// cancelKeyDeletion leaves the key disabled, or, when imported material of it is missing, pending import
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html).
func cancelKeyDeletion(c *call, in *cancelKeyDeletionInput) (*cancelKeyDeletionOutput, error) {
	key, err := c.usableKey(*in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	err = c.editKey(key, func(r *keyRecord) {
		r.State, r.DeletionDate, r.PendingWindowInDays = stateDisabled, time.Time{}, 0
		r.followMaterials()
	})
	if err != nil {
		return nil, err
	}
	return &cancelKeyDeletionOutput{key.ARN}, nil
}
