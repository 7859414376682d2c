package terraform

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// sum is what random-looking identifiers are made of.
func (r *resource) sum(what string) [sha256.Size]byte {
	l := r.where()
	return sha256.Sum256([]byte("strictkms terraform\x00" + l.account + "\x00" + l.region + "\x00" + r.id + "\x00" + what))
}

// keyID makes the id of a key that there is not yet: a version 4 UUID, or the form of multi-Region keys
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html).
func (r *resource) keyID() string {
	s := r.sum("")
	if r.get("multi_region").text == "true" {
		return "mrk-" + hex.EncodeToString(s[:16])
	}
	s[6], s[8] = s[6]&0x0f|0x40, s[8]&0x3f|0x80
	h := hex.EncodeToString(s[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// uniqueID is the unique id of a user or role: what it has, or a prefix such as AROA and 17 letters and digits
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids).
func (r *resource) uniqueID(prefix string) string {
	if v := r.get("unique_id"); v.kind == textValue && v.text != "" {
		return v.text
	}
	s := r.sum(prefix)
	return prefix + base32.StdEncoding.EncodeToString(s[:])[:17]
}

// invented is the name of something that gives itself none. Terraform and AWS would add a random part; here it is the
// address, so that the same plan always gives the same names.
func (r *resource) invented(most int) string {
	prefix := "terraform-"
	if v := r.get("name_prefix"); v.kind == textValue && v.text != "" {
		prefix = v.text
	}
	address := strings.Map(func(c rune) rune {
		if c < 0x80 && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_+=,.@-", c)) {
			return c
		}
		return '-'
	}, r.id)
	name := prefix + strings.Trim(address, "-")
	if len(name) <= most {
		return name
	}
	s := r.sum("name")
	tail := hex.EncodeToString(s[:6])
	return strings.TrimRight(name[:most-len(tail)-1], "-") + "-" + tail
}

// arnOf is the ARN of an IAM resource or a key: what it has, or the one that it will have.
func (r *resource) arnOf() string {
	if v := r.get("arn"); v.kind == textValue && v.text != "" {
		return v.text
	}
	l := r.where()
	switch r.typ {
	case typeKey, typeExternalKey, typeReplicaKey, typeReplicaExternalKey:
		return policy.KeyARN(l.partition, l.region, l.account, r.calledAs()).String()
	case typeUser, typeGroup, typeRole, typePolicy:
		return policy.ARN{
			Partition: l.partition, Service: "iam", Account: l.account,
			Resource: strings.TrimPrefix(r.typ, "aws_iam_") + r.path() + r.calledAs(),
		}.String()
	default:
		return ""
	}
}

// path is the IAM path of a resource.
func (r *resource) path() string {
	if v := r.get("path"); v.kind == textValue && v.text != "" {
		return v.text
	}
	return "/"
}

// calledAs is the name of a user, group, role or policy, or the id of a key: what it has, or the one that it will have.
func (r *resource) calledAs() string {
	if r.called == "" && !r.naming {
		r.naming = true // no plan has a circle, but a file may
		r.called = r.computeName()
		r.naming = false
	}
	return r.called
}

// The longest names that IAM takes (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const (
	longestName = 64
	longest     = 128
)

func (r *resource) computeName() string {
	attribute := "name"
	switch r.typ {
	case typeKey, typeExternalKey, typeReplicaKey, typeReplicaExternalKey:
		if v := r.get("key_id"); v.kind == textValue && v.text != "" {
			return v.text
		}
		if r.typ == typeReplicaKey || r.typ == typeReplicaExternalKey {
			return r.replicaID()
		}
		return r.keyID()
	}
	v := r.get(attribute)
	if v.kind == textValue && v.text != "" {
		return v.text
	}
	if r.typ == typeGroup || r.typ == typePolicy {
		return r.invented(longest)
	}
	return r.invented(longestName)
}

// replicaID is the id of a replica key that there is not yet: that of its primary key.
func (r *resource) replicaID() string {
	primary, _ := r.p.reference(r, "primary_key_arn", aKey)
	if arn, ok := policy.ParseARN(primary); ok {
		if id, ok := arn.KeyID(); ok {
			return id
		}
	}
	s := r.sum("")
	return "mrk-" + hex.EncodeToString(s[:16])
}
