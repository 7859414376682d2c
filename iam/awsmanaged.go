package iam

import (
	"crypto/sha256"
	_ "embed" // the policies are a file
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
)

// awsManagedFile are the policies that AWS manages and that are about AWS KMS; its "about" says where they come from
// and what is left out of them.
//
//go:embed awsmanaged.json
var awsManagedFile []byte

// awsManagedPolicy is one of them in the file.
type awsManagedPolicy struct {
	Name, Path, Version string
	// Updated is when the version was made. When the policy was is not known.
	Updated time.Time
	// Partial says that AWS's policy has more, about services that are not served here.
	Partial  bool
	Document json.RawMessage
}

// partialDescription says of a policy that not all of it is here. What AWS says about it is not known.
const partialDescription = "strictkms has the part of this policy that is about AWS KMS, IAM, STS, Organizations and CloudFormation."

// awsManaged are the records of the policies that AWS manages and that this program brings along. They are read once;
// policies are immutable, so that all services share them and what is computed from them.
var awsManaged = sync.OnceValue(func() []*ManagedPolicyDetail {
	var file struct {
		About    []string
		Policies []awsManagedPolicy
	}
	if err := json.Unmarshal(awsManagedFile, &file); err != nil {
		panic(fmt.Errorf("awsmanaged.json: %w", err)) // a broken build
	}
	records := make([]*ManagedPolicyDetail, 0, len(file.Policies))
	for _, p := range file.Policies {
		r := &ManagedPolicyDetail{
			Partition: defaultPartition, Account: AWS, Name: p.Name, Path: p.Path, ID: awsManagedID(p.Name),
			Created: p.Updated.UTC(), Updated: p.Updated.UTC(), Default: p.Version, BuiltIn: true,
			Versions: []*PolicyVersion{{ID: p.Version, Created: p.Updated.UTC(), Policy: &Policy{Text: string(p.Document)}}},
		}
		if p.Partial {
			r.Description = partialDescription
		}
		records = append(records, r)
	}
	return records
})

// awsManagedID is the id of a policy that AWS manages: always the same one, and not AWS's, which the source does not tell.
func awsManagedID(name string) string {
	digest := sha256.Sum256([]byte("policy managed by AWS: " + name))
	return (prefixPolicy + base32.StdEncoding.EncodeToString(digest[:]))[:uniqueIDLength]
}

// builtIn returns the policy of AWS that this program brings along for an entry, nil for none. It stands where the
// store has no record.
func builtIn(key string) *ManagedPolicyDetail { return awsManagedByKey()[key] }

var awsManagedByKey = sync.OnceValue(func() map[string]*ManagedPolicyDetail {
	byKey := map[string]*ManagedPolicyDetail{}
	for _, p := range awsManaged() {
		byKey[keyOf(p)] = p
	}
	return byKey
})

// AWSManagedPolicy returns the text of a policy that AWS manages, by its ARN in any partition. ok is false for one that
// this program does not bring along; of some it has the part that is about AWS KMS and what gives it callers.
func AWSManagedPolicy(arn string) (text string, ok bool) {
	_, name, ok := strings.Cut(arn, ":iam::aws:policy/")
	if !ok || !strings.HasPrefix(arn, "arn:") {
		return "", false
	}
	p := builtIn(entryKey(AWS, kindPolicy, name[strings.LastIndex(name, "/")+1:]))
	if p == nil || p.Path+p.Name != "/"+name {
		return "", false
	}
	return p.Versions[0].Policy.Text, true
}

// AWSManagedPolicyARN returns the ARN in a partition of a policy that AWS manages, by its name. ok is false for one that this
// program does not bring along.
func AWSManagedPolicyARN(partition, name string) (arn string, ok bool) {
	p := builtIn(entryKey(AWS, kindPolicy, name))
	if p == nil {
		return "", false
	}
	return "arn:" + partition + ":iam::aws:policy" + p.Path + p.Name, true
}
