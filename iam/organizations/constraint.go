package organizations

import "github.com/strictkms/strictkms/internal/constraint"

// rules hold inputs to AWS's model. Test code holds the tags of the input structs to botocore's copy of it
// (organizations/2016-11-28/service-2.json).
var rules = constraint.NewSet("org", enums, patterns)

var enums = map[string]constraint.Enum{
	"policyType": {
		"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY", "BACKUP_POLICY", "AISERVICES_OPT_OUT_POLICY",
		"CHATBOT_POLICY", "DECLARATIVE_POLICY_EC2", "SECURITYHUB_POLICY", "INSPECTOR_POLICY", "UPGRADE_ROLLOUT_POLICY",
		"BEDROCK_POLICY", "S3_POLICY", "NETWORK_SECURITY_DIRECTOR_POLICY",
	},
	"childType":  {"ACCOUNT", "ORGANIZATIONAL_UNIT"},
	"state":      {"IN_PROGRESS", "SUCCEEDED", "FAILED"},
	"billing":    {"ALLOW", "DENY"},
	"featureSet": {"ALL", "CONSOLIDATED_BILLING"},
}

// sentence is what AWS Organizations says instead of naming the expression.
const sentence = "You provided a value that does not match the required pattern."

func pattern(aws, expression string) *constraint.Pattern {
	return constraint.NewPattern(aws, expression).Saying(sentence)
}

var patterns = map[string]*constraint.Pattern{
	"account":  pattern(`^\d{12}$`, `\d{12}`),
	"child":    pattern(`^(\d{12})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$`, `\d{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`),
	"parent":   pattern(`^(r-[0-9a-z]{4,32})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$`, `r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`),
	"root":     pattern(`^r-[0-9a-z]{4,32}$`, `r-[0-9a-z]{4,32}`),
	"unit":     pattern(`^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$`, `ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`),
	"policy":   pattern(`^p-[0-9a-zA-Z_]{8,128}$`, `p-[0-9a-zA-Z_]{8,128}`),
	"request":  pattern(`^car-[a-z0-9]{8,32}$`, `car-[a-z0-9]{8,32}`),
	"roleName": pattern(`[\w+=,.@-]{1,64}`, `[\w+=,.@-]{1,64}`),
	"email":    pattern(`[^\s@]+@[^\s@]+\.[^\s@]+`, `[^\s@]+@[^\s@]+\.[^\s@]+`),
	"ascii":    pattern(`[\u0020-\u007E]+`, `[\x20-\x7E]+`),
	"tagKey":   pattern(`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`),
	"target": pattern(`^(r-[0-9a-z]{4,32})|(\d{12})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$`,
		`r-[0-9a-z]{4,32}|\d{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`),
}

// pageInput are the members of inputs of lists.
type pageInput struct {
	NextToken  *string `org:"max=100000"`
	MaxResults *int32  `org:"min=1,max=20"`
}

type tag struct {
	Key   *string `org:"required,min=1,max=128,pattern=tagKey"`
	Value *string `org:"required,min=0,max=256,pattern=tagKey"`
}
