package instance_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/instance"
	"github.com/strictkms/strictkms/server"
)

func init() { children["full disk"] = serveOnFullDisk } //nolint:gochecknoinits // only this system can limit files

// TestFullDisk lets the disk of a server be full: calls that write fail as an internal error and change nothing, others
// go on, the health page tells, and when there is room again all is well. It runs in a process of its own, whose files
// may not grow.
func TestFullDisk(t *testing.T) {
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), child+"=full disk", "STRICTKMS_INSTANCE_DIR="+filepath.Join(t.TempDir(), "data"))
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
}

// limitFiles limits how large files may grow, and returns what undoes that.
func limitFiles(size uint64) (undo func() error, err error) {
	var normal syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &normal); err != nil {
		return nil, err
	}
	undo = func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &normal) }
	return undo, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: normal.Max})
}

// fullDisk is a server with a key from before the disk was full.
type fullDisk struct {
	instance   *instance.Instance
	client     *kms.Client
	key        *string
	ciphertext []byte
}

func startFullDisk(ctx context.Context, dir string) (*fullDisk, error) {
	in, err := instance.Start(ctx, instance.Config{Store: instance.StoreBolt, Data: dir})
	if err != nil {
		return nil, err
	}
	root := in.Seeded().Profiles[0]
	return &fullDisk{instance: in, client: kms.New(kms.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(in.URL()), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, ""),
	})}, nil
}

func serveOnFullDisk(dir string) error {
	signal.Ignore(syscall.SIGXFSZ) // a full disk sends no signal
	ctx := context.Background()
	d, err := startFullDisk(ctx, dir)
	if err != nil {
		return err
	}
	made, err := d.client.CreateKey(ctx, &kms.CreateKeyInput{})
	if err != nil {
		return err
	}
	d.key = made.KeyMetadata.KeyId
	encrypted, err := d.client.Encrypt(ctx, &kms.EncryptInput{KeyId: d.key, Plaintext: []byte("before")})
	if err != nil {
		return err
	}
	d.ciphertext = encrypted.CiphertextBlob
	undo, err := limitFiles(1)
	if err != nil {
		return err
	}
	err = d.whileFull(ctx)
	if _, other := startFullDisk(ctx, dir+"-other"); other == nil || !strings.Contains(other.Error(), "file too large") {
		err = errors.Join(err, fmt.Errorf("starting on a full disk: %w", other))
	}
	err = errors.Join(err, undo())
	if err != nil {
		return err
	}
	if err := d.status(ctx, http.StatusOK); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if err := d.change(ctx); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if err := errors.Join(d.use(ctx, 2), d.instance.Close(ctx)); err != nil {
		return err
	}
	again, err := startFullDisk(ctx, dir)
	if err != nil {
		return err
	}
	again.key, again.ciphertext = d.key, d.ciphertext
	return errors.Join(again.use(ctx, 2), again.instance.Close(ctx))
}

// whileFull is what a server does that cannot write.
func (d *fullDisk) whileFull(ctx context.Context) error {
	for range 3 {
		err := d.change(ctx)
		answer, ok := errors.AsType[smithy.APIError](err)
		if !ok || answer.ErrorCode() != "KMSInternalException" {
			return fmt.Errorf("CreateKey on a full disk: %w", err)
		}
		if response, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || response.HTTPStatusCode() != http.StatusInternalServerError {
			return fmt.Errorf("CreateKey on a full disk: %w", err)
		}
		if err := d.use(ctx, 1); err != nil {
			return fmt.Errorf("on a full disk: %w", err)
		}
		if err := d.status(ctx, http.StatusServiceUnavailable); err != nil {
			return err
		}
	}
	return nil
}

// change makes another key.
func (d *fullDisk) change(ctx context.Context) error {
	_, err := d.client.CreateKey(ctx, &kms.CreateKeyInput{})
	return err
}

// use reads and decrypts; there are so many keys.
func (d *fullDisk) use(ctx context.Context, keys int) error {
	out, err := d.client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: d.ciphertext})
	if err != nil || string(out.Plaintext) != "before" {
		return fmt.Errorf("Decrypt: %w", err)
	}
	list, err := d.client.ListKeys(ctx, &kms.ListKeysInput{})
	if err != nil {
		return err
	}
	if len(list.Keys) != keys {
		return fmt.Errorf("%d keys, not %d", len(list.Keys), keys)
	}
	return nil
}

// status asks the health page.
func (d *fullDisk) status(ctx context.Context, want int) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.instance.URL()+server.HealthPath, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	if response.StatusCode != want {
		err = fmt.Errorf("the health page says %d, not %d", response.StatusCode, want)
	}
	return errors.Join(err, response.Body.Close())
}
