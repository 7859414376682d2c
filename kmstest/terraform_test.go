package kmstest_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// terraform is a Terraform program in a directory of its own.
type terraform struct {
	t   *testing.T
	dir string
	env []string
	// plugin is the provider.
	plugin string
}

// pluginsEnv names the directory of a filesystem mirror of Terraform providers; pluginsDir is where else one is looked for.
const (
	pluginsEnv = "STRICTKMS_TERRAFORM_PLUGINS"
	pluginsDir = "/opt/tf-plugins"
)

// newTerraform prepares a directory of testdata for a server. It skips the test without Terraform and its provider for AWS:
// the test takes nothing from the network.
func newTerraform(t *testing.T, s *kmstest.Server, from string) *terraform {
	t.Helper()
	mirror := os.Getenv(pluginsEnv)
	if mirror == "" {
		mirror = pluginsDir
	}
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("no terraform")
	}
	pattern := filepath.Join(mirror, "registry.terraform.io/hashicorp/aws/*", runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-aws_*")
	plugins, err := filepath.Glob(pattern)
	require.NoError(t, err)
	if len(plugins) == 0 {
		t.Skipf("no terraform provider: there is none in %s; %s names another directory", mirror, pluginsEnv)
	}
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join("testdata", from, "main.tf"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf"), text, 0o600))
	// An override needs no terraform init, and Terraform does not hash the 700 MB of the provider for each command
	// (https://developer.hashicorp.com/terraform/cli/config/config-file#development-overrides-for-provider-developers).
	rc := "provider_installation {\n  dev_overrides {\n    \"hashicorp/aws\" = \"" + filepath.Dir(plugins[0]) + "\"\n  }\n}\ndisable_checkpoint = true\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "terraform.rc"), []byte(rc), 0o600))
	root, err := s.Config("root").Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	return &terraform{t, dir, append(withoutAWS(os.Environ()),
		"TF_CLI_CONFIG_FILE="+filepath.Join(dir, "terraform.rc"), "TF_IN_AUTOMATION=1", "GOGC=off", "GOMEMLIMIT=1GiB", "AWS_ENDPOINT_URL="+s.URL(),
		"AWS_ACCESS_KEY_ID="+root.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+root.SecretAccessKey,
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true",
	), plugins[0]}
}

// withoutAWS is an environment without the variables that say what AWS is to the user who runs the test.
func withoutAWS(environment []string) []string {
	return slices.DeleteFunc(environment, func(variable string) bool { return strings.HasPrefix(variable, "AWS_") })
}

// attach starts the provider, once for all commands: Terraform starts it several times for each, and each time it makes the
// schemas of all of AWS's resources, which is most of what these tests take. It is for what has one Region
// (https://developer.hashicorp.com/terraform/plugin/debugging#starting-a-provider-in-debug-mode).
func (f *terraform) attach() {
	f.t.Helper()
	provider := exec.Command(f.plugin, "-debug")
	provider.Env = f.env
	output, err := provider.StdoutPipe()
	require.NoError(f.t, err)
	require.NoError(f.t, provider.Start())
	f.t.Cleanup(func() {
		_ = provider.Process.Kill()
		_ = provider.Wait() // that it was killed
	})
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if _, value, found := strings.Cut(lines.Text(), "TF_REATTACH_PROVIDERS='"); found {
			f.env = append(f.env, "TF_REATTACH_PROVIDERS="+strings.TrimSuffix(value, "'"))
			return // it says nothing more
		}
	}
	require.Fail(f.t, "the provider does not start")
}

// run runs a command of Terraform and returns what it printed, with its exit status.
func (f *terraform) run(args ...string) (string, int) {
	f.t.Helper()
	command := exec.CommandContext(f.t.Context(), "terraform", args...)
	command.Dir, command.Env = f.dir, f.env
	output, err := command.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if err != nil {
		require.True(f.t, ok, "%v", err)
		return string(output), exit.ExitCode()
	}
	return string(output), 0
}

func (f *terraform) mustRun(args ...string) string {
	f.t.Helper()
	output, exit := f.run(args...)
	require.Zero(f.t, exit, "%v: %s", args, output)
	return output
}

// outputs are the values of the outputs; Booleans are text.
func (f *terraform) outputs() map[string]string {
	f.t.Helper()
	command := exec.CommandContext(f.t.Context(), "terraform", "output", "-json")
	command.Dir, command.Env = f.dir, f.env
	text, err := command.Output()
	require.NoError(f.t, err)
	var values map[string]struct{ Value json.RawMessage }
	require.NoError(f.t, json.Unmarshal(text, &values))
	out := map[string]string{}
	for name, v := range values {
		var s string
		if json.Unmarshal(v.Value, &s) != nil {
			s = string(v.Value)
		}
		out[name] = s
	}
	return out
}

// TestTerraform builds identities and a key with Terraform: the plan is empty afterwards, the access keys and the role
// may what the policies say, and destroying leaves nothing.
func TestTerraform(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("Terraform takes half a minute")
	}
	s := kmstest.Start(t)
	f := newTerraform(t, s, "terraform")
	f.attach()
	f.mustRun("apply", "-auto-approve", "-input=false", "-no-color")
	plan, exit := f.run("plan", "-detailed-exitcode", "-input=false", "-no-color")
	require.Zero(t, exit, "the plan is not empty: %s", plan)

	out := f.outputs()
	require.Equal(t, "true", out["alice_may_decrypt"])
	alice := s.Config("root")
	alice.Credentials = credentials.NewStaticCredentialsProvider(out["alice_access_key"], out["alice_secret"], "")
	useByAlice(t, alice, out["key"])
	useByRole(t, s, alice, out["key"], out["role"])

	f.mustRun("destroy", "-auto-approve", "-input=false", "-no-color")
	left, err := iam.NewFromConfig(s.Config("root")).GetAccountAuthorizationDetails(t.Context(), &iam.GetAccountAuthorizationDetailsInput{})
	require.NoError(t, err)
	require.Empty(t, left.UserDetailList)
	require.Empty(t, left.GroupDetailList)
	require.Empty(t, left.RoleDetailList)
	require.Empty(t, left.Policies)
	key, err := client(s, "root").DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(out["key"])})
	require.NoError(t, err)
	require.Equal(t, kmstypes.KeyStatePendingDeletion, key.KeyMetadata.KeyState)
}

// useByAlice uses the access key of a user: her policy wants her tag in the encryption context.
func useByAlice(t *testing.T, config aws.Config, key string) {
	t.Helper()
	c := kms.NewFromConfig(config)
	ciphertext, err := encrypt(t, c, key, map[string]string{"team": "red"})
	require.NoError(t, err)
	require.NoError(t, decrypt(t, c, ciphertext, map[string]string{"team": "red"}))
	_, err = encrypt(t, c, key, map[string]string{"team": "blue"})
	requireDenied(t, err)
	_, err = c.GenerateRandom(t.Context(), &kms.GenerateRandomInput{NumberOfBytes: aws.Int32(8)})
	require.NoError(t, err, "AWSKeyManagementServicePowerUser of the group allows it, and so does the boundary")
	_, err = iam.NewFromConfig(config).ListUsers(t.Context(), &iam.ListUsersInput{})
	requireCode(t, err, "AccessDenied") // that policy allows it, the boundary does not
}

// useByRole assumes the role with a session policy and a session tag: both limit the session.
func useByRole(t *testing.T, s *kmstest.Server, alice aws.Config, key, role string) {
	t.Helper()
	assumed, err := sts.NewFromConfig(alice).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: aws.String("session"), Tags: []ststypes.Tag{{Key: aws.String("team"), Value: aws.String("green")}},
		Policy: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}}`),
	})
	require.NoError(t, err)
	config := alice
	config.Credentials = credentials.NewStaticCredentialsProvider(
		*assumed.Credentials.AccessKeyId, *assumed.Credentials.SecretAccessKey, *assumed.Credentials.SessionToken)
	session, root := kms.NewFromConfig(config), client(s, "root")
	for team, denied := range map[string]bool{"green": false, "blue": true, "red": true} {
		ciphertext, err := encrypt(t, root, key, map[string]string{"team": team})
		require.NoError(t, err)
		if err := decrypt(t, session, ciphertext, map[string]string{"team": team}); denied {
			requireDenied(t, err) // the tag of the session comes before that of the role, which is blue
		} else {
			require.NoError(t, err)
		}
	}
	_, err = encrypt(t, session, key, map[string]string{"team": "green"})
	requireDenied(t, err) // the session policy
	_, err = session.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &key})
	requireDenied(t, err)
}
