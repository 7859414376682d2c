package sts

import (
	"strings"
	"time"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

type policyDescriptor struct {
	Arn *string `query:"arn" sts:"min=20,max=2048,pattern=arn"`
}

type tag struct {
	Key   *string `sts:"required,min=1,max=128,pattern=tagKey"`
	Value *string `sts:"required,min=0,max=256,pattern=tagValue"`
}

// credentials are what a client signs with.
type credentials struct {
	AccessKeyId     string
	SecretAccessKey operation.Secret
	SessionToken    operation.Secret
	Expiration      time.Time
}

func newCredentials(made *iam.Credentials) *credentials {
	return &credentials{
		AccessKeyId: made.AccessKeyID, SecretAccessKey: operation.NewSecret(made.SecretAccessKey),
		SessionToken: operation.NewSecret(made.SessionToken), Expiration: made.Expires,
	}
}

// tokenSizes are the members of answers about how large a session token is.
type tokenSizes struct{ SessionTokenSize, SessionTokenUtilization int32 }

// sizes are those with PackedPolicySize, which they replace at AWS. It is nil for a session without policies and tags.
type sizes struct {
	PackedPolicySize *int32
	tokenSizes
}

func newTokenSizes(made *iam.Credentials) tokenSizes {
	return tokenSizes{int32(len(made.SessionToken)), int32(made.TokenUtilization())} //nolint:gosec // of some kilobytes
}

func newSizes(made *iam.Credentials) sizes {
	s := sizes{tokenSizes: newTokenSizes(made)}
	if percent := int32(made.PackedPolicySize); percent > 0 { //nolint:gosec // at most 100
		s.PackedPolicySize = &percent
	}
	return s
}

// tagsOf are the session tags of a request. Keys are not distinguished by case, and those of AWS itself cannot be set
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules).
func tagsOf(list []tag) (map[string]string, error) {
	var tags map[string]string
	var keys []string
	for _, t := range list {
		switch {
		case hasKey(keys, *t.Key):
			return nil, operation.Errorf(operation.CodeValidation, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		case strings.HasPrefix(strings.ToLower(*t.Key), "aws:"):
			return nil, operation.Errorf(operation.CodeValidation, "Tag keys that begin with aws: are reserved: %s.", *t.Key)
		case tags == nil:
			tags = map[string]string{}
		}
		tags[*t.Key] = *t.Value
		keys = append(keys, *t.Key)
	}
	return tags, nil
}

// checkTransitive reports transitive keys that no tag of the request has.
func checkTransitive(tags map[string]string, transitive []string) error {
	for i, key := range transitive {
		found := false
		for name := range tags {
			found = found || strings.EqualFold(name, key)
		}
		if !found || hasKey(transitive[:i], key) {
			return operation.Errorf(operation.CodeValidation, "The transitive tag key %s is not the key of one of the session tags.", key)
		}
	}
	return nil
}

// requestTags are the condition keys of session tags.
func requestTags(tags map[string]string) map[string][]string {
	keys := map[string][]string{}
	for key, value := range tags {
		keys["aws:RequestTag/"+key] = []string{value}
		keys["aws:TagKeys"] = append(keys["aws:TagKeys"], key)
	}
	return keys
}
