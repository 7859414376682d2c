package files

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// keys reads keys by key id or key ARN.
func (a account) keys(n *yaml.Node) {
	a.entries(n, "keys by id", func(id string, key, value *yaml.Node) {
		if id == "" || !strings.HasPrefix(id, "arn:") && strings.ContainsAny(id, "/:") {
			a.fail("key-id", key, "expected a key id or a key ARN")
			return
		}
		a.key(id, key, value)
	})
}

// key reads one key. What is not said is as CreateKey makes it
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html).
func (a account) key(id string, key, value *yaml.Node) {
	k := &source.Key{Pos: a.file.Position(key)}
	k.Spec, k.Origin, k.MultiRegion = "SYMMETRIC_DEFAULT", "AWS_KMS", "false"
	region := a.defaults.Region
	var policyNode, grantsNode *yaml.Node
	a.fields(value, "a key", map[string]func(*yaml.Node){
		"region":                a.into(&region, "a Region"),
		"policy":                func(n *yaml.Node) { policyNode = n },
		"aliases":               func(n *yaml.Node) { k.Aliases = a.aliases(n) },
		"grants":                func(n *yaml.Node) { grantsNode = n },
		"tags":                  func(n *yaml.Node) { k.Tags = a.textMap(n, "tags") },
		"spec":                  a.into(&k.Spec, "a key spec"),
		"usage":                 a.into(&k.Usage, "a key usage"),
		"origin":                a.into(&k.Origin, "an origin"),
		"multi-region":          func(n *yaml.Node) { k.MultiRegion = boolText(a.boolean(n, "multi-region")) },
		"multi-region-key-type": a.oneOf(&k.MultiRegionKeyType, "PRIMARY", "REPLICA"),
		"manager": func(n *yaml.Node) {
			var manager string
			a.oneOf(&manager, "CUSTOMER", "AWS")(n)
			k.AWSManaged = manager == "AWS"
		},
	})
	if k.ARN = a.keyARN(id, region, key); k.ARN == "" {
		return
	}
	if k.Usage == "" {
		k.Usage = a.usage(k.Spec, key)
	}
	if k.MultiRegion == "true" && k.MultiRegionKeyType == "" {
		k.MultiRegionKeyType = "PRIMARY"
	}
	if policyNode != nil {
		k.Policy = a.policy(policy.KeyPolicy, keyPolicyName(k.ARN), policyNode)
	} else {
		k.Policy = a.defaultKeyPolicy(k.ARN)
	}
	if grantsNode != nil {
		a.items(grantsNode, "grants", func(n *yaml.Node) { k.Grants = append(k.Grants, a.grant(k.ARN, n)) })
	}
	a.world.Keys = append(a.world.Keys, k)
}

// keyARN returns the ARN of a key that is named by id or ARN, empty if it has none.
func (a account) keyARN(id, region string, n *yaml.Node) string {
	if strings.HasPrefix(id, "arn:") {
		parts := strings.SplitN(id, ":", 6)
		if len(parts) != 6 || parts[2] != "kms" || parts[3] == "" || parts[4] != a.id || !strings.HasPrefix(parts[5], "key/") {
			a.fail("key-arn", n, "expected a key ARN of account "+a.id+": arn:PARTITION:kms:REGION:"+a.id+":key/ID")
			return ""
		}
		return id
	}
	if region == "" {
		a.fail("no-region", n, "the key has no region, and there is no default Region")
		return ""
	}
	return "arn:" + a.defaults.Partition + ":kms:" + region + ":" + a.id + ":key/" + id
}

// keyPolicyName is how explanations name a key policy: key/ID.
func keyPolicyName(arn string) string {
	_, id, _ := strings.Cut(arn, ":key/")
	return "key/" + id
}

// usage returns the usage that a key of this spec has when none is said: as in CreateKey, only
// symmetric encryption keys have one.
func (a account) usage(spec string, n *yaml.Node) string {
	if spec == "SYMMETRIC_DEFAULT" {
		return "ENCRYPT_DECRYPT"
	}
	a.fail("no-usage", n, "expected a usage: only keys of spec SYMMETRIC_DEFAULT have one by themselves")
	return ""
}

// defaultKeyPolicy is what a key gets that is made without a policy: the account may give
// permissions by IAM policies
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
func (a account) defaultKeyPolicy(arn string) *policy.Document {
	src := `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow",` +
		`"Principal":{"AWS":"` + "arn:" + a.defaults.Partition + ":iam::" + a.id + ":root" + `"},"Action":"kms:*","Resource":"*"}]}`
	doc, diags := policy.Parse(policy.KeyPolicy, keyPolicyName(arn), []byte(src))
	a.diags = append(a.diags, diags...)
	return doc
}

// aliases reads alias names.
func (a account) aliases(n *yaml.Node) []string {
	names := a.texts(n, "aliases")
	for _, name := range names {
		if !strings.HasPrefix(name, "alias/") || name == "alias/" {
			a.fail("alias-name", n, "expected an alias name that begins with alias/")
		}
	}
	return names
}

// oneOf reads one of a few words.
func (r *reader) oneOf(field *string, words ...string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		*field = yamljson.Resolve(n).Value
		if slices.Contains(words, *field) {
			return
		}
		r.fail("unknown-word", n, "expected "+strings.Join(words, " or "))
	}
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// grant reads an entry of the answer of ListGrants
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html).
func (a account) grant(keyARN string, n *yaml.Node) *evaluator.Grant {
	g := &evaluator.Grant{KeyARN: keyARN, IssuingAccount: a.id, Pos: a.file.Position(n)}
	ignored := func(*yaml.Node) {}
	a.fields(n, "a grant", map[string]func(*yaml.Node){
		"GrantId":                  a.into(&g.ID, "a grant id"),
		"Name":                     a.into(&g.Name, "a name"),
		"GranteePrincipal":         a.into(&g.GranteePrincipal, "a principal"),
		"GranteeServicePrincipal":  a.into(&g.GranteeServicePrincipal, "a service"),
		"RetiringPrincipal":        a.into(&g.RetiringPrincipal, "a principal"),
		"RetiringServicePrincipal": a.into(&g.RetiringServicePrincipal, "a service"),
		"IssuingAccount":           a.into(&g.IssuingAccount, "an account"),
		"Operations":               func(n *yaml.Node) { g.Operations = a.operations(n) },
		"Constraints":              func(n *yaml.Node) { a.constraints(g, n) },
		"KeyId":                    ignored, // the key says it
		"CreationDate":             ignored, // grants do not expire
	})
	if g.ID == "" {
		a.fail("no-grant-id", n, "expected a GrantId")
	}
	if (g.GranteePrincipal == "") == (g.GranteeServicePrincipal == "") {
		a.fail("grantee", n, "expected either GranteePrincipal or GranteeServicePrincipal")
	}
	if g.RetiringPrincipal != "" && g.RetiringServicePrincipal != "" {
		a.fail("retiring-principal", n, "expected RetiringPrincipal or RetiringServicePrincipal, not both")
	}
	if len(g.Operations) == 0 {
		a.fail("no-operations", n, "expected at least one of Operations")
	}
	return g
}

// operations reads what a grant allows: actions without their kms: prefix.
func (a account) operations(n *yaml.Node) []string {
	names := a.texts(n, "operations")
	for _, name := range names {
		action, ok := policy.LookupAction("kms:" + name)
		if !ok || !action.Grantable || action.Operation() != name {
			a.fail("grant-operation", n, "a grant cannot have the operation "+name+": expected the name of a grant operation, for example Decrypt")
		}
	}
	return names
}

func (a account) constraints(g *evaluator.Grant, n *yaml.Node) {
	a.fields(n, "grant constraints", map[string]func(*yaml.Node){
		"EncryptionContextEquals": func(n *yaml.Node) { g.EncryptionContextEquals = a.textMap(n, "EncryptionContextEquals") },
		"EncryptionContextSubset": func(n *yaml.Node) { g.EncryptionContextSubset = a.textMap(n, "EncryptionContextSubset") },
		"SourceArn":               a.into(&g.SourceArn, "an ARN"),
	})
}
