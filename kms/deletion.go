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

type scheduleKeyDeletionOutput struct {
	KeyId               string
	DeletionDate        timestamp
	KeyState            string
	PendingWindowInDays int
}

func scheduleKeyDeletion(c *call, in *scheduleKeyDeletionInput) (*scheduleKeyDeletionOutput, error) {
	window := int(value(in.PendingWindowInDays, defaultWindowInDays))
	if window < minWindowInDays || window > maxWindowInDays {
		return nil, failf(CodeValidation, "PendingWindowInDays must be between %d and %d, inclusive.",
			minWindowInDays, maxWindowInDays)
	}
	context := map[string][]string{"kms:ScheduleKeyDeletionPendingWindowInDays": {strconv.Itoa(window)}}
	key, err := c.usableKey(*in.KeyId, context)
	if err != nil {
		return nil, err
	}
	date := c.now().Add(days(window))
	err = c.editKey(key, func(r *keyRecord) {
		r.State, r.DeletionDate, r.PendingWindowInDays = statePendingDeletion, date, window
	})
	if err != nil {
		return nil, err
	}
	return &scheduleKeyDeletionOutput{key.ARN, timestamp(date), statePendingDeletion, window}, nil
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
