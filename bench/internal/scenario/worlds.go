package scenario

import (
	"fmt"
	"maps"
	"slices"
)

// Statements returns the small world grown to n statements in the key policy: the same three
// decide the same requests, the others name other principals.
func Statements(n int) *Scenario {
	s := small()
	s.Name = fmt.Sprintf("%d statements", n)
	for i := range n - 3 {
		s.KeyPolicy = append(s.KeyPolicy, filler(i))
	}
	// What decides stands in the middle, as it would in a policy that has grown.
	middle := len(s.KeyPolicy) / 2
	s.KeyPolicy[1], s.KeyPolicy[middle] = s.KeyPolicy[middle], s.KeyPolicy[1]
	return s
}

// Grants returns the world of ten statements with n grants to n roles.
func Grants(n int) *Scenario {
	s := Statements(10)
	s.Name = fmt.Sprintf("%d grants", n)
	for i := range n {
		s.Grants = append(s.Grants, grant(i))
	}
	s.Principals = append(s.Principals, session("grantee-2", nil), session("grantee-3", nil), session("grantee-8", nil))
	s.Cases = append(s.Cases, grantCases()...)
	return s
}

// Wildcards returns the small world with n further statements for everyone, each about another service:
// no index over principals can tell them apart.
func Wildcards(n int) *Scenario {
	s := small()
	s.Name = fmt.Sprintf("%d for *", n)
	for i := range n {
		s.KeyPolicy = append(s.KeyPolicy, Statement{
			Sid: fmt.Sprintf("Service%d", i), Principals: []string{"*"},
			Actions: []string{"kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"}, Resources: []string{"*"},
			Conditions: []Condition{
				{"StringEquals", "kms:CallerAccount", []string{Account}},
				{"StringEquals", "kms:ViaService", []string{fmt.Sprintf("service-%d.us-east-1.amazonaws.com", i)}},
			},
		})
	}
	return s
}

// small is three key statements and callers with two identity policies of two statements each.
func small() *Scenario {
	return &Scenario{
		Key: KeyARN,
		KeyPolicy: []Statement{
			{Sid: "EnableIAM", Principals: []string{Root}, Actions: []string{"kms:*"}, Resources: []string{"*"}},
			{
				Sid: "AppUse", Principals: []string{role("app")}, Resources: []string{"*"},
				Actions:    []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"},
				Conditions: []Condition{{"StringEquals", "kms:EncryptionContext:app", []string{"x"}}},
			},
			{
				Sid: "DenyInsecure", Deny: true, Principals: []string{"*"}, Actions: []string{"kms:*"}, Resources: []string{"*"},
				Conditions: []Condition{{"Bool", "aws:SecureTransport", []string{"false"}}},
			},
		},
		Principals: principals(identity(), 6),
		Cases:      cases(),
	}
}

// principals are two users, the session of the role that the key policy names, and sessions and
// users that the fillers name.
func principals(policies [][]Statement, fillers int) []Principal {
	list := []Principal{
		session("app", policies),
		user("alice", policies),
		user("bob", nil),
	}
	for i := range fillers {
		list = append(list, session(fmt.Sprintf("team-%d", i), policies), user(fmt.Sprintf("dev-%d", i), nil))
	}
	return list
}

func identity() [][]Statement {
	return [][]Statement{
		{
			{
				Sid: "Via", Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{KeyARN},
				Conditions: []Condition{{"StringLike", "kms:ViaService", []string{"s3.*.amazonaws.com"}}},
			},
			{Sid: "Describe", Actions: []string{"kms:DescribeKey", "kms:GetKeyPolicy"}, Resources: []string{"*"}},
		},
		{
			{
				Sid: "Write", Actions: []string{"kms:Encrypt", "kms:ReEncrypt*"}, Resources: []string{"arn:aws:kms:us-east-1:" + Account + ":key/*"},
				Conditions: []Condition{{"StringEquals", "aws:PrincipalTag/team", []string{"payments"}}},
			},
			{
				Sid: "NoAdmin", Deny: true, Actions: []string{"kms:PutKeyPolicy", "kms:EnableKey"}, Resources: []string{"*"},
			},
		},
	}
}

// filler is one more statement of a large key policy, for a team of its own.
func filler(i int) Statement {
	s := Statement{Sid: fmt.Sprintf("Team%d", i), Resources: []string{"*"}, Principals: []string{role(fmt.Sprintf("team-%d", i))}}
	switch i % 5 {
	case 0:
		s.Actions = []string{"kms:Encrypt", "kms:Decrypt"}
	case 1:
		s.Actions = []string{"kms:GenerateDataKey*", "kms:Decrypt"}
		s.Conditions = []Condition{{"StringEquals", "kms:EncryptionContext:app", []string{fmt.Sprintf("app-%d", i)}}}
	case 2:
		s.Actions = []string{"kms:Decrypt", "kms:DescribeKey"}
		s.Principals = []string{userARN(fmt.Sprintf("dev-%d", i))}
		s.Conditions = []Condition{{"StringLike", "kms:ViaService", []string{"s3.*.amazonaws.com", "ec2.us-east-1.amazonaws.com"}}}
	case 3:
		s.Deny = true
		s.Actions = []string{"kms:Decrypt", "kms:ReEncrypt*"}
		s.Conditions = []Condition{{"StringNotEquals", "kms:EncryptionContext:tenant", []string{fmt.Sprintf("tenant-%d", i)}}}
	default:
		s.Actions = []string{"kms:Encrypt", "kms:DescribeKey"}
		s.Principals = append(s.Principals, userARN(fmt.Sprintf("dev-%d", i)))
		s.Conditions = []Condition{{"IpAddress", "aws:SourceIp", []string{"10.0.0.0/8", "172.16.0.0/12"}}}
	}
	return s
}

// grant is the i-th grant, to a role of its own.
func grant(i int) Grant {
	g := Grant{
		ID: fmt.Sprintf("%064x", i+1), Grantee: role(fmt.Sprintf("grantee-%d", i)),
		Operations: []string{"Decrypt", "Encrypt", "GenerateDataKey"},
	}
	pairs := map[string]string{"tenant": fmt.Sprintf("tenant-%d", i)}
	if i%5 == 3 {
		g.Equals = pairs
	} else {
		g.Subset = pairs
	}
	return g
}

// cases are the four requests that are timed in every scenario.
func cases() []Case {
	return []Case{
		{"allow direct", request("app", map[string]string{"app": "x"}, nil), true},
		{"allow via IAM", request("", map[string]string{"app": "zzz"}, map[string]string{"kms:ViaService": "s3.us-east-1.amazonaws.com"}), true},
		{"deny condition", request("app", map[string]string{"app": "zzz"}, map[string]string{"kms:ViaService": "ec2.us-east-1.amazonaws.com"}), false},
		{"deny explicit", request("app", map[string]string{"app": "x"}, map[string]string{"aws:SecureTransport": "false"}), false},
	}
}

func grantCases() []Case {
	return []Case{
		{"allow by grant", request("grantee-2", map[string]string{"tenant": "tenant-2", "stage": "prod"}, nil), true},
		{"deny constraint", request("grantee-2", map[string]string{"tenant": "tenant-999"}, nil), false},
	}
}

// request is kms:Decrypt by a role's session, or by alice when no role is given, with the condition
// keys that a server fills in for every call.
func request(roleName string, pairs, more map[string]string) Request {
	r := Request{Principal: userARN("alice"), Action: "kms:Decrypt", Key: KeyARN, Context: map[string][]string{
		"aws:SecureTransport":     {"true"},
		"aws:PrincipalOrgID":      {orgID},
		"aws:SourceIp":            {"10.1.2.3"},
		"aws:CurrentTime":         {"2026-03-01T00:00:00Z"},
		"aws:RequestedRegion":     {"us-east-1"},
		"aws:UserAgent":           {"aws-sdk-go-v2/1.47.7"},
		"kms:CallerAccount":       {Account},
		"kms:EncryptionAlgorithm": {"SYMMETRIC_DEFAULT"},
	}}
	if roleName != "" {
		r.Principal = session(roleName, nil).ARN
	}
	addEncryptionContext(r.Context, pairs)
	for _, key := range slices.Sorted(maps.Keys(more)) {
		r.Context[key] = []string{more[key]}
	}
	return r
}

func role(name string) string    { return "arn:aws:iam::" + Account + ":role/" + name }
func userARN(name string) string { return "arn:aws:iam::" + Account + ":user/" + name }

func user(name string, policies [][]Statement) Principal {
	return Principal{ARN: userARN(name), Name: name, Identity: policies}
}

func session(roleName string, policies [][]Statement) Principal {
	return Principal{
		ARN:  "arn:aws:sts::" + Account + ":assumed-role/" + roleName + "/session",
		Role: role(roleName), Name: "session", Identity: policies,
	}
}
