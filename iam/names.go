package iam

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/strictkms/strictkms/policy"
)

// defaultPartition is that of accounts that do not say theirs.
const defaultPartition = "aws"

// managedKey returns the entry of a managed policy by its ARN; ok is false when the text is no such ARN.
func managedKey(arn string) (key string, ok bool) {
	a, ok := policy.ParseARN(arn)
	kind, rest, _ := strings.Cut(a.Resource, "/")
	name := baseName(rest)
	if !ok || a.Service != "iam" || a.Region != "" || kind != kindPolicy || name == "" ||
		a.Account != AWS && !policy.IsAccountID(a.Account) {
		return "", false
	}
	return entryKey(a.Account, kindPolicy, name), true
}

// baseName returns the name at the end of PATH/NAME.
func baseName(rest string) string { return rest[strings.LastIndexByte(rest, '/')+1:] }

// The forms of names (IAM and STS API References, the data types of the parameters).
var (
	namePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathPattern = regexp.MustCompile(`^(/|/[\x21-\x7E]+/)$`)
)

// The limits on names, paths and tags, in characters (same sources;
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const (
	maxUserName   = 64
	maxRoleName   = 64
	maxGroupName  = 128
	maxPolicyName = 128
	maxPath       = 512
	maxTags       = 50
	maxTagKey     = 128
	maxTagValue   = 256
)

// checkName checks a name, of most characters at most. member is what the API calls it.
func checkName(member, name string, most int) error {
	switch n := utf8.RuneCountInString(name); {
	case n < 1:
		return constraint(name, member, "Member must have length greater than or equal to 1")
	case n > most:
		return tooLong(name, member, most)
	case !namePattern.MatchString(name):
		return failf(CodeValidation, "The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", member)
	default:
		return nil
	}
}

func checkPath(path string) error {
	switch {
	case len(path) > maxPath:
		return tooLong(path, "path", maxPath)
	case !pathPattern.MatchString(path):
		return failf(CodeValidation, "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	default:
		return nil
	}
}

// checkTags checks the tags of a principal or a session. Which characters they may have is for the API to say: worlds
// that are loaded for tests have others. Their keys are not distinguished by case
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules).
func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return failf(CodeLimitExceeded, "The number of tags has reached the maximum limit of %d.", maxTags)
	}
	seen := map[string]bool{}
	for key, value := range tags {
		folded := strings.ToLower(key)
		switch {
		case key == "":
			return constraint(key, "tags.member.key", "Member must have length greater than or equal to 1")
		case utf8.RuneCountInString(key) > maxTagKey:
			return tooLong(key, "tags.member.key", maxTagKey)
		case utf8.RuneCountInString(value) > maxTagValue:
			return tooLong(value, "tags.member.value", maxTagValue)
		case seen[folded]:
			return failf(CodeInvalidInput, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[folded] = true
	}
	return nil
}

// tooLong is the error for a value with more characters than AWS takes.
func tooLong(value, member string, most int) error {
	return constraint(value, member, "Member must have length less than or equal to "+strconv.Itoa(most))
}

// constraint is the error for a value that breaks a rule of the API's model, in AWS's words.
func constraint(value, member, rule string) error {
	return failf(CodeValidation, "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, rule)
}
