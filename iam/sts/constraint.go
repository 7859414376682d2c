package sts

import "github.com/strictkms/strictkms/internal/constraint"

// rules hold inputs to AWS's model. Test code holds the tags of the input structs to botocore's copy of it
// (sts/2011-06-15/service-2.json).
var rules = constraint.NewSet("sts", nil, patterns)

var patterns = map[string]*constraint.Pattern{
	"name":       constraint.NewPattern(`[\w+=,.@-]*`, `[\w+=,.@-]*`),
	"word":       constraint.NewPattern(`[\w]*`, `\w*`),
	"externalID": constraint.NewPattern(`[\w+=,.@:\/-]*`, `[\w+=,.@:/-]*`),
	"serial":     constraint.NewPattern(`[\w+=/:,.@-]*`, `[\w+=/:,.@-]*`),
	"code":       constraint.NewPattern(`[\d]*`, `\d*`),
	"tagKey":     constraint.NewPattern(`[\p{L}\p{Z}\p{N}_.:/=+\-@]+`, `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`),
	"tagValue":   constraint.NewPattern(`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`),
	"document":   constraint.NewPattern(`[\u0009\u000A\u000D\u0020-\u00FF]+`, `[\x{9}\x{A}\x{D}\x{20}-\x{FF}]+`),
	"arn": constraint.NewPattern(
		`[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+`,
		`[\x{9}\x{A}\x{D}\x{20}-\x{7E}\x{85}\x{A0}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]+`),
}
