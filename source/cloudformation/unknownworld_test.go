package cloudformation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
)

// TestUnknownWorld holds everything of a template that is not known to make the answers conditional that may depend on it: a user may
// decrypt with a key by an IAM policy, if a condition of it is met.
func TestUnknownWorld(t *testing.T) {
	const start = "Parameters: {Ssm: {Type: AWS::SSM::Parameter::Value<String>, Default: /x}}\n" +
		"Conditions: {Unknown: !Equals [!Ref Ssm, x]}\n"
	one := func(condition, key, user, more string) string {
		if condition == "" {
			condition = "{}"
		}
		if key == "" {
			key = "{}"
		}
		return start + "Resources:\n" +
			"  K: {Type: AWS::KMS::Key, Properties: " + key + "}\n" +
			"  U: {Type: AWS::IAM::User, Properties: {UserName: u" + user + "}}\n" +
			"  P: {Type: AWS::IAM::UserPolicy, Properties: {PolicyName: p, UserName: !Ref U, PolicyDocument: {Version: 2012-10-17, Statement: " +
			"{Effect: Allow, Action: 'kms:*', Resource: '*', Condition: " + condition + "}}}}\n" + more
	}
	const (
		resourceTag = "{StringEquals: {'aws:ResourceTag/team': red}}"
		alias       = "{'ForAnyValue:StringEquals': {'kms:ResourceAliases': alias/a}}"
		deny        = "{Version: 2012-10-17, Statement: {Effect: Deny, Action: 'kms:*', Resource: '*'}}"
	)
	for name, c := range map[string]struct {
		template string
		want     evaluator.Verdict
	}{
		"nothing":                   {one("", "", "", ""), evaluator.Allow},
		"a key spec":                {one("{StringEquals: {'kms:KeySpec': RSA_2048}}", "{KeySpec: !Ref Ssm}", "", ""), evaluator.Conditional},
		"a key usage":               {one("{StringEquals: {'kms:KeyUsage': SIGN_VERIFY}}", "{KeyUsage: !ImportValue x}", "", ""), evaluator.Conditional},
		"a key of several Regions":  {one("{Bool: {'kms:MultiRegion': true}}", "{MultiRegion: !If [Unknown, true, false]}", "", ""), evaluator.Conditional},
		"the type of such a key":    {one("{StringEquals: {'kms:MultiRegionKeyType': PRIMARY}}", "{MultiRegion: !If [Unknown, true, !Ref AWS::NoValue]}", "", ""), evaluator.Conditional},
		"an origin":                 {one("{StringEquals: {'kms:KeyOrigin': EXTERNAL}}", "{Origin: !If [Unknown, EXTERNAL, !Ref AWS::NoValue]}", "", ""), evaluator.Conditional},
		"a tag":                     {one(resourceTag, "{Tags: [{Key: team, Value: !Ref Ssm}]}", "", ""), evaluator.Conditional},
		"another tag":               {one(resourceTag, "{Tags: [{Key: other, Value: !Ref Ssm}]}", "", ""), evaluator.Deny},
		"the name of a tag":         {one(resourceTag, "{Tags: [{Key: !Ref Ssm, Value: red}]}", "", ""), evaluator.Conditional},
		"a tag that may be missing": {one(resourceTag, "{Tags: [!If [Unknown, {Key: team, Value: red}, !Ref AWS::NoValue]]}", "", ""), evaluator.Conditional},
		"tags":                      {one(resourceTag, "{Tags: !If [Unknown, [{Key: team, Value: red}], !Ref AWS::NoValue]}", "", ""), evaluator.Conditional},
		"no tags":                   {one(resourceTag, "{Tags: !Ref AWS::NoValue}", "", ""), evaluator.Deny},
		"a tag of the user":         {one("{StringEquals: {'aws:PrincipalTag/team': red}}", "", ", Tags: [{Key: team, Value: !Ref Ssm}]", ""), evaluator.Conditional},
		"an alias of some key":      {one(alias, "", "", "  A: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/a, TargetKeyId: !ImportValue key}}\n"), evaluator.Conditional},
		"an alias of some name":     {one(alias, "", "", "  A: {Type: AWS::KMS::Alias, Properties: {AliasName: !ImportValue name, TargetKeyId: !Ref K}}\n"), evaluator.Conditional},
		"an alias that may exist":   {one(alias, "", "", "  A: {Type: AWS::KMS::Alias, Condition: Unknown, Properties: {AliasName: alias/a, TargetKeyId: !Ref K}}\n"), evaluator.Conditional},
		"an alias":                  {one(alias, "", "", "  A: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/a, TargetKeyId: !Ref K}}\n"), evaluator.Allow},
		"a boundary":                {one("", "", ", PermissionsBoundary: !ImportValue boundary", ""), evaluator.Conditional},
		"a boundary that may be":    {one("", "", ", PermissionsBoundary: !If [Unknown, 'arn:aws:iam::aws:policy/ReadOnlyAccess', !Ref AWS::NoValue]", ""), evaluator.Conditional},
		"no boundary":               {one("", "", ", PermissionsBoundary: !Ref AWS::NoValue", ""), evaluator.Allow},
		"a managed policy":          {one("", "", ", ManagedPolicyArns: [!ImportValue policy]", ""), evaluator.Conditional},
		"a group":                   {one("", "", ", Groups: [!ImportValue group]", ""), evaluator.Conditional},
		"the key policy":            {one("", "{KeyPolicy: !If [Unknown, {}, !Ref AWS::NoValue]}", "", ""), evaluator.Conditional},
		"no key policy":             {one("", "{KeyPolicy: !Ref AWS::NoValue}", "", ""), evaluator.Allow},
		"an included key policy":    {one("", "{KeyPolicy: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: 's3://b/k'}}}}", "", ""), evaluator.Conditional},
		"included properties":       {one("", "{'Fn::Transform': {Name: AWS::Include, Parameters: {Location: 's3://b/k'}}}", "", ""), evaluator.Conditional},
		"a policy of some user":     {one("", "", "", "  D: {Type: AWS::IAM::UserPolicy, Properties: {PolicyName: d, UserName: !ImportValue who, PolicyDocument: "+deny+"}}\n"), evaluator.Conditional},
		"a policy of the same user": {one("", "", "", "  D: {Type: AWS::IAM::UserPolicy, Properties: {PolicyName: d, UserName: U, PolicyDocument: "+deny+"}}\n"), evaluator.Deny},
		"a policy that may exist":   {one("", "", "", "  D: {Type: AWS::IAM::UserPolicy, Condition: Unknown, Properties: {PolicyName: d, UserName: !Ref U, PolicyDocument: "+deny+"}}\n"), evaluator.Conditional},
	} {
		t.Run(name, func(t *testing.T) {
			w := load(t, c.template)
			p, err := w.Principal("U")
			require.NoError(t, err)
			k, _, err := w.Key("K")
			require.NoError(t, err)
			d, err := evaluator.New(w).Authorize(t.Context(), evaluator.Request{Principal: p, Action: "kms:Decrypt", Key: k, Context: evaluator.Context{}})
			require.NoError(t, err)
			require.Equal(t, c.want, d.Decision, "%v %v", w.Warnings, d.Warnings)
		})
	}
}
