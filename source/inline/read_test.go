package inline_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/inline"
)

const keyARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// line is a valid request with more members, which begin with a comma.
func line(more string) string {
	return `{"principal":"arn:aws:iam::111122223333:user/alice","action":"kms:Decrypt","resource":"` + keyARN + `"` + more + `}`
}

// read reads a line that must be valid.
func read(t *testing.T, text string) *inline.Case {
	t.Helper()
	c, err := inline.Read([]byte(text), "line 1")
	require.NoError(t, err)
	return c
}

func TestReadPutsTheRequestTogether(t *testing.T) {
	allow := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`
	resource := strings.Replace(allow, `"Action"`, `"Principal":"*","Action"`, 1)
	c := read(t, `{"id":7.50,"principal":"arn:aws:sts::444455556666:assumed-role/App/run","action":"DECRYPT","resource":"`+keyARN+`",
		"resourceAccount":"111122223333","context":{"kms:ViaService":"s3.us-east-1.amazonaws.com","aws:TagKeys":["a","b"],
		"aws:MultiFactorAuthAge":3600,"aws:SecureTransport":true,"aws:SourceIp":null},
		"identityPolicies":[`+allow+`,{"name":"reader","policy":`+allow+`},{"name":"arn:aws:iam::444455556666:policy/p","policy":`+quote(t, allow)+`}],
		"resourcePolicy":`+resource+`,"permissionBoundaries":[`+allow+`],"sessionPolicy":`+allow+`,
		"scps":[[`+allow+`],[]],"rcps":[[]],"vpcEndpointPolicies":[`+resource+`],"grants":[{"GrantId":"g","Name":"n","KeyId":"`+keyARN+`",
		"GranteePrincipal":"arn:aws:iam::444455556666:root","RetiringServicePrincipal":"rds.amazonaws.com","CreationDate":1.5e9,
		"IssuingAccount":"arn:aws:iam::111122223333:root","Operations":["Decrypt","RetireGrant"],
		"Constraints":{"EncryptionContextSubset":{"a":"b"},"EncryptionContextEquals":{},"SourceArn":"arn:aws:s3:::b"}}]}`)

	require.Equal(t, json.RawMessage("7.50"), c.ID)
	require.Empty(t, c.Warnings)
	p := c.Request.Principal
	require.Equal(t, evaluator.RoleSession, p.Type)
	require.Equal(t, "arn:aws:iam::444455556666:role/App", p.Issuer)
	require.Equal(t, "run", p.Name)
	require.Empty(t, p.Unknown)
	require.Equal(t, []string{"identityPolicies[0]", "reader", "arn:aws:iam::444455556666:policy/p"}, names(p.Identity))
	require.Equal(t, "arn:aws:iam::444455556666:policy/p", p.Identity[2].ARN)
	require.Equal(t, "line 1, identityPolicies[1]:1:37", p.Identity[1].Statements[0].Pos.String())
	require.True(t, p.HasSession)
	require.Equal(t, []string{"sessionPolicy"}, names(p.Session))
	require.Equal(t, "kms:Decrypt", c.Request.Action)
	require.Equal(t, evaluator.Context{
		"kms:ViaService": {"s3.us-east-1.amazonaws.com"}, "aws:TagKeys": {"a", "b"},
		"aws:MultiFactorAuthAge": {"3600"}, "aws:SecureTransport": {"true"},
	}, c.Request.Context)
	require.Equal(t, []string{"vpcEndpointPolicies[0]"}, names(c.Request.EndpointPolicies))
	require.Equal(t, keyARN, c.Request.Key.ARN)
	require.Equal(t, "resourcePolicy", c.Request.Key.Policy.Name)
	require.Len(t, c.Request.Key.Grants, 1)
	g := *c.Request.Key.Grants[0]
	require.Equal(t, "line 1", g.Pos.File)
	g.Pos = policy.Position{}
	require.Equal(t, evaluator.Grant{
		ID: "g", Name: "n", KeyARN: keyARN, GranteePrincipal: "arn:aws:iam::444455556666:root",
		RetiringServicePrincipal: "rds.amazonaws.com", IssuingAccount: "arn:aws:iam::111122223333:root",
		Operations: []string{"Decrypt", "RetireGrant"}, EncryptionContextSubset: map[string]string{"a": "b"},
		EncryptionContextEquals: map[string]string{}, SourceArn: "arn:aws:s3:::b",
	}, g)
	caller, owner := c.World.Account("444455556666"), c.World.Account("111122223333")
	require.Len(t, caller.SCPs, 2)
	require.Equal(t, []string{"scps[0][0]"}, names(caller.SCPs[0]))
	require.Empty(t, caller.SCPs[1])
	require.Empty(t, caller.RCPs)
	require.Len(t, owner.RCPs, 1)
	require.Nil(t, owner.SCPs)
	require.Nil(t, c.World.Account("999999999999"))
}

func names(docs []*policy.Document) []string {
	out := make([]string, len(docs))
	for i, d := range docs {
		out[i] = d.Name
	}
	return out
}

func quote(t *testing.T, text string) string {
	t.Helper()
	out, err := json.Marshal(text)
	require.NoError(t, err)
	return string(out)
}

func TestReadPrincipal(t *testing.T) {
	type want struct {
		kind                        evaluator.PrincipalType
		arn, issuer, name, uniqueID string
		session, serviceLinked      bool
	}
	for name, test := range map[string]struct {
		principal, context string
		want               want
	}{
		"user": {
			"arn:aws:iam::111122223333:user/team/alice", `{"aws:userid":"AIDAEXAMPLE"}`,
			want{evaluator.User, "arn:aws:iam::111122223333:user/team/alice", "", "alice", "AIDAEXAMPLE", false, false},
		},
		"role": {
			"arn:aws-cn:iam::111122223333:role/team/App", `{}`,
			want{
				evaluator.RoleSession, "arn:aws-cn:sts::111122223333:assumed-role/App/strictkms",
				"arn:aws-cn:iam::111122223333:role/team/App", "strictkms", "", false, false,
			},
		},
		"role session": {
			"arn:aws:sts::111122223333:assumed-role/App/run", `{"aws:userid":"AROAEXAMPLE:run"}`,
			want{
				evaluator.RoleSession, "arn:aws:sts::111122223333:assumed-role/App/run",
				"arn:aws:iam::111122223333:role/App", "run", "AROAEXAMPLE", false, false,
			},
		},
		"role session whose path the context says": {
			"arn:aws:sts::111122223333:assumed-role/App/run", `{"AWS:principalarn":"arn:aws:iam::111122223333:role/team/App"}`,
			want{
				evaluator.RoleSession, "arn:aws:sts::111122223333:assumed-role/App/run",
				"arn:aws:iam::111122223333:role/team/App", "run", "", false, false,
			},
		},
		"role session and the ARN of another role": {
			"arn:aws:sts::111122223333:assumed-role/App/run", `{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/Other"}`,
			want{
				evaluator.RoleSession, "arn:aws:sts::111122223333:assumed-role/App/run",
				"arn:aws:iam::111122223333:role/App", "run", "", false, false,
			},
		},
		"service-linked role": {
			"arn:aws:iam::111122223333:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS", `{}`,
			want{
				evaluator.RoleSession, "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForRDS/strictkms",
				"arn:aws:iam::111122223333:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS", "strictkms", "", false, true,
			},
		},
		"federated user": {
			"arn:aws:sts::111122223333:federated-user/fred", `{}`,
			want{evaluator.FederatedUser, "arn:aws:sts::111122223333:federated-user/fred", "", "fred", "", true, false},
		},
		"root": {
			"arn:aws:iam::111122223333:root", `{}`,
			want{evaluator.Root, "arn:aws:iam::111122223333:root", "", "", "", false, false},
		},
		"service": {
			"logs.us-east-1.amazonaws.com", `{}`,
			want{evaluator.Service, "logs.us-east-1.amazonaws.com", "", "logs.us-east-1.amazonaws.com", "", false, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := read(t, `{"principal":"`+test.principal+`","action":"kms:ListKeys","resource":"*","context":`+test.context+`}`)
			p := c.Request.Principal
			require.Equal(t, test.want, want{p.Type, p.ARN, p.Issuer, p.Name, p.UniqueID, p.HasSession, p.ServiceLinked})
			require.Empty(t, p.Unknown)
		})
	}
}

func TestReadWithoutKey(t *testing.T) {
	c := read(t, `{"principal":"arn:aws:iam::111122223333:root","action":"kms:CreateAlias",
		"resource":"arn:aws:kms:us-east-1:111122223333:alias/app"}`)
	require.Nil(t, c.Request.Key)
	require.Equal(t, "arn:aws:kms:us-east-1:111122223333:alias/app", c.Request.Alias)

	c = read(t, `{"principal":"arn:aws:iam::111122223333:root","action":"kms:CreateKey","resource":"*","resourceAccount":"111122223333","rcps":[[]]}`)
	require.Nil(t, c.Request.Key)
	require.Empty(t, c.Request.Alias)
	require.Equal(t, evaluator.Context{"aws:ResourceAccount": {"111122223333"}}, c.Request.Context)
	require.NotNil(t, c.World.Account(""), "the evaluator asks for the owner of nothing by no id")

	c = read(t, `{"principal":"arn:aws:iam::111122223333:root","action":"kms:CreateKey","resource":"*","resourceAccount":"111122223333",
		"context":{"AWS:ResourceAccount":"444455556666"}}`)
	require.Equal(t, evaluator.Context{"AWS:ResourceAccount": {"444455556666"}}, c.Request.Context)
}

func TestReadWarns(t *testing.T) {
	for name, test := range map[string]struct{ line, want string }{
		"policies of a key without a key": {
			`{"principal":"arn:aws:iam::111122223333:root","action":"kms:ListKeys","resource":"*","grants":[]}`,
			"line 1:1:95: warning: grants is not counted: the resource is no key",
		},
		"grant on another key": {
			line(`,"grants":[{"GranteePrincipal":"arn:aws:iam::111122223333:root","Operations":["Decrypt"],"KeyId":"other"}]`),
			"line 1:1:261: warning: grants[0] is not counted: it is on another key",
		},
		"policy": {
			line(`,"identityPolicies":[{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decryptt","Resource":"*"}}]`),
			`line 1, identityPolicies[0]:1:64: warning: `,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := read(t, test.line)
			require.Len(t, c.Warnings, 1)
			require.Contains(t, c.Warnings[0].String(), test.want)
			if c.Request.Key != nil {
				require.Empty(t, c.Request.Key.Grants)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	policy40k := `{"Statement":[{"Sid":"` + strings.Repeat("x", 40<<10) + `","Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`
	for name, test := range map[string]struct{ line, id, want string }{
		"no JSON":            {`hello`, "", "line 1:1:1: not valid JSON: invalid character 'h' looking for beginning of value"},
		"empty":              {``, "", "line 1:1:1: not valid JSON: unexpected end of JSON input"},
		"truncated":          {`{"id":"a","principal":"x`, `"a"`, "line 1:1:25: not valid JSON: unexpected end of JSON input"},
		"truncated id":       {`{"id":"a`, "", "line 1:1:9: not valid JSON: unexpected end of JSON input"},
		"two values":         {`{"id":1} {}`, "1", "line 1:1:10: not valid JSON: invalid character '{' after top-level value"},
		"deep nesting":       {`{"id":1,"context":` + strings.Repeat("[", 20_000), "1", "line 1:1:10018: not valid JSON: invalid character '[' exceeded max depth"},
		"not UTF-8":          {"{\"id\":1,\"action\":\"\xff\"}", "1", "line 1:1:19: byte 0xFF is not text: expected JSON in UTF-8"},
		"binary":             {"\x7fELF\x02\x01\x00", "", "line 1:1:1: not valid JSON: invalid character"},
		"list":               {` [1]`, "", "line 1:1:2: a line is an array: expected an object"},
		"null":               {`null`, "", "line 1:1:1: a line is null: expected an object"},
		"no members":         {` {}`, "", "line 1:1:2: principal is missing: expected a string, for example"},
		"id":                 {line(`,"id":{"a":1}`), "", "line 1:1:170: id is an object: expected a string, a number, a boolean or null"},
		"duplicate":          {line(`,"id":1,"action":"x"`), "1", `line 1:1:172: duplicate member "action" of a line (see line 1:1:53)`},
		"misspelt member":    {line(`,"resourcepolicies":{}`), "", `unknown member "resourcepolicies" of a line: did you mean "resourcePolicy"?`},
		"unknown member":     {line(`,"x":{}`), "", `line 1:1:165: unknown member "x" of a line: expected one of action, assume, context, grants,`},
		"principal type":     {line(`,"resourceAccount":111122223333`), "", "line 1:1:183: resourceAccount is a number: expected a string"},
		"context type":       {line(`,"context":[]`), "", "context is an array: expected an object"},
		"context key":        {line(`,"context":{"ViaService":"x"}`), "", `line 1:1:176: "ViaService" is no condition key: expected service:name`},
		"context object":     {line(`,"context":{"a:b":{}}`), "", `context["a:b"] is an object: expected a string or an array of strings`},
		"context nested":     {line(`,"context":{"a:b":[1,[2]]}`), "", `context["a:b"][1] is an array: expected a string, a number or a boolean`},
		"context null":       {line(`,"context":{"a:b":[null]}`), "", `context["a:b"][0] is null: expected a string, a number or a boolean`},
		"context twice":      {line(`,"context":{"a:b":"1","a:b":"2"}`), "", `duplicate member "a:b" of context`},
		"assume type":        {line(`,"assume":"grant-and-scp=survives"`), "", "line 1:1:174: assume is a string: expected an object"},
		"assume name":        {line(`,"assume":{"grant-and-spc":"survives"}`), "", `line 1:1:175: assume["grant-and-spc"]: there is no assumption "grant-and-spc"; nearest: grant-and-scp, `},
		"assume reading":     {line(`,"assume":{"grant-and-scp":"maybe"}`), "", `line 1:1:175: assume["grant-and-scp"]: the assumption grant-and-scp has no reading "maybe": expected one of cut, survives`},
		"assume value":       {line(`,"assume":{"grant-and-scp":true}`), "", `assume["grant-and-scp"] is a boolean: expected a string`},
		"assume twice":       {line(`,"assume":{"grant-and-scp":"cut","grant-and-scp":"survives"}`), "", `duplicate member "grant-and-scp" of assume`},
		"policy type":        {line(`,"resourcePolicy":[]`), "", "line 1:1:182: resourcePolicy is an array: expected a policy: an object or a string that holds its JSON"},
		"policy content":     {line(`,"resourcePolicy":{"Statement":[{}]}`), "", "line 1, resourcePolicy:1:15: Effect is missing"},
		"policy text":        {line(`,"sessionPolicy":"{\n \"Statement\""`), "", "line 1, sessionPolicy:2:13: the document is not valid JSON"},
		"policy operator":    {line(`,"resourcePolicy":{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEqual":{"a:b":"c"}}}}`), "", "line 1, resourcePolicy:1:89: unknown condition operator"},
		"policy size":        {line(`,"resourcePolicy":` + policy40k), "", "line 1, resourcePolicy:1:1: the key policy is too large"},
		"named policy":       {line(`,"identityPolicies":[{"name":"x","policy":null}]`), "", "line 1:1:185: identityPolicies[0] has no policy"},
		"name type":          {line(`,"identityPolicies":[{"name":1,"policy":{}}]`), "", "identityPolicies[0].name is a number: expected a string"},
		"named policy extra": {line(`,"identityPolicies":[{"nam":"x","policy":{}}]`), "", `unknown member "nam" of identityPolicies[0]: did you mean "name"?`},
		"policies type":      {line(`,"identityPolicies":{}`), "", "identityPolicies is an object: expected an array"},
		"policy null":        {line(`,"permissionBoundaries":[null]`), "", "permissionBoundaries[0] is null: expected a policy"},
		"levels":             {line(`,"scps":[{}]`), "", "scps[0] is an object: expected an array"},
		"principal form":     {strings.Replace(line(``), "arn:aws:iam::111122223333:user/alice", "user/alice", 1), "", `line 1:1:14: "user/alice" is no caller: expected the ARN of a user`},
		"principal service":  {strings.Replace(line(``), "arn:aws:iam::111122223333:user/alice", "service/s3.amazonaws.com", 1), "", `"service/s3.amazonaws.com" is no caller`},
		"principal group":    {strings.Replace(line(``), "user/alice", "group/g", 1), "", "is no caller"},
		"action":             {strings.Replace(line(``), "kms:Decrypt", "kms:Decript", 1), "", `line 1:1:62: "kms:Decript" is not an action of AWS KMS: did you mean "kms:Decrypt"?`},
		"action of another":  {strings.Replace(line(``), "kms:Decrypt", "s3:GetObject", 1), "", `"s3:GetObject" is not an action of AWS KMS`},
		"resource":           {strings.Replace(line(``), keyARN, "alias/app", 1), "", `"alias/app" is no resource of AWS KMS: expected the ARN of a key or an alias, or "*"`},
		"resource pattern":   {strings.Replace(line(``), keyARN, "arn:aws:kms:us-east-1:111122223333:key/*", 1), "", "is no resource of AWS KMS"},
		"resource missing":   {strings.Replace(line(``), keyARN, "*", 1), "", "kms:Decrypt acts on a key: expected the ARN of a key"},
		"resource alias":     {strings.Replace(line(``), "key/1234", "alias/1234", 1), "", "kms:Decrypt acts on the key that the alias names: expected the ARN of that key"},
		"resource no alias":  {strings.Replace(strings.Replace(line(``), "key/1234", "alias/1234", 1), "kms:Decrypt", "kms:ListKeys", 1), "", `kms:ListKeys does not act on an alias: expected "*"`},
		"resource no key":    {strings.Replace(line(``), "kms:Decrypt", "kms:ListKeys", 1), "", `kms:ListKeys does not act on a key: expected "*"`},
		"resource account":   {line(`,"resourceAccount":"444455556666"`), "", "line 1:1:183: resourceAccount is 444455556666, but the resource is in 111122223333"},
		"no account":         {line(`,"resourceAccount":"1"`), "", `resourceAccount "1" is no account id: expected 12 digits`},
		"grants":             {line(`,"grants":{}`), "", "grants is an object: expected an array"},
		"grant":              {line(`,"grants":[1]`), "", "grants[0] is a number: expected an object"},
		"grant member":       {line(`,"grants":[{"Grantee":"x"}]`), "", `unknown member "Grantee" of grants[0]`},
		"grant operation":    {line(`,"grants":[{"Operations":["decrypt",1,"ListKeys"]}]`), "", "line 1:1:190: \"decrypt\" is no operation: did you mean \"Decrypt\"?\nline 1:1:200: grants[0].Operations[1] is a number: expected a string\nline 1:1:202: a grant cannot allow \"ListKeys\""},
		"grant empty":        {line(`,"grants":[{}]`), "", "line 1:1:175: grants[0]: expected either GranteePrincipal or GranteeServicePrincipal\nline 1:1:175: grants[0]: expected at least one of Operations"},
		"grant retiring": {
			line(`,"grants":[{"GranteePrincipal":"x","RetiringPrincipal":"arn:aws:iam::111122223333:root","RetiringServicePrincipal":"s3.amazonaws.com","Operations":["Decrypt"]}]`),
			"", "grants[0]: expected RetiringPrincipal or RetiringServicePrincipal, not both\nline 1:1:175: grants[0]: \"x\" is no principal",
		},
		"grant constraint": {line(`,"grants":[{"Constraints":{"EncryptionContextEquals":{"a":1}}}]`), "", "grants[0].Constraints.EncryptionContextEquals.a is a number: expected a string"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := inline.Read([]byte(test.line), "line 1")
			require.ErrorContains(t, err, test.want)
			require.Equal(t, test.id, string(c.ID))
			require.Nil(t, c.Request.Principal)
			diags, ok := errors.AsType[policy.Diagnostics](err)
			require.True(t, ok)
			for _, d := range diags {
				require.True(t, d.Pos.IsValid())
				require.Equal(t, policy.SeverityError, d.Severity)
			}
		})
	}
}

func TestReadReportsEverything(t *testing.T) {
	_, err := inline.Read([]byte(`{"principal":"x","action":"y","resource":"z"}`), "line 9")
	require.Len(t, strings.Split(err.Error(), "\n"), 3, err)
}
