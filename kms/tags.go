package kms

import (
	"slices"
	"strings"
)

// tagOperations are the operations on the tags of a key.
var tagOperations = []operation{
	answers("ListResourceTags", listResourceTags),
	acts("TagResource", tagResource),
	acts("UntagResource", untagResource),
}

// maxTags is how many tags a key can have
// (https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html).
const maxTags = 50

// tagInput is a tag in a request.
type tagInput struct {
	TagKey   *string `kms:"required,min=1,max=128"`
	TagValue *string `kms:"required,min=0,max=256"`
}

type tagResourceInput struct {
	KeyId *string    `kms:"required,min=1,max=2048"`
	Tags  []tagInput `kms:"required"`
}

func tagResource(c *call, in *tagResourceInput) error {
	context := map[string][]string{}
	addRequestTags(context, in.Tags)
	key, err := c.usableKey(*in.KeyId, context)
	if err != nil {
		return err
	}
	tags, err := mergeTags(key.Tags, in.Tags)
	if err != nil {
		return err
	}
	return c.editKey(key, func(r *keyRecord) { r.Tags = tags })
}

// addRequestTags adds aws:TagKeys and aws:RequestTag/… for the tags of a request.
func addRequestTags(context map[string][]string, tags []tagInput) {
	for _, tag := range tags {
		context["aws:RequestTag/"+*tag.TagKey] = []string{*tag.TagValue}
		context["aws:TagKeys"] = append(context["aws:TagKeys"], *tag.TagKey)
	}
}

// mergeTags returns the tags of a key after others were added, in the order of their keys.
func mergeTags(old []Tag, added []tagInput) ([]Tag, error) {
	seen := map[string]bool{}
	out := slices.Clone(old)
	for _, tag := range added {
		if seen[*tag.TagKey] {
			return nil, failf(CodeTag, "Duplicate tag keys")
		}
		if strings.HasPrefix(strings.ToLower(*tag.TagKey), "aws:") {
			return nil, failf(CodeTag, "Tags beginning with aws: are reserved")
		}
		seen[*tag.TagKey] = true
		i, found := findTag(out, *tag.TagKey)
		if found {
			out[i].TagValue = *tag.TagValue
		} else {
			out = slices.Insert(out, i, Tag{*tag.TagKey, *tag.TagValue})
		}
	}
	if len(out) > maxTags {
		return nil, failf(CodeTag, "Too many tags")
	}
	return out, nil
}

func findTag(tags []Tag, key string) (int, bool) {
	return slices.BinarySearchFunc(tags, key, func(t Tag, key string) int { return strings.Compare(t.TagKey, key) })
}

type untagResourceInput struct {
	KeyId   *string  `kms:"required,min=1,max=2048"`
	TagKeys []string `kms:"required,each=min=1;max=128"`
}

func untagResource(c *call, in *untagResourceInput) error {
	key, err := c.usableKey(*in.KeyId, map[string][]string{"aws:TagKeys": in.TagKeys})
	if err != nil {
		return err
	}
	for _, name := range in.TagKeys {
		if strings.HasPrefix(strings.ToLower(name), "aws:") {
			return failf(CodeTag, "Tags beginning with aws: are reserved")
		}
	}
	left := slices.DeleteFunc(slices.Clone(key.Tags), func(t Tag) bool { return slices.Contains(in.TagKeys, t.TagKey) })
	if len(left) == len(key.Tags) {
		return nil
	}
	return c.editKey(key, func(r *keyRecord) { r.Tags = left })
}

type listResourceTagsInput struct {
	KeyId  *string `kms:"required,min=1,max=2048"`
	Limit  *int32  `kms:"min=1,max=1000"`
	Marker *string `kms:"min=1,max=1024,pattern=MarkerType"`
}

type listResourceTagsOutput struct {
	Tags []Tag
	paging
}

func listResourceTags(c *call, in *listResourceTagsInput) (*listResourceTagsOutput, error) {
	key, err := c.usableKey(*in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	after, err := afterMarker("tags", in.Marker)
	if err != nil {
		return nil, err
	}
	out := &listResourceTagsOutput{}
	out.Tags, out.paging = page("tags", in.Limit, afterName(key.Tags, after, func(t Tag) string { return t.TagKey }))
	return out, nil
}
