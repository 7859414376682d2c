package terraform_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/terraform"
)

// corpusDir holds configurations of others, as found in public repositories. Most are parts of something that is not there.
const corpusDir = "/work/shared/corpus/tf"

// corpus are the configurations that can be planned, by the file that each of their files is.
var corpus = map[string]map[string]string{
	"wildcard principals": {
		"main.tf": "bridgecrewio+checkov__tests__terraform__checks__resource__aws__example_KMSKeyWildcardPrincipal__pass.tf",
	},
	"policies of keys": {
		"main.tf": "bridgecrewio+checkov__tests__terraform__graph__checks__resources__KmsKeyPolicyIsDefined__main.tf",
	},
	"the module kms": {
		"kms/main.tf":      "terraform-aws-modules+terraform-aws-kms__main.tf",
		"kms/variables.tf": "terraform-aws-modules+terraform-aws-kms__variables.tf",
	},
}

// usesModule uses the module, once with roles that there are not yet.
const usesModule = `
resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}
module "known" {
  source             = "./kms"
  key_owners         = ["arn:aws:iam::111122223333:role/owner"]
  key_users          = ["arn:aws:iam::111122223333:role/user"]
  key_service_users  = ["arn:aws:iam::111122223333:role/service"]
  aliases            = ["known"]
  grants = {
    app = { grantee_principal = aws_iam_role.app.arn, operations = ["Encrypt"] }
  }
}
module "unknown" {
  source    = "./kms"
  key_users = [aws_iam_role.app.arn]
  aliases   = ["unknown"]
}
provider "aws" {
  region                 = "us-east-1"
  skip_region_validation = true
}
`

// ofVersion6 are arguments that the provider has from version 6 on, and the tests run version 5.
var ofVersion6 = regexp.MustCompile(`(?m)^  (region|key_spec|key_usage) *= var\.\w+$`)

// invalid are the configurations whose policies AWS would refuse, with a part of the message of each mistake.
var invalid = map[string][]string{
	"wildcard principals": {`Principal "foo": expected "*" or an object`, `Principal is an array: expected "*" or an object`},
}

// TestCorpus plans configurations of others: nothing panics, every finding has a position, and every key has a policy.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("Terraform takes a minute")
	}
	for name, files := range corpus {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := t.TempDir()
			for to, file := range files {
				text, err := os.ReadFile(filepath.Join(corpusDir, file))
				if err != nil {
					t.Skipf("there is no %s", filepath.Join(corpusDir, file))
				}
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(from, to)), 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(from, to), ofVersion6.ReplaceAll(text, nil), 0o600))
			}
			root := "provider \"aws\" {\n  region = \"us-east-1\"\n  skip_region_validation = true\n}\n"
			if _, module := files["kms/main.tf"]; module {
				root = usesModule
			}
			require.NoError(t, os.WriteFile(filepath.Join(from, "root.tf"), []byte(root), 0o600))
			r := newRunner(t)
			r.configure(from)
			plan := r.plan()
			if wrong := invalid[name]; wrong != nil {
				got := mistakes(t, string(plan), terraform.Options{})
				require.Len(t, got, len(wrong), "%v", got)
				for i, message := range wrong {
					require.Contains(t, got[i], message)
				}
				return
			}
			w := load(t, plan, terraform.Options{})
			require.NotEmpty(t, w.Keys)
			for _, k := range w.Keys {
				require.NotNil(t, k.Policy, k.LogicalID)
				require.NotEmpty(t, k.Policy.Statements, k.LogicalID)
			}
			for _, d := range w.Warnings {
				require.True(t, d.Pos.IsValid() && d.Pos.Offset < len(plan), "%v", d)
				require.Equal(t, policy.SeverityWarning, d.Severity)
			}
			if os.Getenv("CORPUS_SHOW") != "" {
				t.Log(describe(w, plan))
			}
		})
	}
}
