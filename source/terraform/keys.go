package terraform

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// key loads aws_kms_key, aws_kms_external_key and their replicas
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/kms_key).
func (b *builder) key(r *resource) {
	k := &source.Key{LogicalID: r.id, Pos: b.at(r.offset)}
	k.ARN = r.arnOf()
	b.declare(r.offset, k.ARN, "the key "+k.ARN)
	var unknown []string
	k.Tags, unknown, k.Open = b.tags(r, resourceTag)
	k.Unknown = append(k.Unknown, unknown...)
	k.Spec, k.Usage, k.Origin, k.MultiRegion = "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS", "false"
	if r.typ == typeExternalKey || r.typ == typeReplicaExternalKey {
		k.Origin = "EXTERNAL"
	}
	if r.typ == typeReplicaKey || r.typ == typeReplicaExternalKey {
		b.replica(r, k)
	} else {
		b.keySettings(r, k)
	}
	b.keyState(r, k)
	k.Policy, unknown = b.keyPolicy(r)
	k.Unknown = append(k.Unknown, unknown...)
	b.bypass(r, k)
	k.After = b.after(r)
	b.keys = append(b.keys, k)
	b.keyByARN[k.ARN] = k
}

// keySettings computes the settings that condition keys can ask for. What is not set has the default of KMS, though
// the plan calls it known after apply.
func (b *builder) keySettings(r *resource, k *source.Key) {
	set := func(to *string, key string, names ...string) {
		for _, name := range names {
			switch v := r.get(name); {
			case v.kind == textValue && v.text != "":
				*to = v.text
				return
			case v.kind == laterValue && !r.isUnset(name):
				*to = ""
				b.leaveOpen(r, k, name, key)
				return
			}
		}
	}
	set(&k.Spec, "kms:KeySpec", "customer_master_key_spec", "key_spec")
	set(&k.Usage, "kms:KeyUsage", "key_usage")
	set(&k.MultiRegion, "kms:MultiRegion", "multi_region")
	b.keyOrigin(r, k)
	switch k.MultiRegion {
	case "true":
		k.MultiRegionKeyType = "PRIMARY"
	case "":
		k.Open = append(k.Open, "kms:MultiRegionKeyType")
	}
}

// keyOrigin finds out where the key material is: a key in an external key store has the id of the key there as well
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html#KMS-CreateKey-request-XksKeyId).
func (b *builder) keyOrigin(r *resource, k *source.Key) {
	xks, store := r.get("xks_key_id"), r.get("custom_key_store_id")
	switch {
	case xks.text != "":
		k.Origin = "EXTERNAL_KEY_STORE"
	case xks.kind == laterValue:
		k.Origin = ""
		b.leaveOpen(r, k, "xks_key_id", "kms:KeyOrigin")
	case store.kind == laterValue:
		k.Origin = ""
		b.leaveOpen(r, k, "custom_key_store_id", "kms:KeyOrigin")
	case store.text != "":
		k.Origin = "AWS_CLOUDHSM"
	}
}

// leaveOpen notes that an argument is unknown, and with it a condition key.
func (b *builder) leaveOpen(r *resource, k *source.Key, name, key string) {
	k.Open = append(k.Open, key)
	b.noteLater(r, k, name)
}

// defaultRotation is the rotation period of a key that rotates and does not say how often, in days
// (AWS KMS API Reference, EnableKeyRotation, RotationPeriodInDays).
const defaultRotation = 365

// keyState computes what does not decide, and what a server makes the key with. What is unknown of it is left out.
func (b *builder) keyState(r *resource, k *source.Key) {
	k.Description = r.get("description").text
	for _, name := range []string{"is_enabled", "enabled"} {
		k.Disabled = k.Disabled || r.get(name).text == "false"
		b.noteLater(r, k, name)
	}
	if r.get("enable_key_rotation").text != "true" {
		return
	}
	k.RotationPeriodInDays = defaultRotation
	if v := r.get("rotation_period_in_days"); v.kind == textValue {
		days, err := strconv.Atoi(v.text)
		if err != nil {
			b.fail(v.offset, "wrong-type", "expected rotation_period_in_days of %s as a number", r.id)
			return
		}
		k.RotationPeriodInDays = cmp.Or(days, defaultRotation)
	}
}

// replica completes a replica key with what it shares with its primary key, if that is known
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html#mrk-sync-properties).
func (b *builder) replica(r *resource, k *source.Key) {
	k.MultiRegion, k.MultiRegionKeyType = "true", "REPLICA"
	primary, known := b.reference(r, "primary_key_arn", aKey)
	if !known {
		b.warn(r.get("primary_key_arn").offset, "unresolved-name", "the primary key of %s is unknown, its key id is made up here: %s", r.id, primary)
	}
	if other := b.keyByARN[primary]; known && other != nil {
		k.Spec, k.Usage, k.Origin = other.Spec, other.Usage, other.Origin
		for _, key := range other.Open {
			if slices.Contains([]string{"kms:KeySpec", "kms:KeyUsage", "kms:KeyOrigin"}, key) {
				k.Open = append(k.Open, key)
			}
		}
		return
	}
	if v := r.get("key_spec"); v.kind == textValue && v.text != "" {
		k.Spec, k.Usage = v.text, r.get("key_usage").text
		return
	}
	k.Spec, k.Usage = "", r.get("key_usage").text
	k.Open = append(k.Open, "kms:KeySpec", "kms:KeyUsage", "kms:KeyOrigin")
	k.Unknown = append(k.Unknown, "the primary key of "+r.id+" is not loaded: key spec and origin are not known")
	k.Origin = ""
}

// keyPolicy reads the policy of a key. One that the configuration does not give is the default key policy in a new
// key, though the plan calls it known after apply. A replica key gets none from its primary key.
func (b *builder) keyPolicy(r *resource) (doc *policy.Document, taken []string) {
	name := "key policy of " + r.id
	v := r.get("policy")
	unset := v.kind == noValue || v.kind == textValue && v.text == "" || v.kind == laterValue && r.isUnset("policy")
	if unset || b.losesPolicy(r) {
		return b.defaultKeyPolicy(r), r.computedNull("policy", name)
	}
	return b.policy(r, v, r.expression("policy"), wanted{policy.KeyPolicy, name, ""})
}

// losesPolicy reports whether an aws_kms_key_policy of the key is destroyed: the provider puts the default key policy
// in its place, and the plan does not show it at the key.
func (b *builder) losesPolicy(r *resource) bool {
	if r.isSet("policy") {
		return false
	}
	for _, former := range b.replaced {
		if former.typ != typeKeyPolicy || b.byAddress[former.id] != nil {
			continue
		}
		if id := former.get("key_id").text; id != "" && (id == r.calledAs() || id == r.arnOf()) {
			return true
		}
	}
	return false
}

// defaultKeyPolicy is what KMS attaches to a key that is made by an API call without a policy
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html): it delegates everything to the
// account.
func (b *builder) defaultKeyPolicy(r *resource) *policy.Document {
	src := `{"Version":"2012-10-17","Id":"key-default-1","Statement":{"Sid":"Enable IAM User Permissions","Effect":"Allow",` +
		`"Principal":{"AWS":"` + r.where().root() + `"},"Action":"kms:*","Resource":"*"}}`
	doc, diags := policy.Parse(policy.KeyPolicy, "default key policy of "+r.id, []byte(src), policy.WithFile(b.file.Name),
		policy.WithLocator(func(int) policy.Position { return b.at(r.offset) }))
	for _, d := range diags {
		b.report(d)
	}
	return doc
}

// keyPolicyOf loads aws_kms_key_policy, which replaces the policy of a key
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/kms_key_policy).
func (b *builder) keyPolicyOf(r *resource) {
	v := r.get("policy")
	doc, taken := b.policy(r, v, r.expression("policy"), wanted{policy.KeyPolicy, "key policy of " + r.id, ""})
	id, known := b.reference(r, "key_id", aKey)
	if !known {
		b.warn(r.get("key_id").offset, "unresolved-property", "the key of %s is unknown, it may be any key: %s", r.id, id)
		for _, k := range b.keysIn(r) {
			b.changeKey(k, func() {
				k.Policy = source.UnknownPolicy(policy.KeyPolicy, "key policy of "+k.ARN, "", "it may be that of "+r.id, b.at(r.offset))
			})
		}
		return
	}
	k := b.findKey(r, id)
	if k == nil {
		b.warn(r.offset, "unknown-key", "%s is not loaded: its key %s is in no file that was loaded before", r.id, quote(id))
		return
	}
	if doc == nil {
		return
	}
	b.declare(r.offset, "key policy of "+k.ARN, "the policy of "+k.ARN)
	b.changeKey(k, func() {
		b.bypass(r, k)
		old := howComputed + "key policy of " + k.LogicalID + " "
		k.Unknown = slices.DeleteFunc(k.Unknown, func(text string) bool { return strings.HasPrefix(text, old) })
		k.Policy = doc
		k.After = b.after(r) // what counts is when the policy is put in place
		k.Unknown = append(k.Unknown, taken...)
	})
}

// changeKey changes a key, now or when everything is added.
func (b *builder) changeKey(k *source.Key, do func()) {
	if b.old[k] {
		b.late = append(b.late, do)
		return
	}
	do()
}

// findKey finds the key that an id or ARN names in the account and Region of a resource.
func (b *builder) findKey(r *resource, name string) *source.Key {
	if !strings.HasPrefix(name, "arn:") {
		l := r.where()
		name = policy.KeyARN(l.partition, l.region, l.account, name).String()
	}
	return b.keyByARN[name]
}

// keysIn are the keys in the account and Region of a resource.
func (b *builder) keysIn(r *resource) []*source.Key {
	l := r.where()
	prefix := policy.KeyARN(l.partition, l.region, l.account, "").String()
	var found []*source.Key
	for _, k := range slices.Concat(b.keys, b.world.Keys) {
		if strings.HasPrefix(k.ARN, prefix) {
			found = append(found, k)
		}
	}
	return found
}

// alias loads aws_kms_alias (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/kms_alias).
func (b *builder) alias(r *resource) {
	target, known := b.reference(r, "target_key_id", aKey)
	if !known {
		b.warn(r.get("target_key_id").offset, "unresolved-alias", "the key of %s is unknown: it is not loaded: %s", r.id, target)
		for _, k := range b.keysIn(r) {
			b.changeKey(k, func() { openAliases(k, r.id+" may be an alias of it: its key is "+target) })
		}
		return
	}
	k := b.findKey(r, target)
	if k == nil {
		b.warn(r.get("target_key_id").offset, "unknown-key", "%s is not loaded: its key %s is in no file that was loaded before", r.id, quote(target))
		return
	}
	name := r.get("name")
	if name.kind != textValue || !strings.HasPrefix(name.text, "alias/") {
		b.unnamedAlias(r, k, name)
		return
	}
	l := r.where()
	arn := policy.AliasARN(l.partition, l.region, l.account, name.text).String()
	b.declare(r.offset, arn, "the alias "+arn)
	b.changeKey(k, func() {
		k.Aliases = append(k.Aliases, name.text)
		if k.AliasLogicalIDs == nil {
			k.AliasLogicalIDs = map[string]string{}
		}
		k.AliasLogicalIDs[r.id] = name.text
	})
}

// unnamedAlias loads an alias whose name is not known: it leads to its key under its address.
func (b *builder) unnamedAlias(r *resource, k *source.Key, name value) {
	if name.kind == textValue {
		b.fail(name.offset, "invalid-name", "%s is no alias name: expected alias/ and then letters, digits, / _ or -", quote(name.text))
		return
	}
	b.warn(r.offset, "unresolved-name", "the name of %s is unknown", r.id)
	b.changeKey(k, func() { openAliases(k, "the name of its alias "+r.id+" is unknown") })
}

// bypass notes that KMS is asked to accept any key policy.
func (b *builder) bypass(r *resource, k *source.Key) {
	const name = "bypass_policy_lockout_safety_check"
	if v := r.get(name); v.text == "true" {
		k.BypassLockoutCheck, k.BypassPos = true, b.at(v.offset)
	}
	b.noteLater(r, k, name)
}

// noteLater notes that an argument that decides nothing is unknown.
func (b *builder) noteLater(r *resource, k *source.Key, name string) {
	v := r.get(name)
	if v.kind != laterValue || r.isUnset(name) {
		return
	}
	b.warn(v.offset, "unresolved-property", "%s of %s is unknown: %s", name, r.id, later(b.origins(r.expression(name), r)))
	k.Unknown = append(k.Unknown, name+" of "+r.id+" is unknown ("+b.at(v.offset).String()+")")
}

// openAliases notes that the names of a key are not all known.
func openAliases(k *source.Key, unknown string) {
	k.Unknown = append(k.Unknown, unknown)
	if !slices.Contains(k.Open, "kms:ResourceAliases") {
		k.Open = append(k.Open, "kms:ResourceAliases")
	}
}
