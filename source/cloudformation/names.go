package cloudformation

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// invented is the name of a resource that gives itself none. AWS would add a random part;
// here it is STACK-LogicalID, so that the same template always gives the same names.
func (t *template) invented(r *resource) string { return t.opts.StackName + "-" + r.id }

// sum is what random-looking identifiers are made of.
func (t *template) sum(name string) [sha256.Size]byte {
	return sha256.Sum256([]byte("strictkms cloudformation\x00" + t.opts.StackName + "\x00" + name))
}

// uuid makes a version 4 UUID of the stack's and a logical name.
func (t *template) uuid(name string) string {
	s := t.sum(name)
	s[6], s[8] = s[6]&0x0f|0x40, s[8]&0x3f|0x80
	h := hex.EncodeToString(s[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// multiRegionID makes the id of a multi-Region key
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html).
func (t *template) multiRegionID(name string) string {
	s := t.sum(name)
	return "mrk-" + hex.EncodeToString(s[:16])
}

// uniqueID makes the unique id of an IAM resource: a prefix such as AROA and 17 letters and digits
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids).
func (t *template) uniqueID(prefix string, r *resource) string {
	s := t.sum(prefix + r.id)
	return prefix + base32.StdEncoding.EncodeToString(s[:])[:17]
}

// The names that IAM takes (IAM User Guide, "IAM and AWS STS quotas", Name requirements,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
var (
	iamName = regexp.MustCompile(`\A[A-Za-z0-9_+=,.@-]{1,128}\z`)
	iamPath = regexp.MustCompile(`\A/(?:[\x21-\x7e]{1,510}/)?\z`)
	// aliasName is what KMS takes (AWS KMS API Reference, CreateAlias, AliasName,
	// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html).
	aliasName  = regexp.MustCompile(`\Aalias/[A-Za-z0-9/_-]{1,250}\z`)
	logicalID  = regexp.MustCompile(`\A[A-Za-z0-9]{1,255}\z`)
	stackName  = regexp.MustCompile(`\A[A-Za-z][A-Za-z0-9-]{0,127}\z`)
	regionName = regexp.MustCompile(`\A[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}\z`)
)

// physicalName is the name of a resource in its account. The name of a resource that is not
// loaded is marked as opaque when it is invented.
func (t *template) physicalName(r *resource) string {
	if r.name != "" {
		return r.name
	}
	if r.busy {
		t.fail(r.pos, "cyclic-reference", "the name of %s depends on itself", quote(r.id))
		return t.invented(r)
	}
	r.busy = true
	r.name = t.computeName(r)
	r.busy = false
	return r.name
}

func (t *template) computeName(r *resource) string {
	switch r.typ {
	case typeKey:
		if v := t.property(r, "MultiRegion"); v.text == "true" {
			return t.multiRegionID(r.id)
		}
		return t.uuid(r.id)
	case typeReplicaKey:
		return t.replicaID(r)
	}
	invented := t.invented(r)
	if !r.kind.owned() {
		invented = string(opaqueMark) + invented
	}
	if r.kind.name == "" {
		return invented
	}
	v := t.property(r, r.kind.name)
	switch {
	case v.kind == noValue:
		return invented
	case v.kind != textValue:
		t.fail(v.pos, "wrong-type", "expected %s of %s as a string, found %s", r.kind.name, r.id, v.kind)
		return invented
	case v.unresolved():
		t.warn(v.pos, "unresolved-name", "%s of %s is unknown: it is called %s here", r.kind.name, r.id, quote(invented))
		return invented
	case !r.kind.owned():
		return v.text
	}
	return t.checkName(r, v)
}

// checkName holds the name of a loaded resource to what AWS takes.
func (t *template) checkName(r *resource, v value) string {
	name := readable(v.text)
	if r.typ == typeAlias {
		if !aliasName.MatchString(name) || strings.HasPrefix(name, "alias/aws/") {
			t.fail(v.pos, "invalid-name", "%s is no alias name: expected alias/ and then letters, digits, / _ or -, but not alias/aws/", quote(name))
		}
		return name
	}
	if !iamName.MatchString(name) {
		t.fail(v.pos, "invalid-name", "%s is no name of an IAM resource: expected letters, digits and + = , . @ _ -", quote(name))
	}
	return name
}

// path is the IAM path of a resource.
func (t *template) path(r *resource) string {
	v := t.property(r, "Path")
	switch {
	case v.kind == noValue:
		return "/"
	case v.kind != textValue:
		t.fail(v.pos, "wrong-type", "expected Path of %s as a string, found %s", r.id, v.kind)
		return "/"
	case v.unresolved():
		t.warn(v.pos, "unresolved-name", "Path of %s is unknown: it is / here", r.id)
		return "/"
	}
	path := readable(v.text)
	if !iamPath.MatchString(path) {
		t.fail(v.pos, "invalid-name", "%s is no IAM path: expected / or a text that begins and ends with /", quote(path))
		return "/"
	}
	return path
}

// replicaID is the id of a replica key: that of its primary key.
func (t *template) replicaID(r *resource) string {
	v := t.property(r, "PrimaryKeyArn")
	arn, _ := policy.ParseARN(readable(v.text))
	id, _ := arn.KeyID()
	switch {
	case v.kind != textValue:
		t.fail(r.pos, "missing-property", "the replica key %s needs PrimaryKeyArn, the ARN of its primary key", r.id)
	case v.unresolved(), strings.ContainsRune(v.text, opaqueMark):
		t.warn(v.pos, "unresolved-name", "PrimaryKeyArn of %s is unknown: its key id is made up here", r.id)
	case strings.HasPrefix(id, "mrk-"):
		return id
	default:
		t.fail(v.pos, "invalid-name", "%s is no ARN of a multi-Region key: expected arn:…:kms:…:key/mrk-…", quote(v.text))
	}
	return t.multiRegionID(r.id)
}
