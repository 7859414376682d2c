package snapshot_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/corpus"
	"github.com/strictkms/strictkms/internal/fetch"
	"github.com/strictkms/strictkms/internal/instance"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/snapshot"
)

// serve starts a server with a world. It lets everything pass, so that every account can be read by its root user
// whatever policies it is under. It is nil when the server does not take the world.
func serve(t *testing.T, w *source.World) *instance.Instance {
	t.Helper()
	in, err := instance.Start(t.Context(), instance.Config{World: w, Enforce: enforce.Off})
	if err != nil {
		return nil
	}
	t.Cleanup(func() { require.NoError(t, in.Close(context.WithoutCancel(t.Context()))) })
	return in
}

// take reads every account of a world from the server that has it into one snapshot.
func take(t *testing.T, in *instance.Instance, w *source.World) []snapshot.File {
	t.Helper()
	regions := map[string]map[string]bool{}
	note := func(account, region string) {
		if regions[account] == nil {
			regions[account] = map[string]bool{"us-east-1": true}
		}
		regions[account][region] = true
	}
	for _, u := range w.Users {
		note(u.Account, "us-east-1")
	}
	for _, r := range w.Roles {
		note(r.Account, "us-east-1")
	}
	for _, k := range w.Keys {
		arn, ok := policy.ParseARN(k.ARN)
		require.True(t, ok)
		note(arn.Account, arn.Region)
	}
	for id := range w.Accounts {
		note(id, "us-east-1")
	}
	store := fetch.NewMemory()
	for _, account := range slices.Sorted(maps.Keys(regions)) {
		credentials, err := in.IAM().CredentialsFor(t.Context(), strings.TrimSuffix(w.Defaults.IAMARN(account, "root", "", ""), "/"))
		if err != nil {
			continue
		}
		organization := w.Accounts[account]
		summary, err := fetch.Read(t.Context(), config(in, credentials), store, fetch.Options{
			Regions: slices.Sorted(maps.Keys(regions[account])), Organization: organization != nil && organization.Management,
			Now: func() time.Time { return time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC) },
		})
		require.NoError(t, err)
		require.Empty(t, summary.Failures)
		require.Equal(t, account, summary.Account)
	}
	return files(t, store, "snapshot")
}

func config(in *instance.Instance, c iam.Credentials) aws.Config {
	return aws.Config{
		Region: in.Region(), BaseEndpoint: aws.String(in.URL()),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
		}),
	}
}

// files are the files of a snapshot in memory.
func files(t *testing.T, store *fetch.Memory, name string) []snapshot.File {
	t.Helper()
	var out []snapshot.File
	for _, file := range store.Names() {
		src, err := store.Read(file)
		require.NoError(t, err)
		out = append(out, snapshot.File{Name: name + "/" + file, Src: src})
	}
	return out
}

// keyID is the form of the ids that the server gives keys.
var keyID = regexp.MustCompile(`\A([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})\z`)

// withIDs returns the world with ids that the server takes in the place of those that it does not, and what they stand for.
func withIDs(w *source.World) (*source.World, map[string]string) {
	names := map[string]string{}
	out := &source.World{
		Defaults: w.Defaults, Accounts: w.Accounts, Users: w.Users, Groups: w.Groups, Roles: w.Roles,
		ManagedPolicies: w.ManagedPolicies, Endpoints: w.Endpoints,
	}
	for _, k := range w.Keys {
		arn, _ := policy.ParseARN(k.ARN)
		if id, _ := arn.KeyID(); !keyID.MatchString(id) {
			digest := sha256.Sum256([]byte(id))
			text := hex.EncodeToString(digest[:16])
			uuid := strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
			if k.MultiRegion == "true" {
				uuid = "mrk-" + text
			}
			names[uuid], arn.Resource = id, "key/"+uuid
		}
		renamed := &source.Key{Pos: k.Pos, Key: evaluator.Key{
			ARN: arn.String(), Policy: k.Policy, Aliases: k.Aliases, Tags: k.Tags, Spec: k.Spec, Usage: k.Usage, Origin: k.Origin,
			MultiRegion: k.MultiRegion, MultiRegionKeyType: k.MultiRegionKeyType, AWSManaged: k.AWSManaged, Unknown: k.Unknown,
		}}
		for _, g := range k.Grants {
			moved := *g
			moved.KeyARN = renamed.ARN
			renamed.Grants = append(renamed.Grants, &moved)
		}
		out.Keys = append(out.Keys, renamed)
	}
	return out, names
}

// withNames returns the files with the old ids of keys.
func withNames(files []snapshot.File, names map[string]string) []snapshot.File {
	var pairs []string
	for id, name := range names {
		pairs = append(pairs, id, name)
	}
	replacer := strings.NewReplacer(pairs...)
	for i, f := range files {
		files[i] = snapshot.File{Name: replacer.Replace(f.Name), Src: []byte(replacer.Replace(string(f.Src)))}
	}
	return files
}

// TestCorpus serves every world of the decision corpus, takes a snapshot of it, and decides the corpus with what was read
// from the snapshot.
func TestCorpus(t *testing.T) {
	cases, err := corpus.Load("../../testdata/decisions")
	require.NoError(t, err)
	worlds := map[*source.World]*source.World{}
	ev := evaluator.New(cases[0].World)
	compared, refused, organizations := 0, 0, 0
	for _, c := range cases {
		if c.Request.Role != nil && c.Request.Role.Trust == nil {
			continue // every role of AWS has a trust policy
		}
		read, known := worlds[c.World]
		if !known {
			renamed, names := withIDs(c.World)
			if in := serve(t, renamed); in != nil {
				read = &source.World{Defaults: c.World.Defaults, Endpoints: c.World.Endpoints}
				require.NoError(t, snapshot.Load(read, withNames(take(t, in, renamed), names)), "%s:%d", c.File, c.Line)
				organizations += lend(read, c.World)
			}
			worlds[c.World] = read
		}
		if read == nil {
			refused++
			continue
		}
		request := c.Request
		own := request.Principal
		base := own.ARN
		if own.Issuer != "" {
			base = own.Issuer
		}
		if own.Type != evaluator.WebIdentity { // which is nobody of AWS yet
			p, err := read.Session(base, source.Session{})
			require.NoError(t, err, "%s:%d", c.File, c.Line)
			p.Type, p.ARN, p.Issuer, p.Name, p.UniqueID = own.Type, own.ARN, own.Issuer, own.Name, own.UniqueID
			p.HasSession, p.Session, p.Provider, p.Tags = own.HasSession, own.Session, own.Provider, own.Tags
			request.Principal = p
		}
		if request.Role != nil {
			role, err := read.Role(request.Role.ARN)
			require.NoError(t, err, "%s:%d", c.File, c.Line)
			request.Role = role
		}
		if request.Key != nil {
			key, _, err := read.Key(request.Key.ARN)
			require.NoError(t, err, "%s:%d", c.File, c.Line)
			request.Key = key
		}
		d, err := ev.In(read).Assuming(c.Readings).Explain(t.Context(), request)
		require.NoError(t, err)
		assert.Empty(t, c.Problems(d), "%s:%d %s", c.File, c.Line, c.Note)
		compared++
	}
	t.Logf("%d cases compared in %d worlds, %d of them with an organization; the server does not take the worlds of %d",
		compared, len(worlds), organizations, refused)
	require.Greater(t, compared, len(cases)*8/10)
	require.Positive(t, organizations)
}

// lend gives the world that was read the organization of the one that was served, when there is no management account that
// could have read it. It returns how many organizations were read.
func lend(read, served *source.World) int {
	for _, a := range served.Accounts {
		// The server holds no account that only the organization names: nobody can ask it about the organization then.
		held := slices.ContainsFunc(served.Users, func(u *source.User) bool { return u.Account == a.ID }) ||
			slices.ContainsFunc(served.Roles, func(r *source.Role) bool { return r.Account == a.ID }) ||
			slices.ContainsFunc(served.Keys, func(k *source.Key) bool { return strings.Contains(k.ARN, ":"+a.ID+":") })
		if a.Management && (held || a.ID == served.Defaults.Account) {
			return 1
		}
	}
	read.Accounts = served.Accounts
	return 0
}
