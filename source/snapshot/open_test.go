package snapshot_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/snapshot"
)

// one is a snapshot of a key that an IAM policy lets the user use when a condition is met.
func one(condition string, more string) []snapshot.File {
	const folder = "111122223333/us-east-1/kms/1234abcd-12ab-34cd-56ef-1234567890ab/"
	const key = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
	own := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":` + condition + `}]}`
	return archive("-- 111122223333/iam.json --\n" + `{"UserDetailList":[{"UserName":"a","Path":"/","Arn":"arn:aws:iam::111122223333:user/a","UserPolicyList":[{"PolicyName":"own","PolicyDocument":` +
		own + `}]}],"RoleDetailList":[],"GroupDetailList":[],"Policies":[]}` + "\n" +
		"-- " + folder + "policy.json --\n" + `{"Policy":"` + strings.ReplaceAll(key, `"`, `\"`) + `"}` + "\n" +
		strings.ReplaceAll(more, "KEY/", folder))
}

// The files of a key, whole.
const (
	keyFile     = "-- KEY/key.json --\n" + `{"KeyMetadata":{"Arn":"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT","Origin":"AWS_KMS","MultiRegion":false}}` + "\n"
	tagsFile    = "-- KEY/tags.json --\n{\"Tags\":[]}\n"
	grantsFile  = "-- KEY/grants.json --\n{\"Grants\":[]}\n"
	aliasesFile = "-- 111122223333/us-east-1/kms/aliases.json --\n{\"Aliases\":[]}\n"
)

// TestOpen holds what depends on a file that is not in the snapshot to be conditional, and what depends on one that is there to
// be answered.
func TestOpen(t *testing.T) {
	const (
		tag   = `{"StringEquals":{"aws:ResourceTag/team":"red"}}`
		spec  = `{"StringEquals":{"kms:KeySpec":"RSA_2048"}}`
		multi = `{"Bool":{"kms:MultiRegion":"true"}}`
		alias = `{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/x"}}`
		path  = `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-exampleorg/*"}}`
		org   = `{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg"}}`
	)
	all := keyFile + tagsFile + grantsFile + aliasesFile
	member := "-- 111122223333/organization.json --\n" + `{"Organization":{"Id":"o-exampleorg","MasterAccountId":"999988887777"}}` + "\n"
	for name, c := range map[string]struct {
		condition, files string
		want             evaluator.Verdict
	}{
		"no tags":                          {tag, all, evaluator.Deny},
		"tags that were not read":          {tag, keyFile + grantsFile + aliasesFile, evaluator.Conditional},
		"a key spec":                       {spec, all, evaluator.Deny},
		"a key that was not described":     {spec, tagsFile + grantsFile + aliasesFile, evaluator.Conditional},
		"a key of one Region":              {multi, all, evaluator.Deny},
		"an older AWS CLI":                 {multi, strings.Replace(all, `,"MultiRegion":false`, "", 1), evaluator.Conditional},
		"no aliases":                       {alias, all, evaluator.Deny},
		"aliases that were not read":       {alias, keyFile + tagsFile + grantsFile, evaluator.Conditional},
		"the aliases of this key":          {alias, keyFile + tagsFile + grantsFile + "-- KEY/aliases.json --\n{\"Aliases\":[]}\n", evaluator.Deny},
		"the aliases of another key":       {alias, keyFile + tagsFile + grantsFile + "-- 111122223333/us-east-1/kms/00000000-0000-0000-0000-000000000000/aliases.json --\n{\"Aliases\":[]}\n", evaluator.Conditional},
		"grants of the key":                {spec, all, evaluator.Deny},
		"grants of two keys":               {spec, keyFile + tagsFile + aliasesFile + "-- retirable.json --\n" + grantsOfTwo + "\n", evaluator.Conditional},
		"the place in an organization":     {path, all + member, evaluator.Conditional},
		"an organization":                  {org, all + member, evaluator.Allow},
		"an organization that was refused": {org, all + "-- manifest.json --\n" + string(manifest("111122223333/organization.json", "organizations:DescribeOrganization").Src) + "\n", evaluator.Conditional},
		"one of two organizations":         {`{"Bool":{"aws:SecureTransport":"true"}}`, all + tree("o-exampleorg") + tree("o-anotherorg"), evaluator.Conditional},
		"an organization without types of policies": {`{"Bool":{"aws:SecureTransport":"true"}}`, all + tree("o-exampleorg") +
			"-- o-exampleorg/r-ab12/accounts.json --\n" + `{"Accounts":[{"Id":"111122223333"}]}` + "\n", evaluator.Conditional},
	} {
		t.Run(name, func(t *testing.T) {
			w := load(t, one(c.condition, c.files))
			p, err := w.Principal("user/a")
			require.NoError(t, err)
			k, _, err := w.Key(app)
			require.NoError(t, err)
			d, err := evaluator.New(w).Authorize(t.Context(), evaluator.Request{
				Principal: p, Action: "kms:Decrypt", Key: k, Context: evaluator.Context{"aws:SecureTransport": {"true"}},
			})
			require.NoError(t, err)
			require.Equal(t, c.want, d.Decision, "%v", w.Warnings)
		})
	}
}

const grantsOfTwo = `{"Grants":[{"KeyId":"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","GrantId":"g","Operations":["Encrypt"],"GranteePrincipal":"arn:aws:iam::111122223333:user/a"},` +
	`{"KeyId":"arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000","GrantId":"h","Operations":["Encrypt"],"GranteePrincipal":"arn:aws:iam::111122223333:user/a"}]}`

// tree is an organization of which little is known.
func tree(id string) string {
	return "-- " + id + "/organization.json --\n" + `{"Organization":{"Id":"` + id + `","MasterAccountId":"999988887777"}}` + "\n" +
		"-- " + id + "/roots.json --\n" + `{"Roots":[{"Id":"r-ab12"}]}` + "\n"
}

// TestNeverAbsent takes every file of a snapshot away, one at a time: an answer stays what it is or becomes conditional, or nobody
// is there to ask about.
func TestNeverAbsent(t *testing.T) {
	files := account(t)
	whole := load(t, files)
	was, defaults := answers(t, whole), whole.Defaults
	require.Contains(t, was, "role/App Sign "+mrk)
	open := 0
	for _, f := range files {
		w := &source.World{Defaults: defaults}
		if snapshot.Load(w, without(files, f.Name)) != nil {
			continue // it is refused
		}
		for question, answer := range answers(t, w) {
			require.Contains(t, []evaluator.Verdict{was[question], evaluator.Conditional}, answer, "without %s: %s", f.Name, question)
			if answer != was[question] {
				open++
			}
		}
	}
	require.Greater(t, open, len(files))
}

// answers decides what everybody may do with every key.
func answers(t *testing.T, w *source.World) map[string]evaluator.Verdict {
	t.Helper()
	out, e := map[string]evaluator.Verdict{}, evaluator.New(w)
	var everybody []string
	for _, u := range w.Users {
		everybody = append(everybody, "user/"+u.Name)
	}
	for _, r := range w.Roles {
		everybody = append(everybody, "role/"+r.Name)
	}
	for _, name := range everybody {
		p, err := w.Principal(name)
		require.NoError(t, err)
		for _, k := range w.Keys {
			for _, action := range []string{"Decrypt", "Encrypt", "PutKeyPolicy", "Sign", "TagResource"} {
				d, err := e.Authorize(t.Context(), evaluator.Request{Principal: p, Action: "kms:" + action, Key: &k.Key, Context: evaluator.Context{}})
				require.NoError(t, err)
				out[name+" "+action+" "+k.ARN] = d.Decision
			}
		}
	}
	return out
}
