package kmstest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// worlds is how many worlds are generated.
const worlds = 50

// generated is one generated world: a user and a role with policies, and a key.
type generated struct {
	t          *testing.T
	random     *rand.Rand
	n          int
	iam        *iam.Client
	kms        *kms.Client
	user, role string
	key        string
}

func pickOf[T any](g *generated, pool ...T) T { return pool[g.random.IntN(len(pool))] }

// statement draws a statement of a policy; principal is nil for one of an identity.
func (g *generated) statement(principal any) map[string]any {
	s := map[string]any{
		"Effect":   pickOf(g, "Allow", "Allow", "Allow", "Deny"),
		"Action":   pickOf(g, "kms:Decrypt", "kms:*", "kms:De*", "kms:Encrypt", "kms:DescribeKey"),
		"Resource": pickOf(g, "*", "*", g.key, "arn:aws:kms:*:"+account+":key/*", "arn:aws:kms:eu-west-1:"+account+":key/*"),
	}
	if principal != nil {
		s["Principal"], s["Resource"] = principal, "*"
	}
	if s["Effect"] == "Deny" || g.random.IntN(2) == 0 {
		s["Condition"] = g.condition()
	}
	return s
}

func (g *generated) condition() any {
	tenant := pickOf(g, "a", "b", "${aws:PrincipalTag/team}")
	return pickOf(g,
		map[string]any{pickOf(g, "StringEquals", "StringNotEquals", "StringEqualsIfExists"): map[string]any{"kms:EncryptionContext:tenant": tenant}},
		map[string]any{pickOf(g, "StringEquals", "StringLike"): map[string]any{"aws:PrincipalTag/team": pickOf(g, "a", "b")}},
		map[string]any{"Null": map[string]any{"kms:EncryptionContext:tenant": pickOf(g, "true", "false")}},
		map[string]any{"ForAllValues:StringEquals": map[string]any{"kms:EncryptionContextKeys": []string{"tenant"}}},
		map[string]any{"StringEquals": map[string]any{"aws:ResourceTag/env": pickOf(g, "prod", "test")}},
		map[string]any{"StringEquals": map[string]any{"kms:CallerAccount": pickOf(g, account, "444455556666")}},
		map[string]any{"Bool": map[string]any{"kms:MultiRegion": pickOf(g, "true", "false")}},
		map[string]any{"StringLike": map[string]any{"aws:userid": pickOf(g, "AIDA*", "AROA*:*")}},
		map[string]any{"ArnLike": map[string]any{"aws:PrincipalArn": pickOf(g, "arn:aws:iam::*:user/*", "arn:aws:iam::*:role/*")}},
	)
}

// document draws a policy that has the statements and one or two more.
func (g *generated) document(principals []any, first ...map[string]any) *string {
	statements := slices.Clone(first)
	for range 1 + g.random.IntN(2) {
		var principal any
		if principals != nil {
			principal = principals[g.random.IntN(len(principals))]
		}
		statements = append(statements, g.statement(principal))
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	require.NoError(g.t, err)
	return aws.String(string(text))
}

// build makes the world through the APIs.
func (g *generated) build() {
	ctx := g.t.Context()
	name := aws.String(fmt.Sprintf("caller%d", g.n))
	made, err := g.kms.CreateKey(ctx, &kms.CreateKeyInput{Tags: []kmstypes.Tag{{TagKey: aws.String("env"), TagValue: aws.String(pickOf(g, "prod", "test"))}}})
	require.NoError(g.t, err)
	g.key = *made.KeyMetadata.Arn
	policyOf := func(what string, document *string) *string {
		p, err := g.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(*name + what), PolicyDocument: document})
		require.NoError(g.t, err)
		return p.Policy.Arn
	}
	var boundary *string
	if g.random.IntN(4) == 0 {
		boundary = policyOf("boundary", g.document(nil, map[string]any{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}))
	}
	tag := []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String(pickOf(g, "a", "b"))}}
	user, err := g.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: name, Tags: tag, PermissionsBoundary: boundary})
	require.NoError(g.t, err)
	g.user = *user.User.Arn
	role, err := g.iam.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: name, Tags: tag, PermissionsBoundary: boundary, AssumeRolePolicyDocument: aws.String(fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"}}`, g.user)),
	})
	require.NoError(g.t, err)
	g.role = *role.Role.Arn
	attached := policyOf("attached", g.document(nil))
	_, err = g.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: attached})
	require.NoError(g.t, err)
	_, err = g.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: attached})
	require.NoError(g.t, err)
	_, err = g.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("inline"), PolicyDocument: g.document(nil)})
	require.NoError(g.t, err)
	_, err = g.iam.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: name})
	require.NoError(g.t, err)
	_, err = g.iam.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: name, PolicyName: aws.String("inline"), PolicyDocument: g.document(nil)})
	require.NoError(g.t, err)
	_, err = g.iam.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: name, UserName: name})
	require.NoError(g.t, err)
	g.buildKey()
}

// buildKey gives the key its policy and, now and then, a grant.
func (g *generated) buildKey() {
	ctx := g.t.Context()
	root := map[string]any{"AWS": "arn:aws:iam::" + account + ":root"}
	// The root user can always put another policy and use the key, whatever else the policy says.
	keep := map[string]any{
		"Effect": "Allow", "Principal": root, "Resource": "*",
		"Action":    []string{"kms:PutKeyPolicy", "kms:Encrypt", "kms:CreateGrant"},
		"Condition": map[string]any{"StringEquals": map[string]any{"aws:PrincipalType": "Account"}},
	}
	principals := []any{root, root, map[string]any{"AWS": g.user}, map[string]any{"AWS": g.role}, "*"}
	text := g.document(principals, keep)
	_, err := g.kms.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &g.key, Policy: text, BypassPolicyLockoutSafetyCheck: true})
	require.NoError(g.t, err, *text)
	if g.random.IntN(5) > 0 {
		return
	}
	grant := &kms.CreateGrantInput{
		KeyId: &g.key, GranteePrincipal: aws.String(pickOf(g, g.user, g.role)), Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt},
		Constraints: &kmstypes.GrantConstraints{EncryptionContextSubset: map[string]string{"tenant": pickOf(g, "a", "b")}},
	}
	_, err = g.kms.CreateGrant(ctx, grant)
	if err != nil { // a Deny for everybody
		requireDenied(g.t, err)
	}
}

// simulate asks what a principal may.
func (g *generated) simulate(principal string, encryptionContext map[string]string) iamtypes.EvaluationResult {
	in := &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &principal, ActionNames: []string{"kms:Decrypt"}, ResourceArns: []string{g.key},
	}
	for name, value := range encryptionContext {
		in.ContextEntries = append(in.ContextEntries, iamtypes.ContextEntry{
			ContextKeyName: aws.String("kms:EncryptionContext:" + name), ContextKeyType: iamtypes.ContextKeyTypeEnumString, ContextKeyValues: []string{value},
		})
	}
	if len(encryptionContext) > 0 {
		in.ContextEntries = append(in.ContextEntries, iamtypes.ContextEntry{
			ContextKeyName: aws.String("kms:EncryptionContextKeys"), ContextKeyType: iamtypes.ContextKeyTypeEnumStringList,
			ContextKeyValues: slices.Sorted(maps.Keys(encryptionContext)),
		})
	}
	out, err := g.iam.SimulatePrincipalPolicy(g.t.Context(), in)
	require.NoError(g.t, err)
	require.Len(g.t, out.EvaluationResults, 1)
	return out.EvaluationResults[0]
}

// TestSimulationAgreesWithCalls: what iam:SimulatePrincipalPolicy says about kms:Decrypt is what the call then does.
func TestSimulationAgreesWithCalls(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t)
	seen := map[iamtypes.PolicyEvaluationDecisionType]int{}
	for n := range worlds {
		g := &generated{
			t: t, n: n, random: rand.New(rand.NewPCG(uint64(n), 1)), iam: iam.NewFromConfig(s.Config("root")), kms: client(s, "root"),
		}
		g.build()
		contexts := []map[string]string{nil, {"tenant": "a"}, {"tenant": "b", "more": "x"}}
		for _, principal := range []string{g.user, g.role} {
			caller := client(s, principal)
			for _, encryptionContext := range contexts {
				ciphertext, err := encrypt(t, g.kms, g.key, encryptionContext)
				if err != nil { // a Deny for everybody
					requireDenied(t, err)
					continue
				}
				said := g.simulate(principal, encryptionContext)
				seen[said.EvalDecision]++
				g.agree(said, decrypt(t, caller, ciphertext, encryptionContext), principal, encryptionContext)
			}
		}
	}
	for _, decision := range iamtypes.PolicyEvaluationDecisionType("").Values() {
		require.Greater(t, seen[decision], 10, "%s: %v", decision, seen)
	}
}

// agree requires that a call went as the simulation said.
func (g *generated) agree(said iamtypes.EvaluationResult, err error, principal string, encryptionContext map[string]string) {
	g.t.Helper()
	allowed := said.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeAllowed
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		require.Equal(g.t, "AccessDeniedException", e.ErrorCode())
	} else {
		require.NoError(g.t, err)
	}
	require.Equal(g.t, err == nil, allowed, "world %d: %s with %v: the simulation says %s, the call %v",
		g.n, principal, encryptionContext, said.EvalDecision, err)
	if said.EvalDecision != iamtypes.PolicyEvaluationDecisionTypeImplicitDeny {
		require.NotEmpty(g.t, said.MatchedStatements)
	}
}
