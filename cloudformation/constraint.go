package cloudformation

import "github.com/strictkms/strictkms/internal/constraint"

// rules hold inputs to AWS's model. Test code holds the tags of the input structs to botocore's copy of it
// (cloudformation/2010-05-15/service-2.json).
var rules = constraint.NewSet("cfn", enums, patterns)

var enums = map[string]constraint.Enum{
	"Capability":     {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"},
	"ChangeSetType":  {"CREATE", "UPDATE", "IMPORT"},
	"OnFailure":      {onFailureNothing, onFailureRollback, onFailureDelete},
	"OnStackFailure": {onFailureNothing, onFailureRollback, onFailureDelete},
	"TemplateStage":  {"Original", "Processed"},
	"DeletionMode":   {"STANDARD", "FORCE_DELETE_STACK"},
	"DeploymentMode": {"REVERT_DRIFT"},
	"CallAs":         {"SELF", "DELEGATED_ADMIN"},
	"StackStatus": {
		"CREATE_IN_PROGRESS", "CREATE_FAILED", "CREATE_COMPLETE", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE",
		"DELETE_IN_PROGRESS", "DELETE_FAILED", "DELETE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
		"UPDATE_COMPLETE", "UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED",
		"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "IMPORT_IN_PROGRESS",
		"IMPORT_COMPLETE", "IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED", "IMPORT_ROLLBACK_COMPLETE",
	},
}

var patterns = map[string]*constraint.Pattern{
	"token": constraint.NewPattern(`[a-zA-Z0-9][-a-zA-Z0-9]*`, `[a-zA-Z0-9][-a-zA-Z0-9]*`),
	"stack": constraint.NewPattern(`([a-zA-Z][-a-zA-Z0-9]*)|(arn:\b(aws|aws-us-gov|aws-cn)\b:[-a-zA-Z0-9:/._+]*)`,
		`[a-zA-Z][-a-zA-Z0-9]*|arn:\b(?:aws|aws-us-gov|aws-cn)\b:[-a-zA-Z0-9:/._+]*`),
	"changeSet":     constraint.NewPattern(`[a-zA-Z][-a-zA-Z0-9]*`, `[a-zA-Z][-a-zA-Z0-9]*`),
	"changeSetOrID": constraint.NewPattern(`[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/]*`, `[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/]*`),
	"stackSet": constraint.NewPattern(
		`[a-zA-Z][-a-zA-Z0-9]*(?::[a-zA-Z0-9]{8}-[a-zA-Z0-9]{4}-[a-zA-Z0-9]{4}-[a-zA-Z0-9]{4}-[a-zA-Z0-9]{12})?`,
		`[a-zA-Z][-a-zA-Z0-9]*(?::[a-zA-Z0-9]{8}-[a-zA-Z0-9]{4}-[a-zA-Z0-9]{4}-[a-zA-Z0-9]{4}-[a-zA-Z0-9]{12})?`),
}
