package organizations_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

const (
	home       = "111122223333"
	management = "999988887777"
	key        = "1234abcd-12ab-34cd-56ef-1234567890ab"
	prod       = "ou-ab12-11111111"
)

// world has an organization whose production unit keeps keys.
const world = `
accounts:
  "111122223333":
    users: {alice: {policies: {All: {Version: "2012-10-17", Statement: {Effect: Allow, Action: ["kms:*", "organizations:*"], Resource: "*"}}}}}
    keys: {1234abcd-12ab-34cd-56ef-1234567890ab: {}}
  "999988887777":
    users:
      admin: {policies: {All: {Version: "2012-10-17", Statement: {Effect: Allow, Action: ["organizations:*", "sts:AssumeRole"], Resource: "*"}}}}
      reader: {policies: {Some: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "organizations:List*", Resource: "*"}}}}
  "444455556666":
    users: {carol: {policies: {All: {Version: "2012-10-17", Statement: {Effect: Allow, Action: ["organizations:*", "sts:AssumeRole"], Resource: "*"}}}}}
organization:
  id: o-exampleorgid
  management-account: "999988887777"
  root:
    id: r-ab12
    accounts: ["999988887777"]
    units:
      - id: ou-ab12-11111111
        scps:
          FullAWSAccess:
          KeepKeys: {Version: "2012-10-17", Statement: [{Sid: KeepKeys, Effect: Deny, Action: "kms:ScheduleKeyDeletion", Resource: "*"}]}
        accounts: ["111122223333"]
`

// caller calls the API with credentials of a principal.
type caller struct {
	t      *testing.T
	config aws.Config
}

func newCaller(t *testing.T, s *kmstest.Server, account, principal string) caller {
	t.Helper()
	return caller{t, s.Config("arn:aws:iam::" + account + ":" + principal)}
}

type object = map[string]any

// call does an operation; its error is the exception.
func (c caller) call(name string, input object) (object, error) {
	c.t.Helper()
	body, err := json.Marshal(input)
	require.NoError(c.t, err)
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, *c.config.BaseEndpoint+"/", bytes.NewReader(body))
	require.NoError(c.t, err)
	r.Header.Set("X-Amz-Target", "AWSOrganizationsV20161128."+name)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	credentials, err := c.config.Credentials.Retrieve(c.t.Context())
	require.NoError(c.t, err)
	sum := sha256.Sum256(body)
	now := time.Now() //nolint:forbidigo // signatures are held to the time as it is
	require.NoError(c.t, v4.NewSigner().SignHTTP(c.t.Context(), credentials, r, hex.EncodeToString(sum[:]), "organizations", "us-east-1", now))
	response, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	out := object{}
	if len(text) > 0 {
		require.NoError(c.t, json.Unmarshal(text, &out), string(text))
	}
	if response.StatusCode != http.StatusOK {
		message, _ := out["message"].(string)
		kind, _ := out["__type"].(string)
		return nil, &smithy.GenericAPIError{Code: kind, Message: message}
	}
	return out, nil
}

func (c caller) must(name string, input object) object {
	c.t.Helper()
	out, err := c.call(name, input)
	require.NoError(c.t, err)
	return out
}

func (c caller) refused(code, message, name string, input object) {
	c.t.Helper()
	_, err := c.call(name, input)
	requireRefused(c.t, err, code, message)
}

func requireRefused(t *testing.T, err error, code, message string) {
	t.Helper()
	var refused smithy.APIError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.ErrorCode(), refused.ErrorMessage())
	require.Contains(t, refused.ErrorMessage(), message)
}

// in walks into an answer by names and indexes.
func in(t *testing.T, value any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch s := step.(type) {
		case string:
			require.IsType(t, object{}, value)
			value = value.(object)[s] //nolint:forcetypeassert // required above
		case int:
			require.IsType(t, []any{}, value)
			require.Greater(t, len(value.([]any)), s) //nolint:forcetypeassert // required above
			value = value.([]any)[s]                  //nolint:forcetypeassert // required above
		}
	}
	return value
}

// texts are the values of a member of a list of objects.
func texts(t *testing.T, list any, member string) []string {
	t.Helper()
	require.IsType(t, []any{}, list)
	out := []string{}
	for i := range list.([]any) { //nolint:forcetypeassert // required above
		text, _ := in(t, list, i, member).(string)
		out = append(out, text)
	}
	return out
}

func start(t *testing.T, options ...kmstest.Option) (*kmstest.Server, caller) {
	t.Helper()
	s := kmstest.Start(t, append([]kmstest.Option{kmstest.WithWorld(world)}, options...)...)
	return s, newCaller(t, s, management, "user/admin")
}

func describe(t *testing.T, s *kmstest.Server) error {
	t.Helper()
	_, err := kms.NewFromConfig(s.Config("user/alice")).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(key)})
	return err
}

func schedule(t *testing.T, s *kmstest.Server) error {
	t.Helper()
	_, err := kms.NewFromConfig(s.Config("user/alice")).ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: aws.String(key)})
	return err
}

const denyDescribe = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:DescribeKey","Resource":"*"}]}`

// TestWorldIsTold shows the organization that a world file brought.
func TestWorldIsTold(t *testing.T) {
	_, admin := start(t)
	organization := in(t, admin.must("DescribeOrganization", nil), "Organization")
	require.Equal(t, "o-exampleorgid", in(t, organization, "Id"))
	require.Equal(t, management, in(t, organization, "MasterAccountId"))
	roots := admin.must("ListRoots", nil)
	require.Equal(t, []string{"r-ab12"}, texts(t, in(t, roots, "Roots"), "Id"))
	require.ElementsMatch(t, []string{"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"}, texts(t, in(t, roots, "Roots", 0, "PolicyTypes"), "Type"))
	require.Equal(t, []string{home, management}, texts(t, in(t, admin.must("ListAccounts", nil), "Accounts"), "Id"))
	account := admin.must("DescribeAccount", object{"AccountId": home})
	require.Equal(t, "arn:aws:organizations::"+management+":account/o-exampleorgid/"+home, in(t, account, "Account", "Arn"))
	require.Equal(t, "o-exampleorgid/r-ab12/"+prod+"/"+home+"/", in(t, account, "Account", "Paths", 0))
	require.Equal(t, []string{prod}, texts(t, in(t, admin.must("ListOrganizationalUnitsForParent", object{"ParentId": "r-ab12"}), "OrganizationalUnits"), "Id"))
	require.Equal(t, []string{home}, texts(t, in(t, admin.must("ListChildren", object{"ParentId": prod, "ChildType": "ACCOUNT"}), "Children"), "Id"))
	require.Equal(t, prod, in(t, admin.must("ListParents", object{"ChildId": home}), "Parents", 0, "Id"))
	require.Equal(t, "ROOT", in(t, admin.must("ListParents", object{"ChildId": prod}), "Parents", 0, "Type"))
	policies := in(t, admin.must("ListPoliciesForTarget", object{"TargetId": prod, "Filter": "SERVICE_CONTROL_POLICY"}), "Policies")
	require.ElementsMatch(t, []string{"FullAWSAccess", "KeepKeys"}, texts(t, policies, "Name"))
	rcps := in(t, admin.must("ListPoliciesForTarget", object{"TargetId": home, "Filter": "RESOURCE_CONTROL_POLICY"}), "Policies")
	require.Equal(t, []string{"p-RCPFullAWSAccess"}, texts(t, rcps, "Id"))
}

// TestPoliciesDecideTheNextCall makes, attaches, changes, detaches and deletes a policy.
func TestPoliciesDecideTheNextCall(t *testing.T) {
	dir := t.TempDir()
	s, admin := start(t, kmstest.WithStoreDir(dir))
	require.NoError(t, describe(t, s))
	requireRefused(t, schedule(t, s), "AccessDeniedException", "service control policy")

	made := admin.must("CreatePolicy", object{
		"Name": "NoDescribe", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": denyDescribe,
	})
	id := in(t, made, "Policy", "PolicySummary", "Id")
	require.NoError(t, describe(t, s), "not attached yet")
	for _, target := range []string{"r-ab12", prod, home} {
		attachment := object{"PolicyId": id, "TargetId": target}
		admin.must("AttachPolicy", attachment)
		requireRefused(t, describe(t, s), "AccessDeniedException", "with an explicit deny in a service control policy")
		require.Equal(t, []string{target}, texts(t, in(t, admin.must("ListTargetsForPolicy", object{"PolicyId": id}), "Targets"), "TargetId"))
		admin.refused("DuplicatePolicyAttachmentException", "", "AttachPolicy", attachment)
		admin.refused("PolicyInUseException", "", "DeletePolicy", object{"PolicyId": id})
		admin.must("DetachPolicy", attachment)
		require.NoError(t, describe(t, s))
		admin.refused("PolicyNotAttachedException", "", "DetachPolicy", attachment)
	}
	admin.must("AttachPolicy", object{"PolicyId": id, "TargetId": home})
	admin.must("UpdatePolicy", object{"PolicyId": id, "Content": strings.Replace(denyDescribe, "DescribeKey", "ListAliases", 1)})
	require.NoError(t, describe(t, s))
	admin.must("UpdatePolicy", object{"PolicyId": id, "Content": denyDescribe})

	admin.must("MoveAccount", object{"AccountId": home, "SourceParentId": prod, "DestinationParentId": "r-ab12"})
	requireRefused(t, describe(t, s), "AccessDeniedException", "service control policy")
	admin.must("DetachPolicy", object{"PolicyId": id, "TargetId": home})
	require.NoError(t, describe(t, s))
	require.NoError(t, schedule(t, s), "the account is not in the unit any more")
	admin.refused("ConstraintViolationException", "at least one", "DetachPolicy", object{"PolicyId": "p-FullAWSAccess", "TargetId": home})

	s.Stop()
	s, admin = start(t, kmstest.WithStoreDir(dir))
	require.Equal(t, "r-ab12", in(t, admin.must("ListParents", object{"ChildId": home}), "Parents", 0, "Id"), "the same world does not undo it")
	require.NoError(t, describe(t, s))
	admin.must("DeletePolicy", object{"PolicyId": id})
	admin.refused("PolicyNotFoundException", "", "DescribePolicy", object{"PolicyId": id})
}

// TestResourceControlPolicies shows that an RCP decides about the keys of the account.
func TestResourceControlPolicies(t *testing.T) {
	s, admin := start(t)
	id := in(t, admin.must("CreatePolicy", object{
		"Name": "Nobody", "Description": "", "Type": "RESOURCE_CONTROL_POLICY",
		"Content": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:DescribeKey","Resource":"*"}]}`,
	}), "Policy", "PolicySummary", "Id")
	admin.must("AttachPolicy", object{"PolicyId": id, "TargetId": home})
	requireRefused(t, describe(t, s), "AccessDeniedException", "with an explicit deny in a resource control policy")
	admin.refused("ConstraintViolationException", "cannot be detached", "DetachPolicy", object{"PolicyId": "p-RCPFullAWSAccess", "TargetId": home})
	admin.must("DisablePolicyType", object{"RootId": "r-ab12", "PolicyType": "RESOURCE_CONTROL_POLICY"})
	require.NoError(t, describe(t, s))
	admin.refused("PolicyTypeNotEnabledException", "", "AttachPolicy", object{"PolicyId": id, "TargetId": home})
	admin.must("EnablePolicyType", object{"RootId": "r-ab12", "PolicyType": "RESOURCE_CONTROL_POLICY"})
	require.NoError(t, describe(t, s), "what was attached is not any more")
	admin.refused("PolicyTypeAlreadyEnabledException", "", "EnablePolicyType", object{"RootId": "r-ab12", "PolicyType": "RESOURCE_CONTROL_POLICY"})
}

// TestOrganizationFromNothing makes an organization with units and an account, and gets into the account.
func TestOrganizationFromNothing(t *testing.T) {
	s, _ := start(t)
	carol := newCaller(t, s, "444455556666", "user/carol")
	carol.refused("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.", "DescribeOrganization", nil)
	carol.refused("AWSOrganizationsNotInUseException", "", "ListAccounts", nil)
	made := carol.must("CreateOrganization", object{"FeatureSet": "ALL"})
	require.Regexp(t, "^o-[a-z0-9]{10}$", in(t, made, "Organization", "Id"))
	carol.refused("AlreadyInOrganizationException", "", "CreateOrganization", nil)
	root := in(t, carol.must("ListRoots", nil), "Roots", 0, "Id")
	require.Regexp(t, "^r-[a-z0-9]{4}$", root)

	parent := root
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		unit := in(t, carol.must("CreateOrganizationalUnit", object{"ParentId": parent, "Name": name}), "OrganizationalUnit")
		carol.refused("DuplicateOrganizationalUnitException", "", "CreateOrganizationalUnit", object{"ParentId": parent, "Name": name})
		parent = in(t, unit, "Id")
	}
	carol.refused("ConstraintViolationException", "depth", "CreateOrganizationalUnit", object{"ParentId": parent, "Name": "f"})
	status := in(t, carol.must("CreateAccount", object{"Email": "new@example.com", "AccountName": "New"}), "CreateAccountStatus")
	require.Equal(t, "SUCCEEDED", in(t, status, "State"))
	account := in(t, status, "AccountId")
	require.Equal(t, status, in(t, carol.must("DescribeCreateAccountStatus", object{"CreateAccountRequestId": in(t, status, "Id")}), "CreateAccountStatus"))
	carol.must("MoveAccount", object{"AccountId": account, "SourceParentId": root, "DestinationParentId": parent})
	carol.refused("SourceParentNotFoundException", "", "MoveAccount", object{"AccountId": account, "SourceParentId": in(t, carol.must("ListParents", object{"ChildId": parent}), "Parents", 0, "Id"), "DestinationParentId": root})
	carol.refused("DuplicateAccountException", "", "MoveAccount", object{"AccountId": account, "SourceParentId": root, "DestinationParentId": parent})
	carol.refused("OrganizationalUnitNotEmptyException", "", "DeleteOrganizationalUnit", object{"OrganizationalUnitId": parent})

	carol.must("EnablePolicyType", object{"RootId": root, "PolicyType": "SERVICE_CONTROL_POLICY"})
	into := &sts.AssumeRoleInput{
		RoleArn: aws.String(fmt.Sprintf("arn:aws:iam::%s:role/OrganizationAccountAccessRole", account)), RoleSessionName: aws.String("in"),
	}
	access, err := sts.NewFromConfig(carol.config).AssumeRole(t.Context(), into)
	require.NoError(t, err)
	inside := s.Config("root") // for where the server is
	inside.Credentials = credentials.NewStaticCredentialsProvider(
		*access.Credentials.AccessKeyId, *access.Credentials.SecretAccessKey, *access.Credentials.SessionToken)
	_, err = kms.NewFromConfig(inside).CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	_, err = sts.NewFromConfig(s.Config("arn:aws:iam::"+management+":user/admin")).AssumeRole(t.Context(), into)
	requireRefused(t, err, "AccessDenied", "sts:AssumeRole")
}

// TestWhoMayChange holds the API to who calls.
func TestWhoMayChange(t *testing.T) {
	s, admin := start(t)
	member := newCaller(t, s, home, "user/alice")
	require.Equal(t, "o-exampleorgid", in(t, member.must("DescribeOrganization", nil), "Organization", "Id"))
	member.refused("AccessDeniedException", "You don't have permissions to access this resource.", "ListAccounts", nil)
	member.refused("AccessDeniedException", "", "DetachPolicy", object{"PolicyId": "p-FullAWSAccess", "TargetId": prod})
	reader := newCaller(t, s, management, "user/reader")
	reader.must("ListAccounts", nil)
	reader.refused("AccessDeniedException", "is not authorized to perform: organizations:CreatePolicy", "CreatePolicy", object{
		"Name": "Mine", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": denyDescribe,
	})
	reader.refused("AccessDeniedException", "is not authorized to perform: organizations:MoveAccount", "MoveAccount", object{
		"AccountId": home, "SourceParentId": prod, "DestinationParentId": "r-ab12",
	})
	admin.must("ListAccounts", nil)
}

func TestInputs(t *testing.T) {
	_, admin := start(t)
	for _, test := range []struct {
		name, operation string
		input           object
		code, message   string
	}{
		{"no account", "DescribeAccount", object{"AccountId": "../../1"}, "InvalidInputException", "You provided a value that does not match the required pattern."},
		{"another account", "DescribeAccount", object{"AccountId": "444455556666"}, "AccountNotFoundException", ""},
		{"nothing", "DescribeAccount", nil, "InvalidInputException", "must not be null"},
		{"a policy that is none", "CreatePolicy", object{"Name": "x", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": "{"}, "MalformedPolicyDocumentException", ""},
		{"a policy with a principal", "CreatePolicy", object{
			"Name": "x", "Description": "", "Type": "SERVICE_CONTROL_POLICY",
			"Content": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}`,
		}, "MalformedPolicyDocumentException", ""},
		{"a large policy", "CreatePolicy", object{"Name": "x", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": strings.Repeat(" ", 10241)}, "ConstraintViolationException", "10240"},
		{"a tag policy", "CreatePolicy", object{"Name": "x", "Description": "", "Type": "TAG_POLICY", "Content": "{}"}, "PolicyTypeNotAvailableForOrganizationException", ""},
		{"no type", "CreatePolicy", object{"Name": "x", "Description": "", "Type": "POLICY", "Content": "{}"}, "InvalidInputException", "enum value set"},
		{"a name that is taken", "CreatePolicy", object{"Name": "FullAWSAccess", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": denyDescribe}, "DuplicatePolicyException", ""},
		{"a policy of AWS", "UpdatePolicy", object{"PolicyId": "p-FullAWSAccess", "Content": denyDescribe}, "InvalidInputException", "AWS managed policy"},
		{"no target", "AttachPolicy", object{"PolicyId": "p-FullAWSAccess", "TargetId": "ou-ab12-99999999"}, "TargetNotFoundException", ""},
		{"no policy", "AttachPolicy", object{"PolicyId": "p-12345678", "TargetId": home}, "PolicyNotFoundException", ""},
		{"no token", "ListAccounts", object{"NextToken": "x"}, "InvalidInputException", "token"},
		{"no page", "ListAccounts", object{"MaxResults": 21}, "InvalidInputException", "less than or equal to 20"},
		{"no JSON of the kind", "DescribeAccount", object{"AccountId": []int{1}}, "SerializationException", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := caller{t, admin.config}
			c.refused(test.code, test.message, test.operation, test.input)
		})
	}
	admin.refused("UnknownOperationException", "", "CloseAccount", object{"AccountId": home})
}

func TestPages(t *testing.T) {
	_, admin := start(t)
	for _, name := range []string{"a", "b", "c"} {
		admin.must("CreateOrganizationalUnit", object{"ParentId": "r-ab12", "Name": name})
	}
	var seen []string
	input := object{"ParentId": "r-ab12", "MaxResults": 2}
	for {
		out := admin.must("ListOrganizationalUnitsForParent", input)
		seen = append(seen, texts(t, in(t, out, "OrganizationalUnits"), "Name")...)
		if out["NextToken"] == nil {
			break
		}
		input["NextToken"] = out["NextToken"]
	}
	require.ElementsMatch(t, []string{prod, "a", "b", "c"}, seen)
}
