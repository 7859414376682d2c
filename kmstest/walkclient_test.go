package kmstest_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// tableOf is the version of botocore whose operations and errors the table has. Newer ones may have more, which are to be added.
var tableOf = []int{1, 43}

// The clients of the walk.
const (
	boto3  = "boto3"
	awsCLI = "cli"
)

// walker calls a server with clients in Python, all in one process.
type walker struct {
	t        *testing.T
	server   *kmstest.Server
	clock    *kmstest.Clock
	requests io.Writer
	answers  *bufio.Reader
	// model are the operations of the installed botocore with their documented errors.
	model map[string][]string
	count *int
	outside
}

// walkAnswer is how a call ended.
type walkAnswer struct {
	Output in
	// Unknown are members of the answer that the model does not have.
	Unknown []string
	Error   *struct {
		Code, Message, Operation, Class string
		RequestID                       string `json:"requestId"`
		Status                          int
	}
}

// newWalker starts Python. It skips the test where there is no Python with boto3 and the AWS CLI.
func newWalker(t *testing.T, s *kmstest.Server) *walker {
	t.Helper()
	if exec.Command("python3", "-c", "import boto3, awscli.clidriver").Run() != nil {
		t.Skip("skipped: no python3 with boto3 and awscli on this machine")
	}
	models, err := filepath.Abs(filepath.Join("testdata", "walk", "models"))
	require.NoError(t, err)
	alice, err := s.Config("user/alice").Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	files := t.TempDir()
	// Or else the AWS CLI, version 1, fetches what XksProxyUriEndpoint names
	// (https://docs.aws.amazon.com/cli/v1/userguide/cli-usage-parameters-file.html).
	config := filepath.Join(files, "config")
	require.NoError(t, os.WriteFile(config, []byte("[default]\ncli_follow_urlparam = false\n"), 0o600))
	command := exec.Command("python3", filepath.Join("testdata", "walk", "walk.py"))
	command.Env = append(withoutAWS(os.Environ()),
		"AWS_ENDPOINT_URL="+s.URL(), "AWS_ACCESS_KEY_ID="+alice.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+alice.SecretAccessKey,
		"AWS_CONFIG_FILE="+config, "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_MAX_ATTEMPTS=1", "AWS_PAGER=", "AWS_DATA_PATH="+models, "WALK_FILES="+files, "PYTHONDONTWRITEBYTECODE=1",
	)
	command.Stderr = os.Stderr
	requests, err := command.StdinPipe()
	require.NoError(t, err)
	answers, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = requests.Close() // it ends then
		require.NoError(t, command.Wait())
	})
	w := &walker{t: t, server: s, clock: s.Clock, requests: requests, answers: bufio.NewReader(answers), count: new(int)}
	var model struct {
		Version    []int
		Operations map[string][]string
	}
	w.read(&model)
	if slices.Compare(model.Version, tableOf) < 0 {
		t.Skipf("skipped: botocore %v is older than the table, which is that of %v", model.Version, tableOf)
	}
	w.model = model.Operations
	return w
}

// read reads one line of answers.
func (w *walker) read(into any) {
	w.t.Helper()
	line, err := w.answers.ReadBytes('\n')
	require.NoError(w.t, err, "Python ended")
	require.NoError(w.t, json.Unmarshal(line, into))
}

// call does an operation with a client. The Region of the call is us-east-1 unless the input has a member "@region".
func (w *walker) call(client, operation string, input in) *walkAnswer {
	w.t.Helper()
	region := "us-east-1"
	members := map[string]any{}
	for name, value := range input {
		switch value := value.(type) {
		case []byte:
			members[name] = map[string]string{"$bytes": base64.StdEncoding.EncodeToString(value)}
		default:
			members[name] = value
		}
	}
	if in, ok := members["@region"].(string); ok {
		region = in
		delete(members, "@region")
	}
	line, err := json.Marshal(map[string]any{"client": client, "region": region, "operation": operation, "input": members})
	require.NoError(w.t, err)
	_, err = w.requests.Write(append(line, '\n'))
	require.NoError(w.t, err)
	answer := &walkAnswer{}
	w.read(answer)
	return answer
}

// mustCall does an operation that succeeds.
func (w *walker) mustCall(client, operation string, input in) in {
	w.t.Helper()
	answer := w.call(client, operation, input)
	require.Nil(w.t, answer.Error, "%s with %s", operation, client)
	require.Empty(w.t, answer.Unknown, "%s with %s: members that its model does not have", operation, client)
	return answer.Output
}

// do is mustCall with boto3, for what comes before a request.
func (w *walker) do(operation string, input in) in {
	w.t.Helper()
	return w.mustCall(boto3, operation, input)
}

// bytesOf is a member of an output of boto3 that is bytes.
func (w *walker) bytesOf(output in, member string) []byte {
	w.t.Helper()
	wrapped, ok := output[member].(map[string]any)
	require.True(w.t, ok, "%s: %v", member, output)
	decoded, err := base64.StdEncoding.DecodeString(wrapped["$bytes"].(string))
	require.NoError(w.t, err)
	return decoded
}

// next is a new number.
func (w *walker) next() string {
	*w.count++
	return strconv.Itoa(*w.count)
}
