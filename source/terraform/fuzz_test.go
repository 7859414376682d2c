package terraform_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/terraform"
)

// small is a plan with a bit of everything: a role, a key whose policy is put together, a module, references.
const small = `{"format_version":"1.2","variables":{"region":{"value":"eu-west-1"}},"resource_changes":[
{"address":"aws_iam_role.r[\"a\"]","change":{"actions":["create"],"before":null,"after":{"name_prefix":"r-","inline_policy":[{"name":"x"}]},"after_unknown":{"arn":true,"name":true,"inline_policy":[{"policy":true}]}}},
{"address":"data.aws_iam_policy_document.d","change":{"actions":["read"],"before":null,"after":{"source_policy_documents":["{\"Statement\":{\"Sid\":\"s\"}}",null],"statement":[{"sid":"s","actions":["kms:*"],"resources":["*"],"principals":[{"type":"AWS","identifiers":[null,"*"]}],"condition":[{"test":"StringEquals","variable":"a:b","values":[null]}]}]},"after_unknown":{"json":true,"source_policy_documents":[false,true],"statement":[{"principals":[{"identifiers":[true,false]}],"condition":[{"values":[true]}]}]}}},
{"address":"aws_kms_key.k","change":{"actions":["delete","create"],"before":{"policy":"{}"},"after":{"multi_region":true},"after_unknown":{"arn":true,"policy":true,"tags_all":true}}},
{"address":"module.m[0].aws_kms_alias.a","change":{"actions":["create"],"before":null,"after":{"name":"alias/a"},"after_unknown":{"target_key_id":true}}},
{"address":"aws_kms_grant.g","change":{"actions":["create"],"before":null,"after":{"operations":["Decrypt"]},"after_unknown":{"key_id":true,"grantee_principal":true}}}],
"configuration":{"provider_config":{"aws":{"name":"aws","expressions":{"region":{"references":["var.region"]}}}},"root_module":{"resources":[
{"address":"aws_iam_role.r","expressions":{"inline_policy":[{"policy":{"references":["aws_kms_key.k.arn","aws_kms_key.k"]}}]},"for_each_expression":{}},
{"address":"data.aws_iam_policy_document.d","expressions":{"source_policy_documents":{"references":["data.aws_iam_policy_document.d.json"]},"statement":[{"principals":[{"identifiers":{"references":["aws_iam_role.r[\"a\"].arn","aws_iam_role.r[\"a\"]","aws_iam_role.r"]}}],"condition":[{"values":{"references":["local.x"]}}]}]}},
{"address":"aws_kms_key.k","provider_config_key":"aws","expressions":{"policy":{"references":["data.aws_iam_policy_document.d.json"]}}},
{"address":"aws_kms_grant.g","expressions":{"key_id":{"references":["module.m[0].key"]},"grantee_principal":{"references":["aws_iam_role.r","each.key"]}}}],
"module_calls":{"m":{"expressions":{"key":{"references":["aws_kms_key.k"]}},"module":{"outputs":{"key":{"expression":{"references":["var.key.arn","var.key"]}}},"resources":[
{"address":"aws_kms_alias.a","expressions":{"target_key_id":{"references":["var.key.id","var.key"]}}}]}}}}}}`

// FuzzLoad feeds plans to Load: it must not panic, every finding must have a position inside the file, a refused plan
// must not change the world, and the same plan must give the same world.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		planWith(``), planWith(keyWith(`"{\"Statement\":[]}"`)), stateWith(``),
		small, planWith(create("aws_organizations_organization.o", `{"id":"o-1","roots":[{"id":"r-1"}],"accounts":[{"id":"111122223333"}]}`)),
		planWith(`{"address":"aws_kms_replica_key.a","change":{"actions":["create"],"after":{},"after_unknown":{"primary_key_arn":true}}}`),
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, src []byte, before bool) {
		w, again := &source.World{}, &source.World{}
		options := terraform.Options{Before: before}
		err := terraform.Load(w, "f.json", src, options)
		findings := w.Warnings
		if err != nil {
			diags, ok := errors.AsType[policy.Diagnostics](err)
			require.True(t, ok, "%T", err)
			require.NotEmpty(t, diags)
			require.Equal(t, &source.World{}, w)
			findings = diags
		}
		for _, d := range findings {
			require.NotEmpty(t, d.Code)
			require.Equal(t, "f.json", d.Pos.File, "%v", d)
			require.Positive(t, d.Pos.Line, "%v", d)
			require.Positive(t, d.Pos.Column, "%v", d)
			require.LessOrEqual(t, d.Pos.Offset, len(src), "%v", d)
		}
		if err == nil {
			require.NoError(t, terraform.Load(again, "f.json", src, options))
			require.Equal(t, w, again)
		}
	})
}
