package cloudformation

import (
	"maps"
	"slices"
	"strings"
)

// resourceKind says what is known about a type of resource: how Ref and Fn::GetAtt answer.
// The forms hold {name}, {path}, {partition}, {region}, {account} and {suffix}.
type resourceKind struct {
	// name is the property with the physical name, "" when the name is made otherwise.
	name string
	// ref is what Ref returns; "" means {name}.
	ref        string
	attributes map[string]string
	// properties are all properties of a type that is loaded; nil for types that only lend
	// their names.
	properties []string
}

// Forms of attributes that have no text here.
const (
	formOpaque     = "(opaque)"     // a value only AWS knows, harmless unless it names a principal
	formUnresolved = "(unresolved)" // a value nobody may know, such as a secret
)

// owned reports whether resources of the kind are loaded. Their invented names are used
// wherever the name is, so that they may be compared.
func (k *resourceKind) owned() bool { return k != nil && k.properties != nil }

// attributeNames lists the attributes in order.
func (k *resourceKind) attributeNames() []string {
	if k == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(k.attributes))
}

// ownedTypes lists the types that are loaded.
func ownedTypes() []string {
	var types []string
	for _, name := range slices.Sorted(maps.Keys(resourceKinds)) {
		if resourceKinds[name].owned() {
			types = append(types, name)
		}
	}
	return types
}

// otherOwnedTypes are the types of IAM and KMS that decide nothing about keys.
var otherOwnedTypes = []string{
	"AWS::IAM::InstanceProfile", "AWS::IAM::OIDCProvider", "AWS::IAM::SAMLProvider", "AWS::IAM::ServerCertificate",
	"AWS::IAM::ServiceLinkedRole", "AWS::IAM::VirtualMFADevice",
}

const iamARN = "arn:{partition}:iam::{account}:"

// resourceKinds are the types that are known, with the return values of the pages in the
// CloudFormation Template Reference
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html).
var resourceKinds = map[string]*resourceKind{
	typeKey: {
		attributes: map[string]string{"Arn": "arn:{partition}:kms:{region}:{account}:key/{name}", "KeyId": "{name}"},
		properties: []string{
			"BypassPolicyLockoutSafetyCheck", "Description", "Enabled", "EnableKeyRotation", "KeyPolicy", "KeySpec",
			"KeyUsage", "MultiRegion", "Origin", "PendingWindowInDays", "RotationPeriodInDays", "Tags",
		},
	},
	typeReplicaKey: {
		attributes: map[string]string{"Arn": "arn:{partition}:kms:{region}:{account}:key/{name}", "KeyId": "{name}"},
		properties: []string{"Description", "Enabled", "KeyPolicy", "PendingWindowInDays", "PrimaryKeyArn", "Tags"},
	},
	typeAlias: {name: "AliasName", properties: []string{"AliasName", "TargetKeyId"}},
	typeUser: {
		name:       "UserName",
		attributes: map[string]string{"Arn": iamARN + "user{path}{name}"},
		properties: []string{
			"Groups", "LoginProfile", "ManagedPolicyArns", "Path", "PermissionsBoundary", "Policies", "Tags", "UserName",
		},
	},
	typeGroup: {
		name:       "GroupName",
		attributes: map[string]string{"Arn": iamARN + "group{path}{name}"},
		properties: []string{"GroupName", "ManagedPolicyArns", "Path", "Policies"},
	},
	typeRole: {
		name:       "RoleName",
		attributes: map[string]string{"Arn": iamARN + "role{path}{name}", "RoleId": "{roleid}"},
		properties: []string{
			"AssumeRolePolicyDocument", "Description", "ManagedPolicyArns", "MaxSessionDuration", "Path",
			"PermissionsBoundary", "Policies", "RoleName", "Tags",
		},
	},
	typeManagedPolicy: {
		name: "ManagedPolicyName",
		ref:  iamARN + "policy{path}{name}",
		attributes: map[string]string{
			"PolicyArn": iamARN + "policy{path}{name}", "PolicyId": formOpaque, "AttachmentCount": formOpaque,
			"CreateDate": formOpaque, "DefaultVersionId": formOpaque, "IsAttachable": formOpaque,
			"PermissionsBoundaryUsageCount": formOpaque, "UpdateDate": formOpaque,
		},
		properties: []string{"Description", "Groups", "ManagedPolicyName", "Path", "PolicyDocument", "Roles", "Users"},
	},
	typePolicy: {
		name: "PolicyName", attributes: map[string]string{"Id": formOpaque},
		properties: []string{"Groups", "PolicyDocument", "PolicyName", "Roles", "Users"},
	},
	typeUserPolicy:  {name: "PolicyName", properties: []string{"PolicyDocument", "PolicyName", "UserName"}},
	typeGroupPolicy: {name: "PolicyName", properties: []string{"GroupName", "PolicyDocument", "PolicyName"}},
	typeRolePolicy:  {name: "PolicyName", properties: []string{"PolicyDocument", "PolicyName", "RoleName"}},
	typeMembership:  {properties: []string{"GroupName", "Users"}, attributes: map[string]string{"Id": formOpaque}},
	typeAccessKey: {
		attributes: map[string]string{"SecretAccessKey": formUnresolved, "Id": formOpaque},
		properties: []string{"Serial", "Status", "UserName"},
	},

	"AWS::Backup::BackupVault": foreign("BackupVaultName", "", "BackupVaultArn", "arn:{partition}:backup:{region}:{account}:backup-vault:{name}"),
	"AWS::CloudTrail::Trail":   foreign("TrailName", "", "Arn", "arn:{partition}:cloudtrail:{region}:{account}:trail/{name}"),
	"AWS::CloudWatch::Alarm":   foreign("AlarmName", "", "Arn", "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"),
	"AWS::CodeBuild::Project":  foreign("Name", "", "Arn", "arn:{partition}:codebuild:{region}:{account}:project/{name}"),
	"AWS::DynamoDB::Table":     foreign("TableName", "", "Arn", "arn:{partition}:dynamodb:{region}:{account}:table/{name}"),
	"AWS::ECR::Repository":     foreign("RepositoryName", "", "Arn", "arn:{partition}:ecr:{region}:{account}:repository/{name}"),
	"AWS::Events::Rule":        foreign("Name", "", "Arn", "arn:{partition}:events:{region}:{account}:rule/{name}"),
	"AWS::IAM::InstanceProfile": foreign("InstanceProfileName", "", "Arn",
		iamARN+"instance-profile{path}{name}"),
	"AWS::Kinesis::Stream": foreign("Name", "", "Arn", "arn:{partition}:kinesis:{region}:{account}:stream/{name}"),
	"AWS::KinesisFirehose::DeliveryStream": foreign("DeliveryStreamName", "", "Arn",
		"arn:{partition}:firehose:{region}:{account}:deliverystream/{name}"),
	"AWS::Lambda::Function": foreign("FunctionName", "", "Arn", "arn:{partition}:lambda:{region}:{account}:function:{name}"),
	"AWS::Logs::LogGroup":   foreign("LogGroupName", "", "Arn", "arn:{partition}:logs:{region}:{account}:log-group:{name}:*"),
	"AWS::S3::Bucket":       foreign("BucketName", "", "Arn", "arn:{partition}:s3:::{name}"),
	"AWS::SNS::Topic": foreign("TopicName", "arn:{partition}:sns:{region}:{account}:{name}",
		"TopicArn", "arn:{partition}:sns:{region}:{account}:{name}", "TopicName", "{name}"),
	"AWS::SQS::Queue": foreign("QueueName", "https://sqs.{region}.{suffix}/{account}/{name}",
		"Arn", "arn:{partition}:sqs:{region}:{account}:{name}", "QueueName", "{name}"),
	"AWS::StepFunctions::StateMachine": foreign("StateMachineName", "arn:{partition}:states:{region}:{account}:stateMachine:{name}",
		"Arn", "arn:{partition}:states:{region}:{account}:stateMachine:{name}", "Name", "{name}"),
}

// The types that are loaded.
const (
	typeKey           = "AWS::KMS::Key"
	typeReplicaKey    = "AWS::KMS::ReplicaKey"
	typeAlias         = "AWS::KMS::Alias"
	typeUser          = "AWS::IAM::User"
	typeGroup         = "AWS::IAM::Group"
	typeRole          = "AWS::IAM::Role"
	typePolicy        = "AWS::IAM::Policy"
	typeManagedPolicy = "AWS::IAM::ManagedPolicy"
	typeUserPolicy    = "AWS::IAM::UserPolicy"
	typeGroupPolicy   = "AWS::IAM::GroupPolicy"
	typeRolePolicy    = "AWS::IAM::RolePolicy"
	typeMembership    = "AWS::IAM::UserToGroupAddition"
	typeAccessKey     = "AWS::IAM::AccessKey"
)

// foreign describes a type that only lends its names: pairs are attributes with their forms.
func foreign(name, ref string, pairs ...string) *resourceKind {
	k := &resourceKind{name: name, ref: ref, attributes: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		k.attributes[pairs[i]] = pairs[i+1]
	}
	return k
}

// reference is what Ref returns for a resource.
func (t *template) reference(r *resource) string {
	if r.kind == nil {
		return string(opaqueMark) + t.invented(r)
	}
	form := r.kind.ref
	if form == "" {
		form = "{name}"
	}
	return t.expand(r, form)
}

// attributeOf is what Fn::GetAtt returns for a resource; ok is false when a type that is
// loaded has no such attribute.
func (t *template) attributeOf(r *resource, attribute string) (text string, ok bool) {
	form := formOpaque
	if r.kind != nil {
		known, ok := r.kind.attributes[attribute]
		switch {
		case ok:
			form = known
		case r.kind.owned():
			return "", false
		}
	}
	switch form {
	case formOpaque:
		return string(opaqueMark) + "opaque:" + r.id + "." + attribute, true
	case formUnresolved:
		return string(unresolvedMark) + "<Fn::GetAtt " + r.id + "." + attribute + ">", true
	default:
		return t.expand(r, form), true
	}
}

// expand fills in a form.
func (t *template) expand(r *resource, form string) string {
	path := ""
	if strings.Contains(form, "{path}") {
		path = t.path(r)
	}
	return strings.NewReplacer(
		"{name}", t.physicalName(r), "{path}", path, "{roleid}", t.uniqueID("AROA", r),
		"{partition}", t.partition, "{region}", t.opts.Region, "{account}", t.opts.Account, "{suffix}", t.urlSuffix(),
	).Replace(form)
}
