package main

import (
	"fmt"
	"strconv"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

const (
	account = "111122223333"
	other   = "444455556666"
	region  = "eu-west-2"
	perTeam = 20
)

// maker makes a world of an account with teams: each has roles and users, a managed policy, and some of the keys. Every
// principal has an inline policy that nobody else has.
type maker struct {
	w     *source.World
	teams int
	keys  int
}

func newWorld(principals, keys int) *source.World {
	m := &maker{
		w:     &source.World{Defaults: source.Defaults{Account: account, Region: region, Partition: "aws"}},
		teams: max(1, principals/perTeam), keys: keys,
	}
	m.w.ManagedPolicies = append(m.w.ManagedPolicies, m.managed("guardrails", `
		{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
		{"Effect": "Deny", "Action": ["kms:ScheduleKeyDeletion", "kms:DisableKey"], "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}`))
	for t := range m.teams {
		m.w.ManagedPolicies = append(m.w.ManagedPolicies, m.managed(teamName(t), fmt.Sprintf(`
			{"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": %q},
			{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "arn:aws:kms:*:%s:key/*", "Condition": {"StringEquals": {"kms:EncryptionContext:team": %q}}},
			{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::%[3]s-*"}`, keyARN(t%keys), account, teamName(t))))
	}
	for i := range principals {
		m.principal(i)
	}
	for i := range keys {
		m.key(i)
	}
	return m.w
}

func teamName(t int) string { return fmt.Sprintf("team-%d", t) }

func keyARN(i int) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/00000000-0000-4000-8000-%012d", region, account, i)
}

func roleARN(name string) string { return "arn:aws:iam::" + account + ":role/" + name }

func parse(kind policy.Kind, name, statements string, opts ...policy.Option) *policy.Document {
	doc, diags := policy.Parse(kind, name, []byte(`{"Version": "2012-10-17", "Statement": [`+statements+`]}`), opts...)
	if diags.HasErrors() {
		panic(diags) // the benchmark's own policies
	}
	return doc
}

func (m *maker) managed(name, statements string) *policy.Document {
	return parse(policy.IdentityPolicy, name, statements, policy.WithARN("arn:aws:iam::"+account+":policy/"+name))
}

// principal makes a role, or every fifth time a user. One in two hundred administers IAM.
func (m *maker) principal(i int) {
	t := i % m.teams
	inline := fmt.Sprintf(`
		{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::bucket-%d/*"},
		{"Effect": "Allow", "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], "Resource": %q,
		 "Condition": {"StringEquals": {"kms:ViaService": "s3.%s.amazonaws.com"}}}`, i, keyARN(i%m.keys), region)
	if i%200 == 7 {
		inline += `, {"Effect": "Allow", "Action": ["iam:*", "sts:AssumeRole"], "Resource": "*"}`
	}
	attached := []string{"arn:aws:iam::" + account + ":policy/guardrails", "arn:aws:iam::" + account + ":policy/" + teamName(t)}
	if i%5 == 4 {
		name := fmt.Sprintf("user-%d", i)
		m.w.Users = append(m.w.Users, &source.User{
			Account: account, Path: "/", Name: name, UniqueID: fmt.Sprintf("AIDA%016d", i), Tags: map[string]string{"team": teamName(t)},
			Policies: []*policy.Document{parse(policy.IdentityPolicy, "user/"+name+"/inline", inline)}, Attached: attached,
		})
		return
	}
	name := fmt.Sprintf("role-%d", i)
	trust := `{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}`
	switch i % 10 {
	case 1:
		trust = fmt.Sprintf(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::%s:root"}, "Action": "sts:AssumeRole"}`, account)
	case 2:
		trust = fmt.Sprintf(`{"Effect": "Allow", "Principal": {"AWS": %q}, "Action": "sts:AssumeRole"}`, roleARN(fmt.Sprintf("role-%d", i-1)))
	}
	m.w.Roles = append(m.w.Roles, &source.Role{
		Account: account, Path: "/", Name: name, UniqueID: fmt.Sprintf("AROA%016d", i), Tags: map[string]string{"team": teamName(t)},
		Policies: []*policy.Document{parse(policy.IdentityPolicy, "role/"+name+"/inline", inline)}, Attached: attached,
		Trust: parse(policy.TrustPolicy, "trust policy of role/"+name, trust),
	})
}

// key makes a key. Every fifth does not leave anything to IAM policies.
func (m *maker) key(i int) {
	statements := fmt.Sprintf(`
		{"Sid": "Administer", "Effect": "Allow", "Principal": {"AWS": %q}, "Action": ["kms:Put*", "kms:Enable*", "kms:Disable*", "kms:ScheduleKeyDeletion"], "Resource": "*"},
		{"Sid": "Use", "Effect": "Allow", "Principal": {"AWS": [%q, %q, %q]}, "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"], "Resource": "*"},
		{"Sid": "Grants", "Effect": "Allow", "Principal": {"AWS": %q}, "Action": "kms:CreateGrant", "Resource": "*", "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}},
		{"Sid": "ThroughStorage", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:GenerateDataKey", "Resource": "*",
		 "Condition": {"StringEquals": {"kms:CallerAccount": %q, "kms:ViaService": "dynamodb.%s.amazonaws.com"}}},
		{"Sid": "Elsewhere", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::%s:root"}, "Action": "kms:Decrypt", "Resource": "*"}`,
		roleARN("role-0"), roleARN(fmt.Sprintf("role-%d", 10*i%1000)), roleARN(fmt.Sprintf("role-%d", (10*i+1)%1000)), roleARN(fmt.Sprintf("role-%d", (10*i+2)%1000)),
		roleARN(fmt.Sprintf("role-%d", (10*i+3)%1000)), account, region, other)
	if i%5 != 3 {
		statements = fmt.Sprintf(`{"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::%s:root"}, "Action": "kms:*", "Resource": "*"},`, account) + statements
	}
	k := &source.Key{Key: evaluator.Key{
		ARN: keyARN(i), Policy: parse(policy.KeyPolicy, fmt.Sprintf("policy of key %d", i), statements),
		Aliases: []string{fmt.Sprintf("alias/key-%d", i)}, Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS",
	}}
	for g := range 5 {
		k.Grants = append(k.Grants, &policy.Grant{
			ID: fmt.Sprintf("grant-%d-%d", i, g), KeyARN: k.ARN, GranteePrincipal: roleARN(fmt.Sprintf("role-%d", 10*((7*i+g)%100))),
			IssuingAccount: account, Operations: []string{"Decrypt", "DescribeKey"},
			EncryptionContextSubset: map[string]string{"table": strconv.Itoa(g)},
		})
	}
	m.w.Keys = append(m.w.Keys, k)
}
