package cloudformation

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// key loads AWS::KMS::Key and AWS::KMS::ReplicaKey
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-replicakey.html).
func (s *stack) key(r *resource) {
	t := s.t
	arn, _ := t.attributeOf(r, "Arn")
	k := &source.Key{LogicalID: r.id, Pos: r.pos}
	k.ARN = arn
	s.declare(r.pos, arn, "the key "+arn)
	if maybe := t.maybe(r); maybe != "" {
		k.Unknown = append(k.Unknown, maybe)
	}
	if r.typ == typeReplicaKey {
		s.replica(r, k)
	} else {
		s.keySettings(r, k)
	}
	s.keyState(r, k)
	k.After = madeBefore(r)
	var unknown, open []string
	k.Tags, unknown, open = t.tags(r, resourceTag)
	k.Open = append(k.Open, open...)
	k.Unknown = append(k.Unknown, unknown...)
	k.Policy, unknown = s.keyPolicy(r)
	k.Unknown = append(k.Unknown, unknown...)
	s.keys = append(s.keys, k)
}

// settings are the condition keys that depend on properties of a key.
var settings = map[string][]string{
	"KeySpec": {"kms:KeySpec"}, "KeyUsage": {"kms:KeyUsage"}, "Origin": {"kms:KeyOrigin"},
	"MultiRegion": {"kms:MultiRegion", "kms:MultiRegionKeyType"},
}

// keySettings computes the settings that condition keys can ask for, with their defaults.
func (s *stack) keySettings(r *resource, k *source.Key) {
	set := func(to *string, name, byDefault string) {
		text, unknown := s.t.knownText(r, name)
		if unknown != "" {
			k.Unknown = append(k.Unknown, unknown)
			k.Open = append(k.Open, settings[name]...)
			return
		}
		*to = cmp.Or(text, byDefault)
	}
	set(&k.Spec, "KeySpec", "SYMMETRIC_DEFAULT")
	set(&k.Usage, "KeyUsage", "ENCRYPT_DECRYPT")
	set(&k.Origin, "Origin", "AWS_KMS")
	set(&k.MultiRegion, "MultiRegion", "false")
	switch k.MultiRegion {
	case "true":
		k.MultiRegionKeyType = "PRIMARY"
	case "false", "":
	default:
		s.t.fail(s.t.property(r, "MultiRegion").pos, "wrong-type", "expected MultiRegion of %s as true or false", r.id)
	}
}

// defaultRotation is the rotation period of a key that rotates and does not say how often, in days
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html, RotationPeriodInDays).
const defaultRotation = 365

// keyState computes what does not decide, and what a server makes the key with. What is unknown of it is left out.
func (s *stack) keyState(r *resource, k *source.Key) {
	s.t.quiet++
	defer func() { s.t.quiet-- }()
	k.Description, _ = s.t.knownText(r, "Description")
	known := func(name string) string {
		text, unknown := s.t.knownText(r, name)
		if unknown != "" {
			k.Unknown = append(k.Unknown, unknown)
		}
		return text
	}
	k.Disabled = known("Enabled") == "false"
	if known("BypassPolicyLockoutSafetyCheck") == "true" {
		k.BypassLockoutCheck, k.BypassPos = true, s.t.property(r, "BypassPolicyLockoutSafetyCheck").pos
	}
	if rotates, _ := s.t.knownText(r, "EnableKeyRotation"); rotates != "true" {
		return
	}
	k.RotationPeriodInDays = defaultRotation
	if days, _ := s.t.knownText(r, "RotationPeriodInDays"); days != "" {
		n, err := strconv.Atoi(days)
		if err != nil {
			s.t.fail(s.t.property(r, "RotationPeriodInDays").pos, "wrong-type", "expected RotationPeriodInDays of %s as a number", r.id)
			return
		}
		k.RotationPeriodInDays = n
	}
}

// madeBefore lists the logical ids of what a resource depends on, directly or not.
func madeBefore(r *resource) []string {
	ids := []string{}
	var follow func(*resource)
	follow = func(r *resource) {
		for _, use := range r.uses {
			if !slices.Contains(ids, use.to.id) {
				ids = append(ids, use.to.id)
				follow(use.to)
			}
		}
	}
	follow(r)
	slices.Sort(ids)
	return ids
}

// shared are the condition keys that a replica key has the values of its primary key for.
var shared = []string{"kms:KeySpec", "kms:KeyUsage", "kms:KeyOrigin"}

// replica completes a replica key with what it shares with its primary key, if that is known
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html#mrk-sync-properties).
func (s *stack) replica(r *resource, k *source.Key) {
	k.MultiRegion, k.MultiRegionKeyType = "true", "REPLICA"
	v := s.t.property(r, "PrimaryKeyArn")
	primary := readable(v.text)
	if arn, ok := policy.ParseARN(primary); ok && !v.unresolved() && arn.Region == s.t.opts.Region {
		s.t.fail(v.pos, "invalid-name", "the primary key of a replica key must be in another Region than %s", s.t.opts.Region)
	}
	for _, other := range s.world.Keys {
		if other.ARN == primary {
			k.Spec, k.Usage, k.Origin = other.Spec, other.Usage, other.Origin
			k.Open = append(k.Open, slices.DeleteFunc(slices.Clone(other.Open), func(key string) bool { return !slices.Contains(shared, key) })...)
			return
		}
	}
	k.Open = append(k.Open, shared...)
	k.Unknown = append(k.Unknown, "the primary key of "+r.id+" is not loaded: key spec, key usage and origin are not known")
}

// keyPolicy reads KeyPolicy; without one KMS attaches its default key policy. A replica key
// gets none from its primary key.
func (s *stack) keyPolicy(r *resource) (doc *policy.Document, unknown []string) {
	name := "key policy of " + r.id
	v := s.t.property(r, "KeyPolicy")
	if v.kind == noValue {
		v = defaultKeyPolicy(s.t.partition, s.t.opts.Account, r.pos)
		name = "default key policy of " + r.id
	}
	return s.t.policy(policy.KeyPolicy, name, "", v)
}

// defaultKeyPolicy is what KMS attaches to a key that is made by an API call without a policy
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html): it delegates
// everything to the account.
func defaultKeyPolicy(partition, account string, pos policy.Position) value {
	mapping := func(pairs ...any) value {
		m := value{kind: mapValue, pos: pos}
		for i := 0; i+1 < len(pairs); i += 2 {
			f := field{key: pairs[i].(string), pos: pos}
			switch v := pairs[i+1].(type) {
			case string:
				f.value = textAt(pos, v)
			case value:
				f.value = v
			}
			m.fields = append(m.fields, f)
		}
		return m
	}
	return mapping(
		"Version", "2012-10-17",
		"Id", "key-default-1",
		"Statement", mapping(
			"Sid", "Enable IAM User Permissions",
			"Effect", "Allow",
			"Principal", mapping("AWS", "arn:"+partition+":iam::"+account+":root"),
			"Action", "kms:*",
			"Resource", "*",
		),
	)
}

// alias loads AWS::KMS::Alias
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-alias.html).
func (s *stack) alias(r *resource) {
	t := s.t
	name := t.property(r, "AliasName")
	target := t.property(r, "TargetKeyId")
	switch {
	case name.kind != textValue:
		t.fail(cmpPos(name, r), "missing-property", "the alias %s needs AliasName, a string", r.id)
		return
	case target.kind != textValue:
		t.fail(cmpPos(target, r), "missing-property", "the alias %s needs TargetKeyId, a string", r.id)
		return
	case name.unresolved(), target.unresolved():
		t.warn(r.pos, "unresolved-alias", "the name or the key of the alias %s is unknown: it is not loaded", r.id)
		s.doubtAlias(r, name, target)
		return
	}
	maybe := t.maybe(r)
	alias := t.physicalName(r)
	arn := policy.AliasARN(t.partition, t.opts.Region, t.opts.Account, alias).String()
	s.declare(r.pos, arn, "the alias "+arn)
	k := s.findKey(readable(target.text))
	if k == nil {
		t.warn(target.pos, "unknown-key", "the alias %s is not loaded: its key %s is in no file that was loaded before", quote(alias), quote(target.text))
		return
	}
	add := func() {
		k.Aliases = append(k.Aliases, alias)
		if k.AliasLogicalIDs == nil {
			k.AliasLogicalIDs = map[string]string{}
		}
		k.AliasLogicalIDs[r.id] = alias
		if maybe != "" {
			openAliases(k, maybe)
		}
	}
	if slices.Contains(s.keys, k) {
		add()
		return
	}
	s.late = append(s.late, add)
}

// doubtAlias tells the keys that an alias may belong to that it may.
func (s *stack) doubtAlias(r *resource, name, target value) {
	unknown := s.t.unknownAt(name, "AliasName of "+r.id)
	keys := slices.Concat(s.keys, s.world.Keys)
	if target.unresolved() {
		unknown = s.t.unknownAt(target, "TargetKeyId of the alias "+r.id)
	} else if k := s.findKey(readable(target.text)); k != nil {
		keys = []*source.Key{k}
	}
	for _, k := range keys {
		if slices.Contains(s.keys, k) {
			openAliases(k, unknown)
			continue
		}
		s.late = append(s.late, func() { openAliases(k, unknown) })
	}
}

// openAliases notes that the names of a key are not all known.
func openAliases(k *source.Key, unknown string) {
	k.Unknown = append(k.Unknown, unknown)
	if !slices.Contains(k.Open, "kms:ResourceAliases") {
		k.Open = append(k.Open, "kms:ResourceAliases")
	}
}

// findKey finds the key that an id or ARN names in the account and Region of the stack.
func (s *stack) findKey(name string) *source.Key {
	if !strings.HasPrefix(name, "arn:") {
		name = policy.KeyARN(s.t.partition, s.t.opts.Region, s.t.opts.Account, name).String()
	}
	for _, keys := range [][]*source.Key{s.keys, s.world.Keys} {
		for _, k := range keys {
			if k.ARN == name {
				return k
			}
		}
	}
	return nil
}

// cmpPos is the place of a value that was written, else that of its resource.
func cmpPos(v value, r *resource) policy.Position {
	if v.pos.IsValid() {
		return v.pos
	}
	return r.pos
}
