package source

import "strings"

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
