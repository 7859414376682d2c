package cloudformation_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// corpusDir holds templates of others, as found in public repositories.
const corpusDir = "/work/shared/corpus/cfn"

// invalid are the templates of the corpus that have mistakes, with a part of the message of each mistake.
var invalid = map[string][]string{
	"aws-cloudformation+cfn-lint__test__fixtures__templates__bad__resources_circular_dependency.yaml": {
		"mySecurityGroupVpc1 → mySecurityGroupVpc2 → mySecurityGroupVpc1",
		"mySecurityGroupVpc3 → mySecurityGroupVpc3",
		"myInstanceProfile → myRoleToWriteToS3 → myKms → myInstanceProfile",
	},
	// Two outputs have the same name; a YAML mapping cannot hold both.
	"awslabs+aws-cloudformation-templates__aws__solutions__CloudFrontCustomOriginLambda@Edge__CloudFront.yaml": {
		`the key "EC2InstanceSGID" is already in this mapping`,
	},
}

// TestCorpus loads every template of the corpus: nothing panics, every finding has a position,
// and the templates that are refused are the ones that are wrong.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpusDir, "*"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skipf("no templates in %s", corpusDir)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(file)
			require.NoError(t, err)
			w := &source.World{}
			err = cloudformation.Load(w, name, src, cloudformation.Options{StackName: "corpus", Parameters: values(t, name, src)})
			if os.Getenv("CORPUS_SHOW") != "" {
				t.Logf("keys %d roles %d managed %d\n%v\n%v", len(w.Keys), len(w.Roles), len(w.ManagedPolicies), err, w.Warnings)
			}
			requireLocated(t, w.Warnings)
			if err == nil {
				require.Empty(t, invalid[name])
				return
			}
			diags, ok := errors.AsType[policy.Diagnostics](err)
			require.True(t, ok, "%T", err)
			requireLocated(t, diags)
			require.Len(t, diags, len(invalid[name]), "%v", diags)
			for i, part := range invalid[name] {
				require.Contains(t, diags[i].Message, part)
			}
		})
	}
}

// missing finds the name and the type of a parameter in the error about its missing value.
var missing = regexp.MustCompile(`parameter (\w+) has no default`)

// values makes up values for the parameters of a template that have no default.
func values(t *testing.T, name string, src []byte) map[string]string {
	t.Helper()
	given := map[string]string{}
	err := cloudformation.Load(&source.World{}, name, src, cloudformation.Options{StackName: "corpus"})
	diags, _ := errors.AsType[policy.Diagnostics](err)
	for _, d := range diags {
		found := missing.FindStringSubmatch(d.Message)
		if d.Code != "missing-parameter" || found == nil {
			continue
		}
		switch lower := strings.ToLower(found[1]); {
		case strings.Contains(lower, "keyaliasarn"):
			given[found[1]] = "arn:aws:kms:us-east-1:444455556666:alias/some"
		case strings.Contains(lower, "organizationid"):
			given[found[1]] = "o-abc1234567"
		case strings.Contains(lower, "arn"):
			given[found[1]] = "arn:aws:iam::444455556666:role/somebody"
		case strings.Contains(lower, "account"):
			given[found[1]] = "444455556666"
		default:
			given[found[1]] = "somevalue"
		}
	}
	return given
}

// requireLocated checks that every finding says where it is.
func requireLocated(t *testing.T, diags policy.Diagnostics) {
	t.Helper()
	for _, d := range diags {
		require.True(t, d.Pos.IsValid(), "%v", d)
		require.NotEmpty(t, d.Pos.File, "%v", d)
		require.NotEmpty(t, d.Code, "%v", d)
	}
}
