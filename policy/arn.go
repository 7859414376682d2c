package policy

import "strings"

// ARN is an Amazon Resource Name split into its parts
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns).
type ARN struct {
	Partition string // aws, aws-cn, aws-us-gov
	Service   string
	Region    string // empty for global services
	Account   string // 12 digits, empty for some services
	Resource  string // everything after the fifth colon
}

// ParseARN splits an ARN. It asks for six parts of which partition, service and resource are
// not empty; what the parts may contain depends on the service and is not looked at.
func ParseARN(s string) (ARN, bool) {
	rest, ok := strings.CutPrefix(s, "arn:")
	if !ok {
		return ARN{}, false
	}
	parts := strings.SplitN(rest, ":", 5)
	if len(parts) != 5 || parts[0] == "" || parts[1] == "" || parts[4] == "" {
		return ARN{}, false
	}
	return ARN{parts[0], parts[1], parts[2], parts[3], parts[4]}, true
}

// String joins the parts again.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// KeyARN returns the ARN of a KMS key.
func KeyARN(partition, region, account, id string) ARN {
	return ARN{partition, "kms", region, account, keyPrefix + id}
}

// AliasARN returns the ARN of a KMS alias; the name has its alias/ prefix.
func AliasARN(partition, region, account, name string) ARN {
	return ARN{partition, "kms", region, account, name}
}

// The beginnings of the resource part of KMS ARNs
// (https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id).
const (
	keyPrefix   = "key/"
	aliasPrefix = "alias/"
)

// KeyID returns the key id when the ARN is that of a KMS key.
func (a ARN) KeyID() (string, bool) {
	id, ok := strings.CutPrefix(a.Resource, keyPrefix)
	if !ok || id == "" || a.Service != "kms" {
		return "", false
	}
	return id, true
}

// AliasName returns the alias name, with its alias/ prefix, when the ARN is that of a KMS alias.
func (a ARN) AliasName() (string, bool) {
	if a.Service != "kms" || len(a.Resource) == len(aliasPrefix) || !strings.HasPrefix(a.Resource, aliasPrefix) {
		return "", false
	}
	return a.Resource, true
}

// IsAccountID reports whether the text is an AWS account id: twelve digits.
func IsAccountID(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// IsPartition reports whether the text names one of the three public partitions of AWS.
func IsPartition(s string) bool {
	return s == "aws" || s == "aws-cn" || s == "aws-us-gov"
}

// PartitionOf returns the partition of a Region: aws, aws-cn or aws-us-gov
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
func PartitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}
