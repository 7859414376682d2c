package kms

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTagsHaveALimit(t *testing.T) {
	t.Parallel()
	alice := newFixture(t).alice()
	tags := []in{}
	for i := range maxTags {
		tags = append(tags, in{"TagKey": fmt.Sprintf("%02d", i), "TagValue": ""})
	}
	id, _ := alice.createKey(in{"Tags": tags})
	alice.do("TagResource", in{"KeyId": id, "Tags": []in{{"TagKey": "00", "TagValue": "changed"}}})
	alice.fails("TagResource", in{"KeyId": id, "Tags": []in{{"TagKey": "one more", "TagValue": ""}}}, CodeTag, "Too many tags")
	alice.fails("UntagResource", in{"KeyId": id, "TagKeys": []string{"Aws:x"}}, CodeTag, "Tags beginning with aws: are reserved")
	alice.do("UntagResource", in{"KeyId": id, "TagKeys": []string{"01", "none"}})
	require.Equal(t, []string{"01", "none"}, alice.asked[0].Context["aws:TagKeys"])
	alice.do("TagResource", in{"KeyId": id, "Tags": []in{{"TagKey": "one more", "TagValue": ""}}})
	require.Len(t, alice.list("ListResourceTags", "Tags", "TagKey", in{"KeyId": id}), maxTags)
}

// TestAliasOfAKeyThatChangesMeanwhile: an alias is not given to a key that was scheduled for deletion while the call
// was decided.
func TestAliasOfAKeyThatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice, other := f.alice(), f.alice()
	id, arn := alice.createKey(in{})
	done := false
	alice.deny = func(*Access) bool {
		if !done {
			done = true
			other.do("ScheduleKeyDeletion", in{"KeyId": id})
		}
		return false
	}
	alice.fails("CreateAlias", in{"AliasName": "alias/app", "TargetKeyId": id}, CodeInvalidState, arn+" is pending deletion.")
	require.Empty(t, other.list("ListAliases", "Aliases", "AliasName", in{}))
}
