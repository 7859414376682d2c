package snapshot_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/snapshot"
)

func TestRefuses(t *testing.T) {
	for name, test := range map[string]struct{ files, want string }{
		"not JSON": {"-- a/iam.json --\n{\"UserDetailList\": [}\n", "a/iam.json:1:21: not valid JSON: invalid character '}' looking for beginning of value: expected the output of an AWS CLI command"},
		"wrong types": {
			"-- iam.json --\n{\"UserDetailList\": {},\n\"RoleDetailList\": [1, {\"RoleName\": 2}]}\n",
			"iam.json:1:20: UserDetailList is an object: expected a list, as aws iam get-account-authorization-details writes it\n" +
				"iam.json:2:20: an entry of RoleDetailList is a number: expected an object, as aws iam get-account-authorization-details writes it\n" +
				"iam.json:2:23: Arn is missing: expected it as aws iam get-account-authorization-details writes it\n" +
				"iam.json:2:36: RoleName is a number: expected a string, as aws iam get-account-authorization-details writes it",
		},
		"an ARN of something else": {
			"-- iam.json --\n{\"UserDetailList\": [{\"UserName\": \"a\", \"Arn\": \"arn:aws:iam::111122223333:user/b\"}]}\n",
			"iam.json:1:46: expected the ARN of the user /a",
		},
		"cut off": {
			"-- keys.json --\n{\"Keys\": [], \"NextToken\": \"x\"}\n",
			"keys.json:1:27: the output is cut off: NextToken says that there is more; run aws kms list-keys without --max-items, --page-size and --no-paginate",
		},
		"a policy of nobody": {
			"-- policy.json --\n{\"Policy\": \"{}\"}\n",
			"policy.json:1:1: the output of aws kms get-key-policy does not say of which key it is: expected it in a folder that is called as the key id, with ACCOUNT/REGION above it",
		},
		"a policy of an unknown key": {
			"-- 1234abcd-12ab-34cd-56ef-1234567890ab/policy.json --\n{\"Policy\": \"{}\"}\n",
			"1234abcd-12ab-34cd-56ef-1234567890ab/policy.json:1:1: no other file has the key 1234abcd-12ab-34cd-56ef-1234567890ab: expected the output of aws kms describe-key or aws kms list-keys, or this file in ACCOUNT/REGION/kms/1234abcd-12ab-34cd-56ef-1234567890ab",
		},
		"a grant of an unknown kind": {
			"-- g.json --\n{\"Grants\": [{\"KeyId\": \"" + app + "\", \"GrantId\": \"g\",\n\"Operations\": [\"Decrypt\", \"Delete\"], \"GranteePrincipal\": \"arn:aws:iam::111122223333:root\",\n\"Constraints\": {\"Hours\": {}}}]}\n",
			"g.json:2:15: \"Delete\" is no operation that a grant can have, as far as is known here\n" +
				"g.json:3:26: unknown grant constraint \"Hours\": expected EncryptionContextEquals, EncryptionContextSubset or SourceArn",
		},
		"a grant to nobody": {
			"-- g.json --\n{\"Grants\": [{\"KeyId\": \"" + app + "\", \"GrantId\": \"g\"}]}\n",
			"g.json:1:13: expected either GranteePrincipal or GranteeServicePrincipal\ng.json:1:13: expected at least one of Operations",
		},
		"a key in the folder of another": {
			"-- 111122223333/us-east-1/kms/00000000-0000-0000-0000-000000000000/key.json --\n{\"KeyMetadata\": {\"Arn\": \"" + app + "\"}}\n",
			"111122223333/us-east-1/kms/00000000-0000-0000-0000-000000000000/key.json:1:25: the file is in a folder of key 00000000-0000-0000-0000-000000000000, " +
				"and this is of key 1234abcd-12ab-34cd-56ef-1234567890ab: expected the output of aws kms describe-key for what the folder is called",
		},
		"grants in the folder of another Region": {
			"-- 111122223333/eu-west-1/g.json --\n{\"Grants\": [{\"KeyId\": \"" + app + "\", \"GrantId\": \"g\"}]}\n",
			"111122223333/eu-west-1/g.json:1:23: the file is in a folder of Region eu-west-1, and this is of Region us-east-1: expected the output of aws kms list-grants for what the folder is called",
		},
		"users in the folder of another account": {
			"-- 444455556666/iam.json --\n{\"UserDetailList\": [{\"UserName\": \"a\", \"Arn\": \"arn:aws:iam::111122223333:user/a\"}]}\n",
			"444455556666/iam.json:1:46: the file is in a folder of account 444455556666, and this is of account 111122223333: expected the output of aws iam get-account-authorization-details for what the folder is called",
		},
		"two partitions": {
			"-- keys.json --\n{\"Keys\": [{\"KeyArn\": \"" + app + "\"}, {\"KeyArn\": \"arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}]}\n",
			"keys.json:1:102: the partition is aws-cn, but other parts of the snapshot are in aws (see keys.json:1:11)",
		},
		"another partition": {
			"-- keys.json --\n{\"Keys\": [{\"KeyArn\": \"arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}]}\n",
			"keys.json:1:11: the snapshot is of partition aws-cn: expected a --region of it, not one of partition aws",
		},
		"twice": {
			"-- a.json --\n{\"KeyMetadata\": {\"Arn\": \"" + app + "\"}}\n-- b.json --\n{\"KeyMetadata\": {\"Arn\": \"" + app + "\"}}\n",
			"b.json:1:17: the key " + app + " is in the snapshot twice (see a.json:1:17)",
		},
		"units of nothing": {
			"-- units.json --\n{\"OrganizationalUnits\": []}\n-- o.json --\n{\"Organization\": {\"Id\": \"o-exampleorgid\", \"MasterAccountId\": \"111122223333\"}}\n-- r.json --\n{\"Roots\": [{\"Id\": \"r-ab12\"}]}\n",
			"units.json:1:1: the output of aws organizations list-organizational-units-for-parent does not say of which root, unit or account it is: expected it in a folder that is called as its id",
		},
		"an organization without itself": {
			"-- r.json --\n{\"Roots\": [{\"Id\": \"r-ab12\"}]}\n",
			"r.json:1:12: the organization that this is part of is not in the snapshot: expected the output of aws organizations describe-organization beside it",
		},
		"a manifest of another version": {
			"-- manifest.json --\n{\"strictkmsSnapshot\": 2}\n",
			"manifest.json:1:23: expected version 1 of a snapshot: it was made by another version of strictkms",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
			err := snapshot.Load(w, archive(test.files))
			require.Error(t, err)
			require.Equal(t, test.want, err.Error())
			require.Empty(t, w.Keys)
			require.Empty(t, w.Warnings)
		})
	}
}

// TestTwice loads the same snapshot again.
func TestTwice(t *testing.T) {
	w := load(t, account(t))
	err := snapshot.Load(w, account(t))
	require.ErrorContains(t, err, "111122223333/iam.json:3:9: user alice of account 111122223333 is defined twice (see 111122223333/iam.json:3:9)")
	require.ErrorContains(t, err, "alias arn:aws:kms:us-east-1:111122223333:alias/app is defined twice")
	require.Len(t, w.Keys, 3)
}

// FuzzLoad holds that any text is read or refused with a position, and that the world is as it was then.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"111122223333/iam.json", appFolder + "policy.json", organization + "r-ab12/units.json", "x.json"} {
		f.Add(name, `{"UserDetailList": [{"UserName": "a", "Arn": "arn:aws:iam::111122223333:user/a", "Path": "/"}]}`)
		f.Add(name, `{"Policy": "{\"Statement\": []}"}`)
		f.Add(name, `{"OrganizationalUnits": [{"Id": "ou-ab12-11111111"}]}`)
		f.Add(name, `{"Grants": [{"KeyId": "`+app+`", "GrantId": "g", "Operations": ["Decrypt"], "GranteePrincipal": "x"}]}`)
	}
	f.Fuzz(func(t *testing.T, name, src string) {
		w := &source.World{}
		err := snapshot.Load(w, []snapshot.File{
			{Name: name, Src: []byte(src)},
			{Name: organization + "organization.json", Src: []byte(`{"Organization": {"Id": "o-exampleorgid", "MasterAccountId": "999988887777"}}`)},
			{Name: organization + "roots.json", Src: []byte(`{"Roots": [{"Id": "r-ab12", "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]}`)},
		})
		if err != nil {
			require.Empty(t, w.Users)
			require.Empty(t, w.Keys)
			require.Regexp(t, `(^|:)\d+:\d+: `, err.Error())
			return
		}
		for _, k := range w.Keys {
			require.NotNil(t, k.Policy)
		}
	})
}
