package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTemplatesAreRefused(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	const group = "Resources: {G: {Type: AWS::IAM::Group, Properties: {GroupName: g}}}"
	for _, test := range []struct{ name, template, code, message string }{
		{
			"types that are not there", "Resources: {B: {Type: AWS::S3::Bucket}, Q: {Type: AWS::SQS::Queue}, G: {Type: AWS::IAM::Group}}",
			"ValidationError", "Template format error: Unrecognized resource types: [AWS::S3::Bucket, AWS::SQS::Queue]",
		},
		{"a type that is misspelt", "Resources: {K: {Type: AWS::KMS::Keey}}", "ValidationError", "Unrecognized resource types: [AWS::KMS::Keey]"},
		{"a nested stack", "Resources: {S: {Type: AWS::CloudFormation::Stack}}", "ValidationError", "[AWS::CloudFormation::Stack]"},
		{"no resources", "Resources: {}", "ValidationError", "At least one Resources member must be defined."},
		{"no Resources", "Outputs: {}", "ValidationError", "At least one Resources member must be defined."},
		{"no template", "just text", "ValidationError", "Template format error: unsupported structure."},
		{"no YAML", "Resources: {", "ValidationError", "Template format error: "},
		{"a macro", "Transform: AWS::Serverless-2016-10-31\n" + group, "ValidationError", "AWS::Serverless-2016-10-31"},
		{"a rule", "Rules: {R: {Assertions: []}}\n" + group, "ValidationError", "Rules"},
		{
			"an unknown reference", "Resources: {K: {Type: AWS::KMS::Key, Properties: {Description: !Ref Nobody}}}", "ValidationError",
			"Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template",
		},
		{
			"a circle", "Resources: {A: {Type: AWS::IAM::Group, DependsOn: B}, B: {Type: AWS::IAM::Group, DependsOn: A}}", "ValidationError",
			"Circular dependency between resources: [A, B]",
		},
		{"a missing parameter", "Parameters: {P: {Type: String}}\n" + group, "ValidationError", "Parameters: [P] must have values"},
		{"a bad default", "Parameters: {P: {Type: String, Default: x, AllowedValues: [y]}}\n" + group, "ValidationError", `Parameter P: the value "x" is not allowed`},
		{
			"a deletion policy", "Resources: {K: {Type: AWS::KMS::Key, DeletionPolicy: Snapshot}}", "ValidationError",
			"does not support DeletionPolicy Snapshot",
		},
		{"too large", group + strings.Repeat(" ", 51_200), "ValidationError", "Member must have length less than or equal to 51200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := &client{t, root.config}
			root.fails("CreateStack", request("s", test.template), test.code, test.message)
			root.fails("CreateChangeSet", change("s", "c", "CREATE", test.template), test.code, test.message)
			root.fails("DescribeStacks", in{"StackName": "s"}, "ValidationError", "does not exist")
		})
	}
	input := request("s", group)
	for name, message := range map[string]string{
		"RoleARN": "RoleARN is not supported here", "StackPolicyBody": "a stack policy is not supported here",
		"NotificationARNs.member.1": "NotificationARNs is not supported here", "ResourceTypes.member.1": "ResourceTypes is not supported here",
		"TemplateURL": "Only one of TemplateBody or TemplateUrl may be specified.",
	} {
		input[name] = "arn:aws:iam::111122223333:role/r"
		root.fails("CreateStack", input, "ValidationError", message)
		delete(input, name)
	}
	root.fails("CreateStack", in{"StackName": "s", "TemplateURL": "https://s3.amazonaws.com/b/t"}, "ValidationError",
		"TemplateURL must reference a valid S3 object to which you have access.")
	root.fails("CreateStack", in{"StackName": "s"}, "ValidationError", "Either Template URL or Template Body must be specified.")
	root.fails("CreateStack", request("no_name", group), "ValidationError", "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
	root.fails("DescribeStacks", in{"StackName": "no name*"}, "ValidationError", "Stack with id no name* does not exist")
	root.fails("CreateStack", request("../x", group), "ValidationError", "pattern")
	root.fails("CreateStack", request(strings.Repeat("x", 129), group), "ValidationError", "less than or equal to 128")
	root.fails("CreateStack", request("s", group, in{"Parameters.member.1.ParameterKey": "P", "Parameters.member.1.ParameterValue": "v"}),
		"ValidationError", "Parameters: [P] do not exist in the template")
	root.fails("DescribeStacks", in{"StackName": "arn:aws:cloudformation:us-east-1:111122223333:stack/../../x"}, "ValidationError", "does not exist")
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	const plain, named = "Resources: {G: {Type: AWS::IAM::Group}}", "Resources: {G: {Type: AWS::IAM::Group, Properties: {GroupName: g}}}"
	const key = "Resources: {K: {Type: AWS::KMS::Key}}"
	for _, test := range []struct{ template, given, needed string }{
		{plain, "", "CAPABILITY_IAM"},
		{plain, "CAPABILITY_IAM", ""},
		{plain, "CAPABILITY_NAMED_IAM", ""},
		{named, "", "CAPABILITY_NAMED_IAM"},
		{named, "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"},
		{named, "CAPABILITY_NAMED_IAM", ""},
		{key, "", ""},
	} {
		input := in{"StackName": "s", "TemplateBody": test.template}
		if test.given != "" {
			input["Capabilities.member.1"] = test.given
		}
		if test.needed != "" {
			message := "Requires capabilities : [" + test.needed + "]"
			root.fails("CreateStack", input, "InsufficientCapabilitiesException", message)
			input["ChangeSetName"], input["ChangeSetType"] = "c", "CREATE"
			root.fails("CreateChangeSet", input, "InsufficientCapabilitiesException", message)
			continue
		}
		root.do("CreateStack", input)
		root.do("DeleteStack", in{"StackName": "s"})
	}
	root.fails("CreateStack", in{"StackName": "s", "TemplateBody": key, "Capabilities.member.1": "CAPABILITY_ALL"}, "ValidationError", "enum value set")
	valid := root.do("ValidateTemplate", in{"TemplateBody": named})
	require.Equal(t, "CAPABILITY_NAMED_IAM", valid.text("Capabilities/member"))
	require.Equal(t, "The following resource(s) require capabilities: [AWS::IAM::Group]", valid.text("CapabilitiesReason"))
}

func TestTemplateSummary(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	summary := root.do("GetTemplateSummary", in{"TemplateBody": everyType})
	require.Equal(t, "Environment", summary.text("Parameters/member/ParameterKey"))
	require.Equal(t, []string{"prod", "test"}, summary.texts("Parameters/member/ParameterConstraints/AllowedValues/member"))
	require.Contains(t, summary.texts("ResourceTypes/member"), "AWS::KMS::Alias")
	root.create("s", everyType)
	require.Equal(t, "Environment", root.do("GetTemplateSummary", in{"StackName": "s"}).text("Parameters/member/ParameterKey"))
	require.Equal(t, everyType, rawTemplate(root, in{"StackName": "s"}))
	require.Equal(t, "prod", root.do("DescribeStacks", in{"StackName": "s"}).text("Stacks/member/Parameters/member/ParameterValue"))
	require.Equal(t, "s", root.do("ListStacks", in{"StackStatusFilter.member.1": "CREATE_COMPLETE"}).text("StackSummaries/member/StackName"))
	require.Len(t, root.do("ListStackResources", in{"StackName": "s"}).all("StackResourceSummaries/member"), 14)
	detail := root.do("DescribeStackResource", in{"StackName": "s", "LogicalResourceId": "User"})
	require.Equal(t, "alice", detail.text("StackResourceDetail/PhysicalResourceId"))
	owner := root.do("DescribeStackResources", in{"PhysicalResourceId": "alice"})
	require.Equal(t, "s", owner.text("StackResources/member/StackName"))
	root.fails("DescribeStackResource", in{"StackName": "s", "LogicalResourceId": "Nobody"}, "ValidationError", "Resource Nobody does not exist for stack s")
}

func TestParameters(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	const template = `
Parameters:
  Name: {Type: String}
  Hidden: {Type: String, NoEcho: true, Default: very-secret}
  Groups: {Type: CommaDelimitedList, Default: "a, b"}
Resources:
  A: {Type: AWS::IAM::Group, Properties: {GroupName: !Select [0, !Ref Groups]}}
  B: {Type: AWS::IAM::Group, Properties: {GroupName: !Select [1, !Ref Groups]}}
  K: {Type: AWS::KMS::Key, Properties: {Description: !Sub "${Name} ${Hidden}"}}
`
	name := in{"Parameters.member.1.ParameterKey": "Name", "Parameters.member.1.ParameterValue": "x"}
	require.Equal(t, "CREATE_COMPLETE", root.create("s", template, name).status)
	parameters := root.do("DescribeStacks", in{"StackName": "s"}).texts("Stacks/member/Parameters/member/ParameterValue")
	require.Equal(t, []string{"x", "****", "a, b"}, parameters)
	previous := in{"Parameters.member.1.ParameterKey": "Name", "Parameters.member.1.UsePreviousValue": "true", "UsePreviousTemplate": "true"}
	input := request("s", template, previous)
	delete(input, "TemplateBody")
	root.fails("UpdateStack", input, "ValidationError", "No updates are to be performed.")
	input["Parameters.member.1.UsePreviousValue"], input["Parameters.member.1.ParameterValue"] = "false", "y"
	root.do("UpdateStack", input)
	require.Equal(t, "UPDATE_COMPLETE", root.stack("s").status)
}
