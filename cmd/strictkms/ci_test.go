package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// action is the form of action.yml
// (https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax).
type action struct {
	Name, Description string
	Branding          map[string]string
	Inputs            map[string]struct{ Description, Default string }
	Outputs           map[string]struct{ Description, Value string }
	Runs              struct {
		Using string
		Steps []step
	}
}

type step struct {
	Name, ID, If, Shell, Run, Uses string
	Env, With                      map[string]string
}

func readYAML(t *testing.T, name string, into any) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	require.NoError(t, err)
	require.NoError(t, yaml.Load(text, into, yaml.WithKnownFields()))
	return string(text)
}

// expression is what GitHub replaces before anything runs.
var expression = regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)

// TestAction holds action.yml to the command line and to itself: the commands and flags that it uses are there, it uses
// the inputs that it declares and no others, and no input becomes part of a script.
func TestAction(t *testing.T) {
	var a action
	text := readYAML(t, "action.yml", &a)
	require.Equal(t, "composite", a.Runs.Using)

	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`\binputs\.([a-z-]+)`).FindAllStringSubmatch(text, -1) {
		require.Contains(t, a.Inputs, m[1])
		used[m[1]] = true
	}
	for name, in := range a.Inputs {
		require.True(t, used[name], "the input %s is not used", name)
		require.NotEmpty(t, in.Description, name)
	}
	ids := map[string]step{}
	commands := 0
	for _, s := range a.Runs.Steps {
		if s.ID != "" {
			ids[s.ID] = s
		}
		if s.Uses != "" {
			require.Regexp(t, `^[\w-]+/[\w-]+(/[\w-]+)?@v\d+$`, s.Uses)
			continue
		}
		require.Equal(t, "bash", s.Shell, s.Name)
		require.NotRegexp(t, expression, s.Run, "%s: what was given is in the environment, not in the script", s.Name)
		commands += checkCommands(t, s.Run)
		require.NoError(t, exec.CommandContext(t.Context(), "bash", "-n", "-c", s.Run).Run(), s.Name)
	}
	require.GreaterOrEqual(t, commands, 4)
	for _, m := range regexp.MustCompile(`\bsteps\.([a-z]+)\.outputs\.([a-z]+)`).FindAllStringSubmatch(text, -1) {
		require.Contains(t, ids[m[1]].Run, `echo "`+m[2]+`=`, "the output %s of step %s", m[2], m[1])
	}
}

// TestHooks holds .pre-commit-hooks.yaml to the command line.
func TestHooks(t *testing.T) {
	var hooks []struct {
		ID, Name, Description, Entry, Language, Files, Exclude string
		Types                                                  []string
		TypesOr                                                []string `yaml:"types_or"`
		Args                                                   []string
	}
	readYAML(t, ".pre-commit-hooks.yaml", &hooks)
	require.Len(t, hooks, 2)
	for _, h := range hooks {
		require.Equal(t, "golang", h.Language)
		require.NotEmpty(t, h.Description)
		require.Equal(t, 1, checkCommands(t, h.Entry+" "+strings.Join(h.Args, " ")))
		_, err := regexp.Compile(h.Files)
		require.NoError(t, err)
	}
	require.Regexp(t, hooks[0].Files, "infra/template.yaml")
	require.Regexp(t, hooks[0].Files, "key-policy.json")
	require.NotRegexp(t, hooks[0].Files, "package.json")
	require.Regexp(t, hooks[1].Files, "examples/ledger/policies_test.yaml")
	require.Regexp(t, hooks[0].Exclude, "policies_test.yaml", "expectations are not policies")
}

// TestCommandsInDocuments holds the workflows and hooks that docs/ci.md shows to the action, the hooks and the command line.
func TestCommandsInDocuments(t *testing.T) {
	var a action
	readYAML(t, "action.yml", &a)
	text, err := os.ReadFile("../../docs/ci.md")
	require.NoError(t, err)
	checkCommands(t, string(text))
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, blocks)
	uses := 0
	for _, block := range blocks {
		var doc struct {
			Jobs map[string]struct {
				Steps []struct {
					Uses string
					With map[string]string
				}
			}
		}
		require.NoError(t, yaml.Load([]byte(block[1]), &doc))
		for _, job := range doc.Jobs {
			for _, s := range job.Steps {
				if !strings.HasPrefix(s.Uses, "strictkms/strictkms@") {
					continue
				}
				uses++
				for name := range s.With {
					require.Contains(t, a.Inputs, name)
				}
			}
		}
	}
	require.NotZero(t, uses)
}

// command is a call of strictkms in a script: its name at the beginning of a command.
var command = regexp.MustCompile(`(?m)(?:^|[;&|(]|\bthen|\bdo|\$)[ \t]*strictkms ([a-z-]+)([^\n]*)`)

// checkCommands asks that the commands and flags of a script are on the command line, and counts the commands.
func checkCommands(t *testing.T, script string) int {
	t.Helper()
	root := newRoot(t.Context(), streams{}, func() time.Time { return time.Time{} })
	count := 0
	for _, m := range command.FindAllStringSubmatch(script, -1) {
		at := slices.IndexFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == m[1] })
		require.GreaterOrEqual(t, at, 0, "there is no command %s", m[1])
		count++
		for _, flag := range regexp.MustCompile(`(?:^|\s)--([a-z-]+)`).FindAllStringSubmatch(m[2], -1) {
			require.NotNil(t, root.Commands()[at].Flags().Lookup(flag[1]), "%s has no flag --%s", m[1], flag[1])
		}
	}
	return count
}

// TestActionRuns runs the scripts of the action as GitHub does, in a repository whose last commit changes a policy.
func TestActionRuns(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: no git")
	}
	var a action
	readYAML(t, "action.yml", &a)
	repo, temp := t.TempDir(), t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
		cmd.Dir = repo
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(repo, name), []byte(text), 0o600))
	}
	policy := func(actions string) string {
		return `Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - {Sid: Admin, Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: "kms:*", Resource: "*"}
          - {Sid: Use, Effect: Allow, Principal: {AWS: "arn:aws:iam::444455556666:role/Partner"}, Action: [` + actions + `], Resource: "*"}
`
	}
	git("init", "--quiet")
	write("template.yaml", policy("kms:Decrypt"))
	write("a_test.yaml", "load: template.yaml\nexpectations: [{principal: root, action: kms:PutKeyPolicy, key: Key, expect: allow, because: Admin}]\n")
	git("add", ".")
	git("commit", "--quiet", "-m", "before")
	base := git("rev-parse", "HEAD")
	write("template.yaml", policy("kms:Decrypt, kms:Encrypt"))
	git("commit", "--quiet", "-am", "after")

	summary, output := filepath.Join(temp, "summary"), filepath.Join(temp, "output")
	run := func(name string, env ...string) (string, error) {
		t.Helper()
		at := slices.IndexFunc(a.Runs.Steps, func(s step) bool { return s.Name == name })
		require.GreaterOrEqual(t, at, 0, name)
		// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#exit-codes-and-error-action-preference
		cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", a.Runs.Steps[at].Run)
		cmd.Dir = repo
		cmd.Env = append(os.Environ(), append(env, "RUNNER_TEMP="+temp, "GITHUB_STEP_SUMMARY="+summary, "GITHUB_OUTPUT="+output)...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("Test", "TESTS=*_test.yaml", "FAIL_UNDER=50")
	require.NoError(t, err, out)
	require.Contains(t, out, "1 expectation, all met")
	out, err = run("Test", "TESTS=*_test.yaml", "FAIL_UNDER=60")
	require.Error(t, err)
	require.Contains(t, out, "::error title=coverage::")

	out, err = run("Audit", "FILES=template.yaml", "ARGUMENTS=--region eu-west-2", "FAIL_ON=never", "SARIF=true")
	require.NoError(t, err, out)
	sarif, err := os.ReadFile(filepath.Join(temp, "strictkms.sarif"))
	require.NoError(t, err)
	require.Contains(t, string(sarif), `"2.1.0"`)

	compare := func(files, from, fail string) (string, error) {
		return run("Compare", "FILES="+files, "ARGUMENTS=--region eu-west-2", "BASE="+from, "FAIL_ON_WIDER="+fail)
	}
	out, err = compare("*.yaml", base, "true")
	require.Error(t, err, "a_test.yaml is no template")
	require.Contains(t, out, "a_test.yaml:1:1")
	out, err = compare("template.yaml", base, "true")
	require.Error(t, err)
	require.Contains(t, out, "::warning title=KMS access is wider::")
	out, err = compare("template.yaml", base, "false")
	require.NoError(t, err, out)
	written, err := os.ReadFile(summary)
	require.NoError(t, err)
	require.Contains(t, string(written), "`kms:Encrypt`")
	require.NotContains(t, string(written), "Keys added", "the key of both sides is the same")
	outputs, err := os.ReadFile(output)
	require.NoError(t, err)
	require.Contains(t, string(outputs), "verdict=wider\n")
	out, err = compare("template.yaml", git("rev-parse", "HEAD"), "true")
	require.NoError(t, err, out)
	require.Empty(t, git("status", "--short"), "the action leaves nothing behind")
}
