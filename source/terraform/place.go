package terraform

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strictkms/strictkms/policy"
)

// place is where a provider configuration makes things.
type place struct {
	account, region, partition string
}

// root is the ARN of the account.
func (l *place) root() string { return "arn:" + l.partition + ":iam::" + l.account + ":root" }

// where returns the place of a resource. The argument region is that of version 6 of the provider.
func (r *resource) where() *place {
	key := ""
	if r.config != nil {
		key = r.config.ProviderConfigKey
	}
	l := r.p.placeOf(key)
	own := *l
	if v := r.get("region"); v.kind == textValue && regionName.MatchString(v.text) {
		own.region, own.partition = v.text, policy.PartitionOf(v.text)
	}
	if arn, ok := policy.ParseARN(r.get("arn").text); ok && policy.IsAccountID(arn.Account) {
		own.account, own.partition = arn.Account, arn.Partition
		own.region = cmp.Or(arn.Region, own.region)
	} else if arn, ok := policy.ParseARN(r.get("primary_key_arn").text); ok && policy.IsAccountID(arn.Account) {
		own.account = arn.Account // a replica key is in the account of its primary key
	}
	return &own
}

// placeOf returns the place of a provider configuration: what its resources that are there already say, what data
// sources say, what it is configured with, or what the options say.
func (p *plan) placeOf(key string) *place {
	if l := p.places[key]; l != nil {
		return l
	}
	l := &place{}
	p.places[key] = l
	provider := p.provider(key)
	l.region = p.regionOf(key, provider)
	l.account = p.accountOf(key, provider)
	for _, other := range p.providers() {
		// Another configuration with the same credentials, such as one for another Region, is of the same account.
		if l.account == "" && provider != nil && other != key && sameCredentials(provider, p.provider(other)) {
			l.account = p.accountOf(other, p.provider(other))
		}
	}
	if l.account == "" {
		l.account = p.opts.Account
		if provider != nil && provider.Expressions["assume_role"] != nil && p.config != nil {
			p.warn(0, "unknown-account", "the account of the provider %s, which assumes a role, is not in the plan: it is taken to be %s",
				key, p.opts.Account)
		}
	}
	l.region = cmp.Or(l.region, p.opts.Region)
	l.partition = policy.PartitionOf(l.region)
	return l
}

// providers are the keys of the provider configurations.
func (p *plan) providers() []string {
	if p.config == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(p.config.ProviderConfigs))
}

// provider finds a provider configuration by the key that a resource gives. A module that has none of its own
// uses that of the module above it.
func (p *plan) provider(key string) *tfjson.ProviderConfig {
	if p.config == nil {
		return nil
	}
	if c := p.config.ProviderConfigs[key]; c != nil {
		return c
	}
	return p.config.ProviderConfigs[key[strings.LastIndex(key, ":")+1:]]
}

// sameCredentials reports whether two configurations differ in the Region only.
func sameCredentials(a, b *tfjson.ProviderConfig) bool {
	if a == nil || b == nil || a.Name != b.Name {
		return false
	}
	credentials := func(c *tfjson.ProviderConfig) map[string]*tfjson.Expression {
		out := maps.Clone(c.Expressions)
		maps.DeleteFunc(out, func(name string, _ *tfjson.Expression) bool {
			return name == "region" || name == "default_tags" || name == "endpoints" || name == "ignore_tags" ||
				strings.HasPrefix(name, "skip_") || strings.HasPrefix(name, "s3_")
		})
		return out
	}
	return reflect.DeepEqual(credentials(a), credentials(b))
}

// regionOf returns the Region of a provider configuration, empty when the plan does not tell.
func (p *plan) regionOf(key string, provider *tfjson.ProviderConfig) string {
	if provider != nil {
		if text, ok := p.argument(provider.Expressions["region"]); ok && regionName.MatchString(text) {
			return text
		}
	}
	for _, r := range p.order {
		if r.providerKey() != key {
			continue
		}
		if r.data && r.typ == "aws_region" {
			for _, name := range []string{"region", "name", "id"} {
				if text := r.get(name).text; regionName.MatchString(text) {
					return text
				}
			}
		}
		if arn, ok := policy.ParseARN(r.get("arn").text); ok && !r.data && strings.HasPrefix(r.typ, "aws_kms_") && r.get("region").kind == noValue {
			return arn.Region
		}
	}
	return ""
}

func (r *resource) providerKey() string {
	if r.config == nil {
		return ""
	}
	return r.config.ProviderConfigKey
}

// accountOf returns the account of a provider configuration, empty when the plan does not tell.
func (p *plan) accountOf(key string, provider *tfjson.ProviderConfig) string {
	for _, r := range slices.Concat(p.order, p.replaced) {
		if r.providerKey() != key {
			continue
		}
		if id := r.get("account_id").text; r.data && r.typ == "aws_caller_identity" && policy.IsAccountID(id) {
			return id
		}
		if !r.data && ours(r.typ) {
			if arn, ok := policy.ParseARN(r.get("arn").text); ok && policy.IsAccountID(arn.Account) {
				return arn.Account
			}
		}
	}
	if provider == nil {
		return ""
	}
	for _, block := range blocks(provider.Expressions["assume_role"]) {
		if text, ok := p.argument(block["role_arn"]); ok {
			if arn, ok := policy.ParseARN(text); ok && policy.IsAccountID(arn.Account) {
				return arn.Account
			}
		}
	}
	if e := provider.Expressions["allowed_account_ids"]; e != nil && e.ExpressionData != nil {
		if ids, ok := e.ConstantValue.([]any); ok && len(ids) == 1 {
			if id, ok := ids[0].(string); ok && policy.IsAccountID(id) {
				return id
			}
		}
	}
	return ""
}

func blocks(e *tfjson.Expression) []map[string]*tfjson.Expression {
	if e == nil || e.ExpressionData == nil {
		return nil
	}
	return e.NestedBlocks
}

// argument returns an argument of a provider that is written as a text or as a variable of the root module.
func (p *plan) argument(e *tfjson.Expression) (string, bool) {
	if e == nil || e.ExpressionData == nil {
		return "", false
	}
	if text, ok := e.ConstantValue.(string); ok {
		return text, true
	}
	references := mains(e.References)
	if len(references) != 1 {
		return "", false
	}
	name, ok := strings.CutPrefix(references[0], "var.")
	if !ok {
		return "", false
	}
	v := p.variables[name].Get("value")
	return v.Str, v.Str != ""
}
