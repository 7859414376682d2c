package scenario

// Medium returns a world with every kind of condition: ten key statements, five identity policies
// of two statements for each caller, five grants.
func Medium() *Scenario {
	s := small()
	s.Name = "medium"
	s.KeyPolicy = append(s.KeyPolicy[:2:2],
		Statement{
			Sid: "DenyOutsideOrg", Deny: true, Principals: []string{"*"}, Actions: []string{"kms:*"}, Resources: []string{"*"},
			Conditions: []Condition{{"StringNotEquals", "aws:PrincipalOrgID", []string{orgID}}},
		},
		Statement{
			Sid: "DenyInsecure", Deny: true, Principals: []string{"*"}, Actions: []string{"kms:*"}, Resources: []string{"*"},
			Conditions: []Condition{{"Bool", "aws:SecureTransport", []string{"false"}}},
		},
		Statement{
			Sid: "DenyOutsideNetwork", Deny: true, Principals: []string{"*"}, Resources: []string{"*"},
			Actions:    []string{"kms:Decrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"},
			Conditions: []Condition{{"NotIpAddress", "aws:SourceIp", []string{"10.0.0.0/8", "172.16.0.0/12"}}},
		},
		Statement{
			Sid: "UntilNextYear", Principals: []string{role("team-0"), role("app")}, Actions: []string{"kms:Encrypt", "kms:Decrypt"}, Resources: []string{"*"},
			Conditions: []Condition{
				{"DateLessThan", "aws:CurrentTime", []string{"2027-01-01T00:00:00Z"}},
				{"StringEquals", "kms:EncryptionContext:tenant", []string{"tenant-3"}},
			},
		},
		Statement{
			Sid: "FromTopic", Principals: []string{role("team-1"), role("app")}, Actions: []string{"kms:Decrypt", "kms:GenerateDataKey*"}, Resources: []string{"*"},
			Conditions: []Condition{{"ArnLike", "aws:SourceArn", []string{"arn:aws:sns:us-east-1:*:topic-*"}}},
		},
		Statement{
			Sid: "OnlyKnownContext", Principals: []string{role("team-2"), userARN("dev-2")}, Actions: []string{"kms:Encrypt", "kms:GenerateDataKey*"}, Resources: []string{"*"},
			Conditions: []Condition{
				{"ForAllValues:StringEquals", "kms:EncryptionContextKeys", []string{"app", "tenant"}},
				{"StringEquals", "aws:PrincipalTag/team", []string{"payments", "billing"}},
			},
		},
		Statement{Sid: "Administer", Principals: []string{role("admin")}, Actions: []string{"kms:EnableKey", "kms:PutKeyPolicy", "kms:GetKeyPolicy"}, Resources: []string{"*"}},
		Statement{
			Sid: "ThroughStorage", Principals: []string{userARN("dev-1"), userARN("dev-3")}, Actions: []string{"kms:Decrypt"}, Resources: []string{"*"},
			Conditions: []Condition{{"StringLike", "kms:ViaService", []string{"s3.*.amazonaws.com"}}, {"IpAddress", "aws:SourceIp", []string{"10.0.0.0/9"}}},
		},
	)
	s.Principals = append(principals(append(identity(), furtherIdentity()...), 5),
		session("admin", nil), session("grantee-2", nil), session("grantee-3", nil))
	for i := range 5 {
		s.Grants = append(s.Grants, grant(i))
	}
	s.Cases = append(s.Cases, grantCases()...)
	return s
}

func furtherIdentity() [][]Statement {
	keys := []string{"arn:aws:kms:us-east-1:" + Account + ":key/*"}
	return [][]Statement{
		{
			{
				Sid: "Network", Actions: []string{"kms:GenerateDataKeyPair*"}, Resources: keys,
				Conditions: []Condition{{"IpAddress", "aws:SourceIp", []string{"10.128.0.0/9"}}},
			},
			{
				Sid: "NotAfter", Deny: true, Actions: []string{"kms:Encrypt", "kms:Decrypt"}, Resources: []string{"*"},
				Conditions: []Condition{{"DateGreaterThan", "aws:CurrentTime", []string{"2029-12-31T00:00:00Z"}}},
			},
		},
		{
			{
				Sid: "Topic", Actions: []string{"kms:Decrypt"}, Resources: []string{KeyARN},
				Conditions: []Condition{{"ArnLike", "aws:SourceArn", []string{"arn:aws:sns:eu-west-1:" + Account + ":topic-*"}}},
			},
			{
				Sid: "Context", Actions: []string{"kms:GenerateDataKeyWithoutPlaintext"}, Resources: keys,
				Conditions: []Condition{{"ForAllValues:StringEquals", "kms:EncryptionContextKeys", []string{"app"}}},
			},
		},
		{
			{Sid: "OtherKey", Actions: []string{"kms:*"}, Resources: []string{"arn:aws:kms:us-east-1:" + Account + ":key/other"}},
			{
				Sid: "OtherTeam", Deny: true, Actions: []string{"kms:ReEncrypt*"}, Resources: keys,
				Conditions: []Condition{{"StringEquals", "aws:PrincipalTag/team", []string{"search"}}},
			},
		},
	}
}
