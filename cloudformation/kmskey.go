package cloudformation

import (
	"slices"
)

// keyProperties are those of AWS::KMS::Key
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html).
type keyProperties struct {
	BypassPolicyLockoutSafetyCheck flag
	Description                    string
	Enabled                        *flag
	EnableKeyRotation              flag
	KeyPolicy                      document
	KeySpec, KeyUsage, Origin      string
	MultiRegion                    flag
	PendingWindowInDays            number
	RotationPeriodInDays           number
	Tags                           []tagRecord
}

// isEnabled reports whether the key is to be enabled, which it is unless the template says otherwise.
func (p *keyProperties) isEnabled() bool { return p.Enabled == nil || bool(*p.Enabled) }

var keyKind = kindOf[keyProperties]{
	// An update that changes these fails whatever the template says about replacement (the page above, KeySpec).
	fixed:  []string{"KeySpec", "KeyUsage", "MultiRegion", "Origin"},
	create: createKey, update: updateKey, remove: removeKey,
}.kind()

func createKey(w *work, r *resourceRecord, p *keyProperties) error {
	out, err := w.kms("CreateKey", fields{
		"Policy": p.KeyPolicy, "Description": p.Description, "KeySpec": p.KeySpec, "KeyUsage": p.KeyUsage, "Origin": p.Origin,
		"MultiRegion": bool(p.MultiRegion), "BypassPolicyLockoutSafetyCheck": bool(p.BypassPolicyLockoutSafetyCheck),
		"Tags": keyTags(p.Tags),
	})
	if err != nil {
		return err
	}
	if r.PhysicalID, err = member(out, "KeyMetadata", "KeyId"); err != nil {
		return err
	}
	arn, err := member(out, "KeyMetadata", "Arn")
	r.Attributes = map[string]string{"Arn": arn, "KeyId": r.PhysicalID}
	if err != nil {
		return err
	}
	return steps(w.kms, keyState(r.PhysicalID, &keyProperties{}, p)...)
}

// keyState are the operations that give a key the state of its properties. A key is enabled first and disabled last: a
// disabled one takes no rotation.
func keyState(id string, before, after *keyProperties) []step {
	var list []step
	key := fields{"KeyId": id}
	if !before.isEnabled() && after.isEnabled() {
		list = append(list, step{"EnableKey", key})
	}
	switch {
	case bool(after.EnableKeyRotation) && (!bool(before.EnableKeyRotation) || before.RotationPeriodInDays != after.RotationPeriodInDays):
		list = append(list, step{"EnableKeyRotation", fields{"KeyId": id, "RotationPeriodInDays": int(after.RotationPeriodInDays)}})
	case bool(before.EnableKeyRotation) && !bool(after.EnableKeyRotation):
		list = append(list, step{"DisableKeyRotation", key})
	}
	if before.isEnabled() && !after.isEnabled() {
		list = append(list, step{"DisableKey", key})
	}
	return list
}

func updateKey(w *work, r *resourceRecord, before, after *keyProperties) error {
	id := r.PhysicalID
	var list []step
	if before.KeyPolicy != after.KeyPolicy {
		text := string(after.KeyPolicy)
		if text == "" {
			return badProperty("Resource handler returned message: \"KeyPolicy cannot be removed from a key\" (HandlerErrorCode: InvalidRequest)")
		}
		list = append(list, step{"PutKeyPolicy", fields{
			"KeyId": id, "PolicyName": "default", "Policy": text,
			"BypassPolicyLockoutSafetyCheck": bool(after.BypassPolicyLockoutSafetyCheck),
		}})
	}
	if before.Description != after.Description {
		list = append(list, step{"UpdateKeyDescription", fields{"KeyId": id, "Description": new(after.Description)}})
	}
	if gone := missingTags(before.Tags, after.Tags); len(gone) > 0 {
		list = append(list, step{"UntagResource", fields{"KeyId": id, "TagKeys": gone}})
	}
	if added := newTags(before.Tags, after.Tags); len(added) > 0 {
		list = append(list, step{"TagResource", fields{"KeyId": id, "Tags": keyTags(added)}})
	}
	return steps(w.kms, append(list, keyState(id, before, after)...)...)
}

// removeKey schedules the deletion of a key, as soon as the template says; 30 days by default. A key that waits for its
// deletion already is as good as deleted.
func removeKey(w *work, r *resourceRecord, p *keyProperties) error {
	_, err := w.kms("ScheduleKeyDeletion", fields{"KeyId": r.PhysicalID, "PendingWindowInDays": int(p.PendingWindowInDays)})
	if code(err) == "KMSInvalidStateException" {
		return nil
	}
	return err
}

// keyTags are tags as AWS KMS has them.
func keyTags(tags []tagRecord) []map[string]string {
	var out []map[string]string
	for _, t := range tags {
		out = append(out, map[string]string{"TagKey": t.Key, "TagValue": t.Value})
	}
	return out
}

// missingTags are the keys of tags that are no longer there.
func missingTags(before, after []tagRecord) []string {
	var out []string
	for _, t := range before {
		if !slices.ContainsFunc(after, func(other tagRecord) bool { return other.Key == t.Key }) {
			out = append(out, t.Key)
		}
	}
	return out
}

// newTags are the tags that were not there, or had other values.
func newTags(before, after []tagRecord) []tagRecord {
	var out []tagRecord
	for _, t := range after {
		if !slices.Contains(before, t) {
			out = append(out, t)
		}
	}
	return out
}

// aliasProperties are those of AWS::KMS::Alias
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-alias.html).
type aliasProperties struct{ AliasName, TargetKeyId string }

var aliasKind = kindOf[aliasProperties]{
	required: []string{"AliasName", "TargetKeyId"}, replaces: []string{"AliasName"}, name: "AliasName",
	create: func(w *work, r *resourceRecord, p *aliasProperties) error {
		if _, err := w.kms("CreateAlias", fields{"AliasName": p.AliasName, "TargetKeyId": p.TargetKeyId}); err != nil {
			return err
		}
		r.PhysicalID = p.AliasName
		return nil
	},
	update: func(w *work, _ *resourceRecord, _, after *aliasProperties) error {
		_, err := w.kms("UpdateAlias", fields{"AliasName": after.AliasName, "TargetKeyId": after.TargetKeyId})
		return err
	},
	remove: func(w *work, r *resourceRecord, _ *aliasProperties) error {
		_, err := w.kms("DeleteAlias", fields{"AliasName": r.PhysicalID})
		return err
	},
}.kind()
