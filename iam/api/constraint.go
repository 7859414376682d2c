package api

import "github.com/strictkms/strictkms/internal/constraint"

// rules hold inputs to AWS's model. Test code holds the tags of the input structs to botocore's copy of it
// (iam/2010-05-08/service-2.json).
var rules = constraint.NewSet("iam", enums, patterns)

var enums = map[string]constraint.Enum{
	"entityType":           {"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"},
	"statusType":           {"Active", "Inactive", "Expired"},
	"assignmentStatusType": {"Assigned", "Unassigned", "Any"},
	"policyScopeType":      {"All", "AWS", "Local"},
	"policyUsageType":      {"PermissionsPolicy", "PermissionsBoundary"},
	"contextKeyType": {
		"string", "stringList", "numeric", "numericList", "boolean", "booleanList", "ip", "ipList", "binary", "binaryList",
		"date", "dateList",
	},
}

const (
	nameSentence = "The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
	pathSentence = "The specified value for %s is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
)

var patterns = map[string]*constraint.Pattern{
	"name":       constraint.NewPattern(`[\w+=,.@-]+`, `[\w+=,.@-]+`).Saying(nameSentence),
	"word":       constraint.NewPattern(`[\w]+`, `\w+`),
	"marker":     constraint.NewPattern(`[\u0020-\u00FF]+`, `[\x{20}-\x{FF}]+`),
	"path":       constraint.NewPattern(`(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`, `/|/[\x21-\x7E]+/`).Saying(pathSentence),
	"prefix":     constraint.NewPattern(`\u002F[\u0021-\u007F]*`, `/[\x21-\x7F]*`),
	"tagKey":     constraint.NewPattern(`[\p{L}\p{Z}\p{N}_.:/=+\-@]+`, `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`),
	"policyPath": constraint.NewPattern(`((/[A-Za-z0-9\.,\+@=_-]+)*)/`, `(?:/[A-Za-z0-9.,+@=_-]+)*/`).Saying(pathSentence),
	"versionId":  constraint.NewPattern(`v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`, `v[1-9][0-9]*(?:\.[A-Za-z0-9-]*)?`),
	"description": constraint.NewPattern(
		`[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`, `[\x{9}\x{A}\x{D}\x{20}-\x{7E}\x{A1}-\x{FF}]*`),
	"tagValue": constraint.NewPattern(`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`),
	"alias":    constraint.NewPattern(`^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`, `[a-z0-9](?:-?[a-z0-9])+`),
	"document": constraint.NewPattern(`[\u0009\u000A\u000D\u0020-\u00FF]+`, `[\x{9}\x{A}\x{D}\x{20}-\x{FF}]+`).
		Saying("The specified value for %s is invalid. It must contain only printable ASCII characters."),
}
