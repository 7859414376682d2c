package cloudformation_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// client calls a running server as a principal, with signed requests of the Query protocol.
type client struct {
	t      *testing.T
	config aws.Config
}

// start starts a strict server with everything in it, and returns its root user.
func start(t *testing.T, options ...kmstest.Option) (*kmstest.Server, *client) {
	t.Helper()
	server := kmstest.Start(t, options...)
	return server, &client{t, server.Config("root")}
}

// element is an element of an answer.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}

// all returns the elements at a path of names; member stands for every entry of a list.
func (e *element) all(path string) []*element {
	found := []*element{e}
	for name := range strings.SplitSeq(path, "/") {
		var next []*element
		for _, f := range found {
			for i := range f.Children {
				if f.Children[i].XMLName.Local == name {
					next = append(next, &f.Children[i])
				}
			}
		}
		found = next
	}
	return found
}

// text returns the text of the first element at a path, empty when there is none.
func (e *element) text(path string) string {
	if found := e.all(path); len(found) > 0 {
		return strings.TrimSpace(found[0].Text)
	}
	return ""
}

// texts returns the texts of all elements at a path.
func (e *element) texts(path string) []string {
	var out []string
	for _, f := range e.all(path) {
		out = append(out, strings.TrimSpace(f.Text))
	}
	return out
}

type in map[string]string

// try makes a call. The answer is the Result, or the Error.
func (c *client) try(service, version, action string, input in) (*element, int) {
	c.t.Helper()
	form := url.Values{"Action": {action}, "Version": {version}}
	for name, v := range input {
		form.Set(name, v)
	}
	body := form.Encode()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, *c.config.BaseEndpoint, strings.NewReader(body))
	require.NoError(c.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	credentials, err := c.config.Credentials.Retrieve(c.t.Context())
	require.NoError(c.t, err)
	hash := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(c.t.Context(), credentials, request, hex.EncodeToString(hash[:]), service, c.config.Region,
		time.Now()) //nolint:forbidigo // signatures are held to the time that it is
	require.NoError(c.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	root := &element{}
	require.NoError(c.t, xml.NewDecoder(bytes.NewReader(text)).Decode(root), string(text))
	if response.StatusCode != http.StatusOK {
		return root.all("Error")[0], response.StatusCode
	}
	if result := root.all(action + "Result"); len(result) > 0 {
		return result[0], response.StatusCode
	}
	return root, response.StatusCode
}

// do makes a call of AWS CloudFormation that succeeds.
func (c *client) do(action string, input in) *element {
	c.t.Helper()
	out, status := c.try("cloudformation", "2010-05-15", action, input)
	require.Equal(c.t, http.StatusOK, status, "%s: %s %s", action, out.text("Code"), out.text("Message"))
	return out
}

// fails makes a call of AWS CloudFormation that ends with an exception.
func (c *client) fails(action string, input in, code, message string) {
	c.t.Helper()
	out, status := c.try("cloudformation", "2010-05-15", action, input)
	require.NotEqual(c.t, http.StatusOK, status, action)
	require.Equal(c.t, code, out.text("Code"), out.text("Message"))
	require.Contains(c.t, out.text("Message"), message)
}

// iam makes a call of IAM that succeeds.
func (c *client) iam(action string, input in) *element {
	c.t.Helper()
	out, status := c.try("iam", "2010-05-08", action, input)
	require.Equal(c.t, http.StatusOK, status, "%s: %s %s", action, out.text("Code"), out.text("Message"))
	return out
}

// stack returns the status and the reason of a stack, its outputs, and the physical ids of its resources.
type stack struct {
	status, reason string
	outputs, ids   map[string]string
}

func (c *client) stack(name string) stack {
	c.t.Helper()
	described := c.do("DescribeStacks", in{"StackName": name}).all("Stacks/member")[0]
	s := stack{described.text("StackStatus"), described.text("StackStatusReason"), map[string]string{}, map[string]string{}}
	for _, o := range described.all("Outputs/member") {
		s.outputs[o.text("OutputKey")] = o.text("OutputValue")
	}
	for _, r := range c.do("DescribeStackResources", in{"StackName": name}).all("StackResources/member") {
		s.ids[r.text("LogicalResourceId")] = r.text("PhysicalResourceId")
	}
	return s
}

// reasons returns why resources and the stack failed, the last first.
func (c *client) reasons(name string) string {
	c.t.Helper()
	return strings.Join(c.do("DescribeStackEvents", in{"StackName": name}).texts("StackEvents/member/ResourceStatusReason"), "\n")
}

// history returns "LogicalID STATUS" of all events, the first first.
func (c *client) history(name string) []string {
	c.t.Helper()
	var out []string
	for _, e := range c.do("DescribeStackEvents", in{"StackName": name}).all("StackEvents/member") {
		out = append([]string{e.text("LogicalResourceId") + " " + e.text("ResourceStatus")}, out...)
	}
	return out
}

// create makes a stack and returns what became of it.
func (c *client) create(name, template string, more ...in) stack {
	c.t.Helper()
	return c.deploy("CreateStack", name, template, more...)
}

func (c *client) update(name, template string, more ...in) stack {
	c.t.Helper()
	return c.deploy("UpdateStack", name, template, more...)
}

func (c *client) deploy(action, name, template string, more ...in) stack {
	c.t.Helper()
	c.do(action, request(name, template, more...))
	return c.stack(name)
}

// request is a request with a template and every capability.
func request(name, template string, more ...in) in {
	input := in{"StackName": name, "TemplateBody": template, "Capabilities.member.1": "CAPABILITY_NAMED_IAM"}
	for _, m := range more {
		maps.Copy(input, m)
	}
	return input
}

const trust = `{Version: 2012-10-17, Statement: {Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: sts:AssumeRole}}`

const useKey = `{Version: 2012-10-17, Statement: {Effect: Allow, Action: kms:Encrypt, Resource: "*"}}`

func TestEveryTypeOfResource(t *testing.T) {
	_, root := start(t)
	made := root.create("all", everyType)
	require.Equal(t, "CREATE_COMPLETE", made.status, root.reasons("all"))
	require.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, made.ids["Key"])
	require.Regexp(t, `^mrk-[0-9a-f]{32}$`, made.ids["Primary"])
	require.Equal(t, "alias/all", made.ids["Alias"])
	require.Regexp(t, `^all-Group-[A-Za-z0-9]{12}$`, made.ids["Group"])
	require.Equal(t, "alice", made.ids["User"])
	require.Regexp(t, `^AKIA`, made.ids["AccessKey"])
	require.Regexp(t, `^arn:aws:iam::111122223333:policy/team/all-Managed-[A-Za-z0-9]{12}$`, made.ids["Managed"])
	require.Equal(t, made.ids["Key"], made.outputs["KeyId"])
	require.Equal(t, "arn:aws:iam::111122223333:role/app/"+made.ids["Role"], made.outputs["RoleArn"])
	require.Regexp(t, `^AROA`, made.outputs["RoleId"])
	require.Len(t, made.outputs["Secret"], 40)

	require.Equal(t, []string{"own", "shared"}, root.iam("ListUserPolicies", in{"UserName": "alice"}).texts("PolicyNames/member"))
	require.ElementsMatch(t, []string{made.ids["Group"], "second"},
		root.iam("ListGroupsForUser", in{"UserName": "alice"}).texts("Groups/member/GroupName"))
	require.Equal(t, made.ids["Managed"],
		root.iam("ListAttachedRolePolicies", in{"RoleName": made.ids["Role"]}).text("AttachedPolicies/member/PolicyArn"))
	require.Equal(t, "Inactive", root.iam("ListAccessKeys", in{"UserName": "alice"}).text("AccessKeyMetadata/member/Status"))
	require.ElementsMatch(t, []string{"blue", "prod"}, root.iam("ListUserTags", in{"UserName": "alice"}).texts("Tags/member/Value"))

	root.do("DeleteStack", in{"StackName": "all"})
	root.fails("DescribeStacks", in{"StackName": "all"}, "ValidationError", "Stack with id all does not exist")
	require.Empty(t, root.iam("ListUsers", in{}).all("Users/member"))
	require.Empty(t, root.iam("ListGroups", in{}).all("Groups/member"))
	require.Equal(t, []string{"AWSServiceRoleForKeyManagementServiceMultiRegionKeys"}, root.iam("ListRoles", in{}).texts("Roles/member/RoleName"),
		"AWS KMS made it, and it stays")
	require.Empty(t, root.iam("ListPolicies", in{"Scope": "Local"}).all("Policies/member"))
}

const everyType = `
Parameters:
  Environment: {Type: String, Default: prod, AllowedValues: [prod, test]}
Conditions:
  Test: !Equals [!Ref Environment, test]
Resources:
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: !Sub "alias/${AWS::StackName}", TargetKeyId: !Ref Key}}
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: with everything
      EnableKeyRotation: true
      RotationPeriodInDays: 120
      PendingWindowInDays: 7
      Tags: [{Key: env, Value: !Ref Environment}]
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - {Sid: Root, Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: kms:*, Resource: "*"}
          - {Sid: Role, Effect: Allow, Principal: {AWS: !GetAtt Role.Arn}, Action: kms:Decrypt, Resource: "*"}
  Primary: {Type: AWS::KMS::Key, Properties: {MultiRegion: true, Enabled: false}}
  OnlyInTest: {Type: AWS::KMS::Key, Condition: Test}
  Signer: {Type: AWS::KMS::Key, Properties: {KeySpec: ECC_NIST_P256, KeyUsage: SIGN_VERIFY}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Path: /app/
      Description: of the application
      MaxSessionDuration: 7200
      AssumeRolePolicyDocument: ` + trust + `
      ManagedPolicyArns: [!Ref Managed]
      Policies: [{PolicyName: own, PolicyDocument: ` + useKey + `}]
  Managed: {Type: AWS::IAM::ManagedPolicy, Properties: {Path: /team/, PolicyDocument: ` + useKey + `, Groups: [!Ref Group]}}
  Group: {Type: AWS::IAM::Group, Properties: {Policies: [{PolicyName: own, PolicyDocument: ` + useKey + `}]}}
  Second: {Type: AWS::IAM::Group, Properties: {GroupName: second}}
  User:
    Type: AWS::IAM::User
    Properties:
      UserName: alice
      Groups: [!Ref Group]
      PermissionsBoundary: !Ref Managed
      Tags: [{Key: team, Value: blue}, {Key: env, Value: prod}]
      Policies: [{PolicyName: own, PolicyDocument: ` + useKey + `}]
  Shared: {Type: AWS::IAM::Policy, Properties: {PolicyName: shared, Users: [!Ref User], Roles: [!Ref Role], PolicyDocument: ` + useKey + `}}
  OfGroup: {Type: AWS::IAM::GroupPolicy, Properties: {PolicyName: one, GroupName: !Ref Second, PolicyDocument: ` + useKey + `}}
  OfRole: {Type: AWS::IAM::RolePolicy, Properties: {PolicyName: one, RoleName: !Ref Role, PolicyDocument: ` + useKey + `}}
  Member: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: !Ref Second, Users: [!Ref User]}}
  AccessKey: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User, Status: Inactive}}
Outputs:
  KeyId: {Value: !GetAtt Key.KeyId}
  RoleArn: {Value: !GetAtt Role.Arn}
  RoleId: {Value: !GetAtt Role.RoleId}
  Secret: {Value: !GetAtt AccessKey.SecretAccessKey}
  Absent: {Value: !GetAtt OnlyInTest.Arn, Condition: Test}
`
