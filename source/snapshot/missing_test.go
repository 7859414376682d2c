package snapshot_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source/snapshot"
)

// without returns the files except one.
func without(files []snapshot.File, name string) []snapshot.File {
	return slices.DeleteFunc(slices.Clone(files), func(f snapshot.File) bool { return f.Name == name })
}

// manifest says that a call was refused.
func manifest(file, operation string) snapshot.File {
	return snapshot.File{Name: "manifest.json", Src: []byte(`{"strictkmsSnapshot": 1, "accounts": {"111122223333": {}},
		"failures": [{"file": "` + file + `", "operation": "` + operation + `", "code": "AccessDeniedException"}]}`)}
}

// TestMissing takes one file away: what depends on it is conditional, and the rest is as it was.
func TestMissing(t *testing.T) {
	type question struct {
		principal, action, key string
		verdict                evaluator.Verdict
	}
	for _, test := range []struct {
		file, operation string
		warning         string
		questions       []question
	}{
		{appFolder + "policy.json", "kms:GetKeyPolicy", "its key policy is not in the snapshot (kms:GetKeyPolicy: AccessDeniedException): what it allows or denies is unknown", []question{
			{"user/alice", "Decrypt", "alias/app", evaluator.Conditional},
			{"user/alice", "Encrypt", "alias/app", evaluator.Deny}, // an SCP denies it, whatever the key policy says
			{"role/App", "Sign", mrk, evaluator.Allow},
		}},
		{appFolder + "grants.json", "kms:ListGrants", "the list of its grants is not in the snapshot (kms:ListGrants: AccessDeniedException): what they allow is unknown", []question{
			{"user/alice", "Decrypt", "alias/app", evaluator.Allow},
			{"role/App", "Decrypt", "alias/app", evaluator.Conditional},
			{"role/App", "Encrypt", "alias/app", evaluator.Deny},
			{"user/alice", "PutKeyPolicy", "alias/app", evaluator.Deny}, // which no grant can allow
			{"role/App", "Sign", mrk, evaluator.Allow},
		}},
		{appFolder + "tags.json", "kms:ListResourceTags", "the list of its tags is not in the snapshot (kms:ListResourceTags: AccessDeniedException)", nil},
		{appFolder + "key.json", "kms:DescribeKey", "what describe-key says of it is not in the snapshot (kms:DescribeKey: AccessDeniedException)", nil},
		{"111122223333/us-east-1/kms/aliases.json", "kms:ListAliases", "the list of aliases is not in the snapshot (kms:ListAliases: AccessDeniedException)", nil},
		{organization + "ou-ab12-11111111/scps.json", "organizations:ListPoliciesForTarget", "which policies of type SERVICE_CONTROL_POLICY are attached to ou-ab12-11111111 is not in the snapshot (organizations:ListPoliciesForTarget: AccessDeniedException): what they deny is unknown", []question{
			{"user/alice", "Decrypt", "alias/app", evaluator.Conditional},
			{"role/App", "Decrypt", "alias/app", evaluator.Deny},
		}},
		{organization + "policies/p-noencrypt.json", "organizations:DescribePolicy", "the text of the policy NoEncrypt is not in the snapshot (organizations:DescribePolicy: AccessDeniedException): what it allows or denies is unknown", []question{
			{"user/alice", "Decrypt", "alias/app", evaluator.Conditional},
		}},
		{organization + "roots.json", "organizations:ListRoots", "which policies of organization o-exampleorgid account 111122223333 is under is not in the snapshot: what they deny is unknown", []question{
			{"user/alice", "Decrypt", "alias/app", evaluator.Conditional},
			{"role/App", "Decrypt", "alias/app", evaluator.Deny},
		}},
		{organization + "ou-ab12-11111111/accounts.json", "organizations:ListAccountsForParent", "which policies of organization o-exampleorgid account 111122223333 is under is not in the snapshot", []question{
			{"user/alice", "Decrypt", "alias/app", evaluator.Conditional},
		}},
	} {
		t.Run(test.file, func(t *testing.T) {
			w := load(t, append(without(account(t), test.file), manifest(test.file, test.operation)))
			require.Contains(t, w.Warnings.Error(), test.warning)
			for _, d := range w.Warnings {
				require.True(t, d.Pos.IsValid())
			}
			for _, q := range test.questions {
				d := decide(t, w, q.principal, q.action, q.key)
				require.Equal(t, q.verdict, d.Decision, "%s %s %s", q.principal, q.action, q.key)
			}
			if len(test.questions) == 0 { // what cannot be judged is said with every decision
				d := decide(t, w, "user/alice", "Decrypt", app)
				before, _, _ := strings.Cut(test.warning, " (")
				require.Contains(t, strings.Join(d.Warnings, "\n"), before)
			}
		})
	}
}

// TestNoOrganization is about an account that is in an organization of which nothing else was asked.
func TestNoOrganization(t *testing.T) {
	files := slices.DeleteFunc(account(t), func(f snapshot.File) bool { return strings.HasPrefix(f.Name, organization) })
	w := load(t, files)
	const text = "the service control policies and resource control policies of organization o-exampleorgid are not in the snapshot"
	require.Contains(t, w.Warnings.Error(), text)
	require.Equal(t, "o-exampleorgid", w.Accounts["111122223333"].OrganizationID)
	d := decide(t, w, "role/App", "Encrypt", app)
	require.Equal(t, evaluator.Allow, d.Decision)
	require.Contains(t, strings.Join(d.Warnings, "\n"), text)

	refused := append(without(files, "111122223333/organization.json"), manifest("111122223333/organization.json", "organizations:DescribeOrganization"))
	d = decide(t, load(t, refused), "role/App", "Encrypt", app)
	require.Contains(t, strings.Join(d.Warnings, "\n"), "whether account 111122223333 is in an organization is not known")
}

// TestUnreadable is about policies that are in force and that are not understood here.
func TestUnreadable(t *testing.T) {
	replaced := func(file, old, text string) []snapshot.File {
		files := account(t)
		for i, f := range files {
			if f.Name == file {
				require.Contains(t, string(f.Src), old)
				files[i].Src = []byte(strings.Replace(string(f.Src), old, text, 1))
			}
		}
		return files
	}
	for name, test := range map[string]struct {
		files                  []snapshot.File
		principal, action, key string
		warning                string
	}{
		"key policy": {
			replaced(appFolder+"policy.json", `\"Effect\"`, `\"Effekt\"`), "user/alice", "Decrypt", app,
			`policy.json:2:72: warning: key/1234abcd-12ab-34cd-56ef-1234567890ab is in force but cannot be read here, so that what it says is unknown: `,
		},
		"inline policy, URL-encoded": {
			replaced("111122223333/iam.json", "%22Effect", "%22Effekt"), "user/alice", "Decrypt", app,
			`111122223333/iam.json:12:105: warning: user/alice/own is in force but cannot be read here`,
		},
		"managed policy without its default version": {
			replaced("111122223333/iam.json", `"IsDefaultVersion": true`, `"IsDefaultVersion": false`), "role/App", "TagResource", app,
			"111122223333/iam.json:99:9: warning: the default version of arn:aws:iam::111122223333:policy/team/UseKeys is not in the snapshot",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := load(t, test.files)
			require.Contains(t, w.Warnings.Error(), test.warning)
			require.Equal(t, evaluator.Conditional, decide(t, w, test.principal, test.action, test.key).Decision)
		})
	}
}
