package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDetect(t *testing.T) {
	for name, test := range map[string]struct {
		src  string
		want fileKind
	}{
		"template":                 {"Description: x\nResources:\n  A: 1\n", templateFile},
		"template, version only":   {"AWSTemplateFormatVersion: 2010-09-09\n", templateFile},
		"template in JSON":         {"\n {\"Description\": {\"accounts\": 1}, \"Resources\": {}}", templateFile},
		"template, byte order":     {"\ufeff{\"Resources\": {}}", templateFile},
		"template, cut off":        {`{"Description": "x", "Resources": {"A`, templateFile},
		"template, Windows lines":  {"Resources:\r\n  A: 1\r\n", templateFile},
		"template after a comment": {"# accounts: none\n---\n'Resources' :\n", templateFile},
		"world":                    {"accounts:\n  \"111122223333\":\n    Resources: 1\n", worldFile},
		"world of endpoints":       {"endpoints:\n", worldFile},
		"world in JSON":            {`{"organization": {}}`, worldFile},
		"policy":                   {`{"Version": "2012-10-17", "Statement": []}`, policyFile},
		"policy, cut off":          {`{"Statement": [{"Effect":`, policyFile},
		"Terraform plan":           {`{"format_version": "1.2", "resource_changes": []}`, planFile},
		"Terraform state as JSON":  {`{"format_version": "1.0", "terraform_version": "1.11.4"}`, planFile},
		"Terraform state":          {`{"version": 4, "serial": 1, "lineage": "a"}`, planFile},
		"Terraform log":            {"{\"@level\": \"info\"}\n{}", planFile},
		"Terraform plan file":      {"PK\x03\x04rest", planFile},
		"account details":          {`{"UserDetailList": [], "Policies": []}`, snapshotFile},
		"key policy of the CLI":    {`{"Policy": "{}", "PolicyName": "default"}`, snapshotFile},
		"snapshot manifest":        {`{"strictkmsSnapshot": 1, "accounts": {}}`, snapshotFile},
		"snapshot in YAML":         {"Keys: []\n", unknownFile},
		"cloud assembly":           {`{"version": "36.0.0", "artifacts": {}}`, assemblyFile},
		"nested only":              {"a:\n  Resources: 1\n", unknownFile},
		"text":                     {"Resources are scarce", unknownFile},
		"list":                     {`["Resources"]`, unknownFile},
		"empty":                    {"", unknownFile},
		"only a brace":             {"{", unknownFile},
		"broken JSON":              {"{1:", unknownFile},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, detect([]byte(test.src)))
		})
	}
}
