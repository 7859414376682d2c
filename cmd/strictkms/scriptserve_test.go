package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/tidwall/gjson"
)

// running is the server of a script.
type running struct {
	cmd    *exec.Cmd
	copied chan struct{} // closed when all that it printed is in serve.log
}

type runningKey struct{}

// condition knows [boto3]: whether there is the AWS SDK for Python; and [cryptography]: whether there is Python's package
// of that name.
func condition(name string) (bool, error) {
	switch name {
	case "boto3":
		return hasBoto3(), nil
	case "cryptography":
		return hasCryptography(), nil
	default:
		return false, fmt.Errorf("unknown condition %q", name)
	}
}

var (
	hasBoto3        = sync.OnceValue(func() bool { return exec.Command("python3", "-c", "import boto3").Run() == nil })
	hasCryptography = sync.OnceValue(func() bool { return exec.Command("python3", "-c", "import cryptography").Run() == nil })
)

// startLine is what strictkms serve prints when it serves.
var startLine = regexp.MustCompile(`^strictkms: listening on (\S+), enforcement \w+, `)

// serveInBackground is "serve [FLAG=VALUE]... [TEMPLATE]": it starts strictkms serve on a free port with its data in
// $WORK/.strictkms, and waits until it serves. What it prints is in serve.log. It sets the AWS settings of clients,
// $ENDPOINT, and $KEY to the id of the first key.
func serveInBackground(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value(runningKey{}).(*running) //nolint:forcetypeassert // Setup puts it there
	if neg || r.cmd != nil {
		ts.Fatalf("usage: serve [FLAG=VALUE]... [TEMPLATE], with no server running")
	}
	data, credentialsFile := ts.MkAbs(".strictkms"), ts.MkAbs("credentials")
	command := []string{"serve", "--listen", "127.0.0.1:0", "--data", data, "--credentials", credentialsFile}
	for _, arg := range args {
		if !strings.HasPrefix(arg, "--") {
			command = append(command, "--load")
		}
		command = append(command, arg)
	}
	program, err := exec.LookPath("strictkms") // testscript.Main put it on the path
	ts.Check(err)
	r.cmd = exec.Command(program, command...)
	r.cmd.Dir = ts.MkAbs(".")
	output, err := r.cmd.StderrPipe()
	ts.Check(err)
	log, err := os.OpenFile(ts.MkAbs("serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	ts.Check(r.cmd.Start())
	ts.Defer(r.kill)
	url := r.waitForStart(ts, io.TeeReader(output, log), log)
	for name, value := range map[string]string{
		"ENDPOINT": url, "AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
		"AWS_SHARED_CREDENTIALS_FILE": credentialsFile, "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		ts.Setenv(name, value)
	}
	ts.Setenv("KEY", firstKey(ts, url, credentialsFile))
}

// waitForStart returns the URL of the server.
func (r *running) waitForStart(ts *testscript.TestScript, output io.Reader, log io.Closer) string {
	started := make(chan string, 1)
	r.copied = make(chan struct{})
	go func(copied chan<- struct{}) {
		defer close(copied)
		defer func() { _ = log.Close() }()
		defer close(started)
		for lines := bufio.NewReader(output); ; {
			line, err := lines.ReadString('\n')
			if match := startLine.FindStringSubmatch(line); match != nil {
				started <- match[1]
			}
			if err != nil {
				return
			}
		}
	}(r.copied)
	select {
	case url, ok := <-started:
		if !ok {
			ts.Fatalf("strictkms serve ended: %s", ts.ReadFile("serve.log"))
		}
		return url
	case <-time.After(30 * time.Second):
		ts.Fatalf("strictkms serve does not start: %s", ts.ReadFile("serve.log"))
		return ""
	}
}

// firstKey returns the id of the first key of the default account, empty when there is none.
func firstKey(ts *testscript.TestScript, url, credentialsFile string) string {
	root, err := readProfile(credentialsFile, "root")
	ts.Check(err)
	client := kms.New(kms.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, ""),
	})
	out, err := client.ListKeys(context.Background(), &kms.ListKeysInput{Limit: aws.Int32(1)})
	ts.Check(err)
	if len(out.Keys) == 0 {
		return ""
	}
	return aws.ToString(out.Keys[0].KeyId)
}

// kill ends the server at once, if it runs.
func (r *running) kill() {
	if r.cmd != nil {
		_ = r.cmd.Process.Kill()
		<-r.copied
		_ = r.cmd.Wait()
		r.cmd = nil
	}
}

// kill9 is "kill9": it kills the server without warning.
func kill9(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value(runningKey{}).(*running) //nolint:forcetypeassert // Setup puts it there
	if neg || len(args) > 0 || r.cmd == nil {
		ts.Fatalf("usage: kill9, with a server running")
	}
	r.kill()
}

// sigterm is "sigterm": it asks the server to end, which it has to do without an error.
func sigterm(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value(runningKey{}).(*running) //nolint:forcetypeassert // Setup puts it there
	if neg || len(args) > 0 || r.cmd == nil {
		ts.Fatalf("usage: sigterm, with a server running")
	}
	ts.Check(r.cmd.Process.Signal(syscall.SIGTERM))
	<-r.copied
	err := r.cmd.Wait()
	r.cmd = nil
	ts.Check(err)
}

// as is "as PROFILE": what follows is run with its credentials.
func as(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: as PROFILE")
	}
	ts.Setenv("AWS_PROFILE", args[0])
}

// decodeBase64 is "base64 IN OUT": it decodes a file.
func decodeBase64(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: base64 IN OUT")
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(filepath.Clean(args[1])), decoded, 0o600))
}

// setJSON is "setjson VAR FILE PATH": it sets a variable to a value of a JSON document.
func setJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: setjson VAR FILE PATH")
	}
	found := gjson.Get(ts.ReadFile(args[1]), args[2])
	if !found.Exists() {
		ts.Fatalf("%s has no %s", args[1], args[2])
	}
	ts.Setenv(args[0], found.String())
}
