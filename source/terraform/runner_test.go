package terraform_test

import (
	"bufio"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// update writes the golden files; replan makes the plans of testdata anew before, with Terraform (make terraform-plans).
var (
	update = flag.Bool("update", false, "write the golden files of testdata")
	replan = flag.Bool("replan", false, "make the plans of testdata and of the example anew, with Terraform")
)

// pluginsEnv names the directory of a filesystem mirror of Terraform providers; pluginsDir is where else one is looked for.
const (
	pluginsEnv = "STRICTKMS_TERRAFORM_PLUGINS"
	pluginsDir = "/opt/tf-plugins"
)

// runner runs Terraform in a directory of its own, against a server of its own.
type runner struct {
	t      *testing.T
	server *kmstest.Server
	dir    string
	env    []string
	// attached names a provider that runs already. It spares every command to start one, which is most of its time.
	attached string
	// several is true for a configuration with several provider configurations, of which one process has only one.
	several bool
}

// newRunner starts a server. It skips the test without Terraform and its provider for AWS: the test takes nothing
// from the network.
func newRunner(t *testing.T) *runner {
	t.Helper()
	mirror := os.Getenv(pluginsEnv)
	if mirror == "" {
		mirror = pluginsDir
	}
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("no terraform")
	}
	provider, err := filepath.Glob(filepath.Join(mirror, "registry.terraform.io/hashicorp/aws", "*", runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-aws_*"))
	require.NoError(t, err)
	if len(provider) == 0 {
		t.Skipf("no terraform provider: there is none in %s; %s names another directory", mirror, pluginsEnv)
	}
	r := &runner{t: t, server: kmstest.Start(t), dir: t.TempDir()}
	rc := "provider_installation {\n  filesystem_mirror {\n    path = \"" + mirror + "\"\n  }\n}\ndisable_checkpoint = true\n"
	file := filepath.Join(t.TempDir(), "terraform.rc")
	require.NoError(t, os.WriteFile(file, []byte(rc), 0o600))
	root, err := r.server.Config("root").Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	r.env = append(os.Environ(), "GOGC=400", "AWS_CA_BUNDLE=", // a provider that runs already does not take one twice
		"TF_CLI_CONFIG_FILE="+file, "TF_IN_AUTOMATION=1", "AWS_ENDPOINT_URL="+r.server.URL(),
		"AWS_ACCESS_KEY_ID="+root.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+root.SecretAccessKey, "AWS_SESSION_TOKEN=",
		"AWS_PROFILE=", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true",
	)
	r.attach(provider[0])
	return r
}

// reattach is how a provider that was started by hand says how Terraform reaches it
// (https://developer.hashicorp.com/terraform/plugin/debugging#terraform-cli-development-overrides).
var reattach = regexp.MustCompile(`TF_REATTACH_PROVIDERS='(.*)'`)

// attach starts the provider.
func (r *runner) attach(provider string) {
	command := exec.CommandContext(r.t.Context(), provider, "-debug")
	command.Env = r.env
	out, err := command.StdoutPipe()
	require.NoError(r.t, err)
	require.NoError(r.t, command.Start())
	r.t.Cleanup(func() { _ = command.Wait() }) // it is killed by then
	lines := bufio.NewScanner(out)
	for r.attached == "" && lines.Scan() {
		if found := reattach.FindStringSubmatch(lines.Text()); found != nil {
			r.attached = "TF_REATTACH_PROVIDERS=" + found[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // it must not wait for somebody to read
	require.NotEmpty(r.t, r.attached, "the provider does not say how Terraform reaches it")
}

// alias is in a configuration with several provider configurations.
var alias = regexp.MustCompile(`(?m)^\s*alias\s*=`)

// configure copies a configuration into the directory, instead of the one that is there.
func (r *runner) configure(from string) {
	r.t.Helper()
	old, err := filepath.Glob(filepath.Join(r.dir, "*.tf"))
	require.NoError(r.t, err)
	for _, file := range old {
		require.NoError(r.t, os.Remove(file))
	}
	require.NoError(r.t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".tf" && filepath.Ext(path) != ".tpl" {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r.several = r.several || alias.Match(text)
		to := filepath.Join(r.dir, relative)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o600)
	}))
	r.run("init", "-input=false", "-no-color")
}

// try runs a command of Terraform and returns what it printed on stdout, and all that it printed.
func (r *runner) try(args ...string) (stdout []byte, all string, ok bool) {
	r.t.Helper()
	command := exec.CommandContext(r.t.Context(), "terraform", args...)
	command.Dir, command.Env = r.dir, r.env
	if !r.several || args[0] == "show" {
		command.Env = append(slices.Clip(r.env), r.attached)
	}
	stdout, err := command.Output()
	failed, isExit := errors.AsType[*exec.ExitError](err)
	if err != nil {
		require.True(r.t, isExit, "%v", err)
		return stdout, string(stdout) + string(failed.Stderr), false
	}
	return stdout, string(stdout), true
}

func (r *runner) run(args ...string) []byte {
	r.t.Helper()
	stdout, all, ok := r.try(args...)
	require.True(r.t, ok, "terraform %v: %s", args, all)
	return stdout
}

// plan makes a plan and returns it as JSON.
func (r *runner) plan() []byte {
	r.t.Helper()
	r.run("plan", "-input=false", "-no-color", "-out=plan")
	return r.run("show", "-json", "plan")
}

// apply carries out the plan, or the configuration.
func (r *runner) apply() {
	r.t.Helper()
	if _, err := os.Stat(filepath.Join(r.dir, "plan")); err == nil {
		r.run("apply", "-input=false", "-no-color", "plan")
		require.NoError(r.t, os.Remove(filepath.Join(r.dir, "plan")))
		return
	}
	r.run("apply", "-auto-approve", "-input=false", "-no-color")
}

// refresh brings the state up to date.
func (r *runner) refresh() {
	r.t.Helper()
	r.run("apply", "-refresh-only", "-auto-approve", "-input=false", "-no-color")
}

// state returns the state as JSON.
func (r *runner) state() []byte {
	r.t.Helper()
	return r.run("show", "-json")
}
