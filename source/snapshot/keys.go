package snapshot

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// key is a key as it is put together from several files.
type key struct {
	source.Key

	arn                                      policy.ARN
	described, hasPolicy, hasTags, hasGrants bool
	// hasAliases is true when the aliases of the key were read by themselves.
	hasAliases                    bool
	describedAt, policyAt, tagsAt policy.Position
	// grantIDs are the grants that were read.
	grantIDs map[string]bool
	// named is where the key is named for the first time.
	named policy.Position
}

// regional names a Region of an account.
type regional struct{ account, region string }

// key returns the key of an ARN, a new one when it is named for the first time, at pos.
func (s *snapshot) key(arn policy.ARN, pos policy.Position) *key {
	text := arn.String()
	if k := s.keys[text]; k != nil {
		return k
	}
	k := &key{arn: arn, named: pos, grantIDs: map[string]bool{}}
	k.ARN, k.Pos = text, pos
	s.keys[text] = k
	s.keyOrder = append(s.keyOrder, k)
	id, _ := arn.KeyID()
	s.keysByID[id] = append(s.keysByID[id], k)
	s.partition(arn.Partition, pos)
	s.accounts[arn.Account] = true
	return k
}

// keyARN reads the ARN of a key, which must not be another than that of the folder that the file is in.
func (s *snapshot) keyARN(v values, value gjson.Result) (policy.ARN, bool) {
	arn, ok := v.resource(value, "kms")
	if !ok || !v.here(arn, value) {
		return arn, false
	}
	if id, isKey := arn.KeyID(); !isKey || id == "" || arn.Region == "" {
		v.fail(codeInvalidARN, v.pos(value), "expected the ARN of a key")
		return arn, false
	}
	return arn, true
}

// here reports whether what an ARN names can be in the folder that the file is in. A file in the wrong folder would say of one
// key what is true of another.
func (v values) here(arn policy.ARN, value gjson.Result) bool {
	id, _ := arn.KeyID()
	for _, part := range []struct{ what, folder, own string }{
		{"account", v.file.place.account, arn.Account}, {"Region", v.file.place.region, arn.Region}, {"key", v.file.place.key, id},
	} {
		if part.folder != "" && part.own != "" && part.folder != part.own {
			v.fail(codeNoPlace, v.pos(value), "the file is in a folder of %s %s, and this is of %s %s: expected the output of %s for what the folder is called",
				part.what, part.folder, part.what, part.own, v.file.kind.command())
			return false
		}
	}
	return true
}

// listed reads list-keys (https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html).
func (s *snapshot) listed(f *file) {
	v := s.in(f)
	members := v.members(f.root, "the file")
	v.whole(members)
	v.items(members["Keys"], "Keys", func(item gjson.Result, entry map[string]gjson.Result) {
		if _, ok := v.need(item, entry, "KeyArn"); !ok {
			return
		}
		if arn, ok := s.keyARN(v, entry["KeyArn"]); ok {
			s.key(arn, v.pos(item))
		}
	})
}

// described reads describe-key (https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html).
func (s *snapshot) described(f *file) {
	v := s.in(f)
	metadata := v.members(f.root, "the file")["KeyMetadata"]
	members := v.members(metadata, "KeyMetadata")
	if _, ok := v.need(metadata, members, "Arn"); !ok {
		return
	}
	arn, ok := s.keyARN(v, members["Arn"])
	if !ok {
		return
	}
	k := s.key(arn, v.pos(metadata))
	if k.described {
		v.twice("the key "+k.ARN, v.pos(metadata), k.describedAt)
		return
	}
	k.described, k.describedAt, k.Pos = true, v.pos(metadata), v.pos(metadata)
	// The older name of KeySpec is still in the output of older versions of the AWS CLI.
	k.Spec = cmp.Or(v.text(members, "KeySpec"), v.text(members, "CustomerMasterKeySpec"))
	k.Usage, k.Origin = v.text(members, "KeyUsage"), v.text(members, "Origin")
	k.AWSManaged = v.text(members, "KeyManager") == "AWS"
	k.Description = v.text(members, "Description")
	k.Disabled = members["KeyState"].Raw != "" && v.text(members, "KeyState") != "Enabled"
	if multi, said := v.flag(members, "MultiRegion"); said {
		k.MultiRegion = boolText(multi)
	}
	if configuration, ok := members["MultiRegionConfiguration"]; ok {
		k.MultiRegionKeyType = v.text(v.members(configuration, "MultiRegionConfiguration"), "MultiRegionKeyType")
	}
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// placed finds the key that a file is about that does not say so itself, by the folder that it is in.
func (s *snapshot) placed(v values) *key {
	p := v.file.place
	if p.key == "" {
		v.fail(codeNoPlace, v.pos(v.file.root), "the output of %s does not say of which key it is: expected it in a folder that is "+
			"called as the key id, with ACCOUNT/REGION above it", v.file.kind.command())
		return nil
	}
	var found []*key
	for _, k := range s.keysByID[p.key] {
		if (p.account == "" || p.account == k.arn.Account) && (p.region == "" || p.region == k.arn.Region) {
			found = append(found, k)
		}
	}
	switch {
	case len(found) == 1:
		return found[0]
	case len(found) > 1:
		v.fail(codeNoPlace, v.pos(v.file.root), "there are several keys %s: expected the file in ACCOUNT/REGION/kms/%s", p.key, p.key)
		return nil
	case p.account == "" || p.region == "":
		v.fail(codeNoPlace, v.pos(v.file.root), "no other file has the key %s: expected the output of %s or %s, or this file in ACCOUNT/REGION/kms/%s",
			p.key, keyMetadata.command(), keyList.command(), p.key)
		return nil
	}
	arn := policy.KeyARN(cmp.Or(s.inPartition, policy.PartitionOf(p.region)), p.region, p.account, p.key)
	return s.key(arn, v.pos(v.file.root))
}

// keyPolicy reads get-key-policy (https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html), or a policy
// by itself.
func (s *snapshot) keyPolicy(f *file) {
	v := s.in(f)
	document := f.root
	if f.kind == keyPolicy {
		document = v.members(f.root, "the file")["Policy"]
	}
	k := s.placed(v)
	switch {
	case k == nil:
	case k.hasPolicy:
		v.twice("the policy of "+k.ARN, v.pos(f.root), k.policyAt)
	default:
		k.hasPolicy, k.policyAt = true, v.pos(f.root)
		id, _ := k.arn.KeyID()
		k.Policy = v.policy(policy.KeyPolicy, "key/"+id, "", document)
	}
}

// keyTags reads list-resource-tags (https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html).
func (s *snapshot) keyTags(f *file) {
	v := s.in(f)
	members := v.members(f.root, "the file")
	v.whole(members)
	k := s.placed(v)
	switch {
	case k == nil:
	case k.hasTags:
		v.twice("the tags of "+k.ARN, v.pos(f.root), k.tagsAt)
	default:
		k.hasTags, k.tagsAt = true, v.pos(f.root)
		k.Tags = v.tags(members["Tags"], "TagKey", "TagValue")
	}
}

// aliases reads list-aliases (https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html). Aliases that AWS
// keeps for keys that are not made yet have no key.
func (s *snapshot) aliases(f *file) {
	v := s.in(f)
	members := v.members(f.root, "the file")
	v.whole(members)
	var only *key // whose aliases were asked for
	switch {
	case f.place.key != "":
		if only = s.placed(v); only == nil {
			return
		}
		only.hasAliases = true
	case f.place.account != "" && f.place.region != "" || len(members["Aliases"].Array()) == 0:
		s.aliasLists[regional{f.place.account, f.place.region}] = true
	}
	v.items(members["Aliases"], "Aliases", func(item gjson.Result, entry map[string]gjson.Result) {
		name, ok := v.need(item, entry, "AliasName")
		if !ok || !strings.HasPrefix(name, "alias/") {
			if ok {
				v.fail("alias-name", v.pos(entry["AliasName"]), "expected an alias name that begins with alias/")
			}
			return
		}
		target := v.text(entry, "TargetKeyId")
		if _, ok := v.need(item, entry, "AliasArn"); !ok || target == "" {
			return
		}
		arn, ok := v.resource(entry["AliasArn"], "kms")
		if !ok || !v.here(arn, entry["AliasArn"]) {
			return
		}
		if only == nil {
			s.aliasLists[regional{arn.Account, arn.Region}] = true
		}
		keyARN := policy.KeyARN(arn.Partition, arn.Region, arn.Account, target)
		k := s.keys[keyARN.String()]
		if k == nil {
			k = s.key(keyARN, v.pos(item))
		}
		if !slices.Contains(k.Aliases, name) {
			k.Aliases = append(k.Aliases, name)
		}
	})
}

// finishKeys says what is not known of every key.
func (s *snapshot) finishKeys() {
	for _, k := range s.keyOrder {
		id, _ := k.arn.KeyID()
		if !k.described {
			s.missing(k, "what describe-key says of it", "key.json", "key spec, key usage, origin and whether it is a multi-Region key are unknown")
		}
		k.Open = append(k.Open, k.unsaid()...)
		if !k.hasPolicy {
			why := s.missing(k, "its key policy", "policy.json", "what it allows or denies is unknown")
			k.Policy = source.UnknownPolicy(policy.KeyPolicy, "key/"+id, "", why, k.named)
		}
		if !k.hasTags {
			s.missing(k, "the list of its tags", "tags.json", "what depends on aws:ResourceTag is conditional")
			k.Open = append(k.Open, "aws:ResourceTag/*")
		}
		if !k.hasAliases && !s.aliasesKnown(k) {
			s.missing(k, "the list of aliases", "../aliases.json", "what depends on kms:ResourceAliases is conditional")
			k.Open = append(k.Open, "kms:ResourceAliases")
		}
		if !k.hasGrants && !k.AWSManaged {
			why := s.missing(k, "the list of its grants", "grants.json", "what they allow is unknown")
			k.Policy = grantsUnknown(k.Policy, why, k.named)
		}
		slices.Sort(k.Aliases)
		s.world.Keys = append(s.world.Keys, &k.Key)
	}
}

// unsaid are the condition keys about the settings of a key that nothing was read of, as in the output of older versions of
// the AWS CLI.
func (k *key) unsaid() []string {
	var open []string
	for _, setting := range []struct{ value, key string }{
		{k.Spec, "kms:KeySpec"}, {k.Usage, "kms:KeyUsage"}, {k.Origin, "kms:KeyOrigin"}, {k.MultiRegion, "kms:MultiRegion"},
	} {
		if setting.value == "" {
			open = append(open, setting.key)
		}
	}
	if k.MultiRegion != "false" && k.MultiRegionKeyType == "" {
		open = append(open, "kms:MultiRegionKeyType")
	}
	return open
}

// aliasesKnown reports whether the aliases of the key's Region were read. A list that has none and stands in no folder
// that says where it is from is about the only Region there is.
func (s *snapshot) aliasesKnown(k *key) bool {
	here := regional{k.arn.Account, k.arn.Region}
	return s.aliasLists[here] || s.aliasLists[regional{}] && !slices.ContainsFunc(s.keyOrder, func(other *key) bool {
		return regional{other.arn.Account, other.arn.Region} != here
	})
}

// missing notes that something about a key is not in the snapshot, and returns that in words.
func (s *snapshot) missing(k *key, what, name, effect string) string {
	id, _ := k.arn.KeyID()
	why := what + " is not in the snapshot"
	if reason := s.reason(k.arn.Account + "/" + k.arn.Region + "/kms/" + id + "/" + name); reason != "" {
		why += " (" + reason + ")"
	}
	s.warn(codeMissing, k.named, "%s: %s: %s", k.ARN, why, effect)
	k.Unknown = append(k.Unknown, why+": "+effect)
	return "key/" + id + ": " + why
}

// twice reports what two files say.
func (r *reader) twice(what string, pos, first policy.Position) {
	r.diags = append(r.diags, policy.Diagnostic{
		Code: codeTwice, Severity: policy.SeverityError, Message: what + " is in the snapshot twice", Pos: pos,
		Related: []policy.Position{first},
	})
}
