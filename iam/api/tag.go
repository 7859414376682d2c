package api

import (
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/iam"
)

// tag is a tag of a user, role or policy, in inputs and outputs.
type tag struct {
	Key   *string `iam:"required,min=1,max=128,pattern=tagKey"`
	Value *string `iam:"required,min=0,max=256,pattern=tagValue"`
}

// newTags are tags as answers have them, sorted by key; nil for none.
func newTags(tags map[string]string) []tag {
	var out []tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value := tags[key]
		out = append(out, tag{&key, &value})
	}
	return out
}

// maxTags is how many tags a user or role may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const maxTags = 50

// withTags returns tags with others added, or put in the place of those with the same key. Keys are not distinguished
// by case: the key of the request is kept (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules).
func withTags(tags map[string]string, add []tag) (map[string]string, error) {
	out := maps.Clone(tags)
	if out == nil {
		out = map[string]string{}
	}
	seen := map[string]bool{}
	for _, t := range add {
		folded := strings.ToLower(*t.Key)
		switch {
		case seen[folded]:
			return nil, iam.Errorf(iam.CodeInvalidInput, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		case strings.HasPrefix(folded, "aws:"):
			return nil, iam.Errorf(iam.CodeInvalidInput, "One or more tags are invalid: tag keys must not begin with aws:")
		}
		seen[folded] = true
		out = withoutTags(out, []string{*t.Key})
		out[*t.Key] = *t.Value
	}
	if len(out) > maxTags {
		return nil, iam.Errorf(iam.CodeLimitExceeded, "The number of tags has reached the maximum limit.")
	}
	return out, nil
}

// withoutTags returns tags without those of the keys.
func withoutTags(tags map[string]string, keys []string) map[string]string {
	out := maps.Clone(tags)
	maps.DeleteFunc(out, func(key, _ string) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, key) })
	})
	return out
}

// tagKeys is the condition key of an untagging request.
func tagKeys(names []string) keys { return keys{"aws:TagKeys": names} }
