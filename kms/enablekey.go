package kms

// keyStateOperations are the operations that enable and disable keys.
var keyStateOperations = []operation{
	acts("EnableKey", enableKey),
	acts("DisableKey", disableKey),
}

type enableKeyInput struct {
	KeyId *string `kms:"required,min=1,max=2048"`
}

func enableKey(c *call, in *enableKeyInput) error {
	key, err := c.usableKey(*in.KeyId, nil)
	if err != nil {
		return err
	}
	return c.setState(key, stateEnabled)
}

type disableKeyInput struct {
	KeyId *string `kms:"required,min=1,max=2048"`
}

func disableKey(c *call, in *disableKeyInput) error {
	key, err := c.plainKey("kms:DisableKey", *in.KeyId)
	if err != nil {
		return err
	}
	context := map[string][]string{}
	c.service.addTrailingDays(context, key)
	if err := c.authorize("kms:DisableKey", key, context); err != nil {
		return err
	}
	if err := c.checkState(key); err != nil {
		return err
	}
	return c.setState(key, stateDisabled)
}

// setState enables or disables a key. A key whose rotation came due while it was disabled rotates at once when it is
// enabled (https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html). That of an unavailable key does
// not change until its key store is connected.
func (c *call) setState(key *Key, state string) error {
	if key.Metadata.State == state || key.Metadata.State == stateUnavailable {
		return nil
	}
	return c.editKey(key, func(r *keyRecord) {
		r.State = state
		if now := c.now(); r.Rotation != nil && r.Rotation.Next.Before(now) && r.MultiRegionKeyType != replicaKey {
			r.Rotation = &rotationRecord{PeriodInDays: r.Rotation.PeriodInDays, Next: now}
		}
	})
}
