package cloudformation_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

const people = `
accounts:
  "111122223333":
    users:
      nobody: {}
      condition:
        policies:
          P:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "cloudformation:*", Resource: "*"}
              - {Effect: Allow, Action: "kms:*", Resource: "*", Condition: {"Null": {"kms:ViaService": "true"}, Bool: {"aws:ViaAWSService": "true"}}}
      planner:
        policies:
          P:
            Version: "2012-10-17"
            Statement: {Effect: Allow, Action: "cloudformation:*", Resource: "arn:aws:cloudformation:*:*:stack/dev-*/*"}
      deployer:
        policies:
          P:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "cloudformation:*", Resource: "*"}
              - Effect: Allow
                Action: ["iam:*", "kms:*"]
                Resource: "*"
                Condition: {"ForAnyValue:StringEquals": {"aws:CalledVia": cloudformation.amazonaws.com}, Bool: {"aws:ViaAWSService": "true"}}
`

// TestStacksAreAuthorized shows that a stack needs the permission for itself and for everything in it.
func TestStacksAreAuthorized(t *testing.T) {
	t.Parallel()
	server, root := start(t, kmstest.WithWorld(people))
	as := func(name string) *client { return &client{t, server.Config("user/" + name)} }
	const template = `
Resources:
  G: {Type: AWS::IAM::Group, Properties: {GroupName: g}}
  K: {Type: AWS::KMS::Key, DependsOn: G}
`
	nobody, planner, deployer := as("nobody"), as("planner"), as("deployer")
	nobody.fails("CreateStack", request("dev-1", template), "AccessDenied",
		"User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: cloudformation:CreateStack on resource: "+
			"arn:aws:cloudformation:us-east-1:111122223333:stack/dev-1/* because no identity-based policy allows the cloudformation:CreateStack action")
	planner.fails("CreateStack", request("prod-1", template), "AccessDenied", "cloudformation:CreateStack")

	made := planner.create("dev-1", template)
	require.Equal(t, "ROLLBACK_COMPLETE", made.status)
	require.Contains(t, planner.reasons("dev-1"), "User: arn:aws:iam::111122223333:user/planner is not authorized to perform: iam:CreateGroup")
	require.Contains(t, planner.reasons("dev-1"), "HandlerErrorCode: AccessDenied")
	id := regexp.MustCompile(`Request ID: ([0-9a-f-]{36})`).FindStringSubmatch(planner.reasons("dev-1"))
	require.NotNil(t, id)
	require.Contains(t, server.Explain(id[1]), "iam:CreateGroup")

	// AWS CloudFormation is no service that AWS KMS knows kms:ViaService of.
	require.Equal(t, "CREATE_COMPLETE", as("condition").create("dev-3", "Resources: {K: {Type: AWS::KMS::Key}}").status)

	require.Equal(t, "CREATE_COMPLETE", deployer.create("dev-2", template).status)
	out, _ := deployer.try("iam", "2010-05-08", "CreateGroup", in{"GroupName": "direct"})
	require.Equal(t, "AccessDenied", out.text("Code"))

	for action, input := range map[string]in{
		"DescribeStacks": {"StackName": "dev-2"}, "DescribeStackEvents": {"StackName": "dev-2"}, "DeleteStack": {"StackName": "dev-2"},
		"UpdateStack": request("dev-2", template), "GetTemplate": {"StackName": "dev-2"}, "ListStacks": {}, "ListExports": {},
		"ListImports": {"ExportName": "x"}, "ValidateTemplate": {"TemplateBody": template}, "GetTemplateSummary": {"StackName": "dev-2"},
		"DescribeStackResources": {"StackName": "dev-2"}, "ListStackResources": {"StackName": "dev-2"},
		"DescribeStackResource": {"StackName": "dev-2", "LogicalResourceId": "G"},
		"CreateChangeSet":       change("dev-2", "c", "UPDATE", template), "ListChangeSets": {"StackName": "dev-2"},
		"DescribeChangeSet": {"StackName": "dev-2", "ChangeSetName": "c"}, "DeleteChangeSet": {"StackName": "dev-2", "ChangeSetName": "c"},
		"ExecuteChangeSet":            {"StackName": "dev-2", "ChangeSetName": "c"},
		"UpdateTerminationProtection": {"StackName": "dev-2", "EnableTerminationProtection": "true"},
	} {
		nobody.fails(action, input, "AccessDenied", "is not authorized to perform: cloudformation:"+action)
	}
	require.Equal(t, "CREATE_COMPLETE", root.stack("dev-2").status)
	// Whoever may not read stacks does not learn which there are.
	nobody.fails("DescribeStacks", in{"StackName": "dev-9"}, "AccessDenied", "cloudformation:DescribeStacks")
	// A deletion that the caller may not do fails, and leaves what is there.
	planner.do("DeleteStack", in{"StackName": "dev-2"})
	require.Equal(t, "DELETE_FAILED", root.stack("dev-2").status)
	require.Contains(t, root.reasons("dev-2"), "perform: kms:ScheduleKeyDeletion")
	require.Contains(t, root.reasons("dev-2"), "The following resource(s) failed to delete: [K].")
	deployer.do("DeleteStack", in{"StackName": "dev-2"})
}

// TestStacksOfOtherAccountsAndRegions shows that a stack is known in its own account and Region only.
func TestStacksOfOtherRegions(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	root.create("s", "Resources: {K: {Type: AWS::KMS::Key}}")
	id := root.do("DescribeStacks", in{"StackName": "s"}).text("Stacks/member/StackId")
	other := &client{t, root.config.Copy()}
	other.config.Region = "eu-west-1"
	other.fails("DescribeStacks", in{"StackName": "s"}, "ValidationError", "does not exist")
	other.fails("DescribeStacks", in{"StackName": id}, "ValidationError", "does not exist")
	require.Equal(t, "CREATE_COMPLETE", other.create("s", "Resources: {K: {Type: AWS::KMS::Key}}").status)
	require.Contains(t, other.do("DescribeStacks", in{}).text("Stacks/member/StackId"), "eu-west-1")
}

// TestStacksAreKept shows that stacks are there after a restart, and that nothing secret of them lies in the store.
func TestStacksAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, root := start(t, kmstest.WithStoreDir(dir))
	made := root.create("s", `
Parameters: {Hidden: {Type: String, NoEcho: true, Default: very-secret-parameter}}
Resources:
  U: {Type: AWS::IAM::User, Properties: {UserName: u}}
  A: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref U}}
  K: {Type: AWS::KMS::Key}
Outputs:
  Secret: {Value: !GetAtt A.SecretAccessKey, Export: {Name: secret}}
`)
	require.Len(t, made.outputs["Secret"], 40)
	server.Stop()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		require.NotContains(t, string(text), made.outputs["Secret"])
		require.NotContains(t, string(text), "very-secret-parameter")
		return err
	}))
	_, root = start(t, kmstest.WithStoreDir(dir))
	require.Equal(t, made, root.stack("s"))
	root.do("DeleteStack", in{"StackName": "s"})
	requireEmpty(t, root)
}
