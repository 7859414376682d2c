package fetch_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/fetch"
	"github.com/strictkms/strictkms/kmstest"
)

const world = `
accounts:
  "111122223333":
    users:
      reader:
        policies:
          Read: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
            "kms:ListKeys", "kms:ListAliases", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListResourceTags", "kms:ListGrants",
            "iam:GetAccountAuthorizationDetails"]}]}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab:
        aliases: [alias/open]
      2222bbbb-22bb-44cc-99dd-222222222222:
        policy: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
          "Action": ["kms:PutKeyPolicy", "kms:DescribeKey", "kms:ScheduleKeyDeletion"], "Resource": "*"}]}
`

const folder = "111122223333/us-east-1/kms/"

func options() fetch.Options {
	return fetch.Options{Now: func() time.Time { return time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC) }}
}

// counting counts the calls by the files that they fill, and can be made to stop.
type counting struct {
	*fetch.Memory
	mu    sync.Mutex
	wrote []string
	left  int // how many files may still be written; negative for all
}

var errFull = errors.New("the disk is full")

func (c *counting) Write(name string, content []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name != fetch.ManifestFile {
		if c.left == 0 {
			return errFull
		}
		c.left--
		c.wrote = append(c.wrote, name)
	}
	return c.Memory.Write(name, content)
}

func TestRead(t *testing.T) {
	server := kmstest.Start(t, kmstest.WithWorld(world))
	store := fetch.NewMemory()
	progress := 0
	o := options()
	o.Progress = func(account string, done, found int) {
		require.Equal(t, "111122223333", account)
		require.LessOrEqual(t, done, found)
		progress++
	}
	summary, err := fetch.Read(t.Context(), server.Config("user/reader"), store, o)
	require.NoError(t, err)
	require.Equal(t, 3, progress)
	require.Equal(t, []any{"111122223333", "arn:aws:iam::111122223333:user/reader", []string{"us-east-1"}, 2, 0},
		[]any{summary.Account, summary.Caller, summary.Regions, summary.Keys, summary.Kept})
	// What the key policy does not leave to IAM is refused, and no more than that.
	var refused []string
	for _, f := range summary.Failures {
		refused = append(refused, f.File+" "+f.Operation+" "+f.Code)
	}
	require.Equal(t, []string{
		"111122223333/organization.json organizations:DescribeOrganization AccessDeniedException",
		folder + "2222bbbb-22bb-44cc-99dd-222222222222/grants.json kms:ListGrants AccessDeniedException",
		folder + "2222bbbb-22bb-44cc-99dd-222222222222/policy.json kms:GetKeyPolicy AccessDeniedException",
		folder + "2222bbbb-22bb-44cc-99dd-222222222222/tags.json kms:ListResourceTags AccessDeniedException",
	}, refused)
	require.Equal(t, []string{
		"111122223333/iam.json",
		folder + "1234abcd-12ab-34cd-56ef-1234567890ab/grants.json", folder + "1234abcd-12ab-34cd-56ef-1234567890ab/key.json",
		folder + "1234abcd-12ab-34cd-56ef-1234567890ab/policy.json", folder + "1234abcd-12ab-34cd-56ef-1234567890ab/tags.json",
		folder + "2222bbbb-22bb-44cc-99dd-222222222222/key.json",
		folder + "aliases.json", folder + "keys.json", fetch.ManifestFile,
	}, store.Names())
	require.Equal(t, len(store.Names())-1, summary.Written)

	manifest := &fetch.Manifest{}
	src, err := store.Read(fetch.ManifestFile)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(src, manifest))
	require.Equal(t, summary.Failures, manifest.Failures)
	require.Equal(t, &fetch.Account{
		Caller: summary.Caller, Regions: []string{"us-east-1"}, Begun: "2026-11-23T03:00:00Z", Finished: "2026-11-23T03:00:00Z",
	}, manifest.Accounts["111122223333"])

	// The policies in answers of IAM are JSON, as the AWS CLI prints them.
	src, err = store.Read("111122223333/iam.json")
	require.NoError(t, err)
	var details struct {
		UserDetailList []struct {
			UserPolicyList []struct{ PolicyDocument struct{ Version string } }
		}
	}
	require.NoError(t, json.Unmarshal(src, &details))
	require.Equal(t, "2012-10-17", details.UserDetailList[0].UserPolicyList[0].PolicyDocument.Version)
}

// TestContinue interrupts a run after every number of files and runs it again: nothing about a key is asked twice, and in the
// end everything is as it is without an interruption.
func TestContinue(t *testing.T) {
	server := kmstest.Start(t, kmstest.WithWorld(world))
	whole := fetch.NewMemory()
	_, err := fetch.Read(t.Context(), server.Config("user/reader"), whole, options())
	require.NoError(t, err)
	for left := range len(whole.Names()) - 1 {
		store := &counting{Memory: fetch.NewMemory(), left: left}
		_, err := fetch.Read(t.Context(), server.Config("user/reader"), store, options())
		require.ErrorIs(t, err, errFull)
		first := slices.Clone(store.wrote)
		store.wrote, store.left = nil, -1
		summary, err := fetch.Read(t.Context(), server.Config("user/reader"), store, options())
		require.NoError(t, err)
		kept := 0
		for _, name := range first {
			if strings.Count(name, "/") == 4 {
				kept++
				require.NotContains(t, store.wrote, name)
			}
		}
		require.Equal(t, kept, summary.Kept)
		require.Equal(t, whole.Names(), store.Names())
		for _, name := range whole.Names() {
			want, err := whole.Read(name)
			require.NoError(t, err)
			got, err := store.Read(name)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got), name)
		}
	}
}

// TestAgain runs after something has changed: what is kept, what is refreshed, and what is removed.
func TestAgain(t *testing.T) {
	server := kmstest.Start(t, kmstest.WithWorld(world))
	store := fetch.NewMemory()
	_, err := fetch.Read(t.Context(), server.Config("user/reader"), store, options())
	require.NoError(t, err)
	const policy = folder + "1234abcd-12ab-34cd-56ef-1234567890ab/policy.json"
	before, err := store.Read(policy)
	require.NoError(t, err)

	root := kms.NewFromConfig(server.Config("root"))
	_, err = root.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{
		KeyId: aws.String("1234abcd-12ab-34cd-56ef-1234567890ab"),
		Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"Now","Effect":"Allow",
			"Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`),
	})
	require.NoError(t, err)
	_, err = root.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{
		KeyId: aws.String("2222bbbb-22bb-44cc-99dd-222222222222"), PendingWindowInDays: aws.Int32(7),
	})
	require.NoError(t, err)
	server.Clock.Advance(8 * 24 * time.Hour)

	summary, err := fetch.Read(t.Context(), server.Config("user/reader"), store, options())
	require.NoError(t, err)
	require.Equal(t, []any{1, 4, []string{folder + "2222bbbb-22bb-44cc-99dd-222222222222"}}, []any{summary.Keys, summary.Kept, summary.Removed})
	require.Len(t, summary.Failures, 1, "those of the key that is gone are gone")
	kept, err := store.Read(policy)
	require.NoError(t, err)
	require.Equal(t, string(before), string(kept))
	_, err = store.Read(folder + "2222bbbb-22bb-44cc-99dd-222222222222/key.json")
	require.ErrorIs(t, err, fs.ErrNotExist)

	o := options()
	o.Refresh = true
	_, err = fetch.Read(t.Context(), server.Config("user/reader"), store, o)
	require.NoError(t, err)
	now, err := store.Read(policy)
	require.NoError(t, err)
	require.Contains(t, string(now), "Now")
}

// TestStops is about what ends a run: credentials that are not valid, no Region, and a server that is not there.
func TestStops(t *testing.T) {
	server := kmstest.Start(t, kmstest.WithWorld(world))
	wrong := server.Config("user/reader")
	wrong.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wrong"}, nil
	})
	store := fetch.NewMemory()
	_, err := fetch.Read(t.Context(), wrong, store, options())
	require.ErrorContains(t, err, "whose credentials these are")
	nowhere := server.Config("user/reader")
	nowhere.Region = ""
	_, err = fetch.Read(t.Context(), nowhere, store, options())
	require.EqualError(t, err, "no Region: expected --regions, AWS_REGION or a profile with a region")
	require.Empty(t, store.Names())

	ctx, cancel := context.WithCancel(t.Context())
	o := options()
	o.Progress = func(string, int, int) { cancel() }
	_, err = fetch.Read(ctx, server.Config("user/reader"), store, o)
	require.ErrorIs(t, err, context.Canceled)
	require.Contains(t, store.Names(), fetch.ManifestFile)
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	f, err := fetch.OpenFolder(dir + "/a/b")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	require.NoError(t, f.Write("x/y/z.json", []byte("1")))
	require.NoError(t, f.Write("x/y/z.json", []byte("2")))
	got, err := f.Read("x/y/z.json")
	require.NoError(t, err)
	require.Equal(t, "2", string(got))
	folders, err := f.Folders("x")
	require.NoError(t, err)
	require.Equal(t, []string{"y"}, folders)
	folders, err = f.Folders("none")
	require.NoError(t, err)
	require.Empty(t, folders)
	require.Error(t, f.Remove("x/y"), "it is not empty")
	require.NoError(t, f.Remove("x/y/z.json"))
	require.NoError(t, f.Remove("x/y"))
	require.NoError(t, f.Remove("x/y"))
	_, err = f.Read("x/y/z.json")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Error(t, f.Write("../out.json", nil), "nothing is written outside of the folder")
}
