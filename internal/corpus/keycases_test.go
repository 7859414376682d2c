package corpus

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
)

var update = flag.Bool("update", false, "rewrite the cases of condition keys")

// keyCasesFile holds, for each operation, each condition key that its requests have: matching and not matching, with
// a value and without. It is written by TestKeyCases, which writes it again with -update.
const keyCasesFile = "../../testdata/decisions/condition-keys.yaml"

// TestKeyCases holds the cases to what the catalogue says that operations populate.
func TestKeyCases(t *testing.T) {
	text := keyCases()
	if *update {
		require.NoError(t, os.WriteFile(keyCasesFile, []byte(text), 0o600))
	}
	have, err := os.ReadFile(keyCasesFile)
	require.NoError(t, err)
	require.Equal(t, string(have), text, "go test ./internal/corpus -run KeyCases -update")
}

// The values that requests have in the cases. A key that is not here has the value "here".
var caseValues = map[string]string{
	"kms:CallerAccount": Defaults.Account, "kms:CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "kms:KeySpec": "SYMMETRIC_DEFAULT",
	"kms:CustomerMasterKeyUsage": "ENCRYPT_DECRYPT", "kms:KeyUsage": "ENCRYPT_DECRYPT", "kms:KeyOrigin": "AWS_KMS",
	"kms:MultiRegionKeyType": "PRIMARY", "kms:ResourceAliases": "alias/app", "kms:RequestAlias": "alias/app",
	"kms:EncryptionContextKeys": "tenant", "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "kms:GrantOperations": "Decrypt",
	"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:ValidTo": "2030-01-02T03:04:05Z", "kms:MessageType": "RAW",
	"kms:RotationPeriodInDays": "365", "kms:ScheduleKeyDeletionPendingWindowInDays": "30", "kms:TrailingDaysWithoutKeyUsage": "7",
	"kms:GrantConstraintSourceArn": "arn:aws:s3:::here", "kms:DataKeyPairSpec": "RSA_2048", "kms:MacAlgorithm": "HMAC_SHA_256",
	"kms:SigningAlgorithm": "RSASSA_PSS_SHA_256", "kms:KeyAgreementAlgorithm": "ECDH", "kms:PrimaryRegion": "eu-west-2",
	"kms:ReplicaRegion": "eu-west-2", "kms:WrappingAlgorithm": "RSAES_OAEP_SHA_256", "kms:WrappingKeySpec": "RSA_2048",
	"kms:ExpirationModel": "KEY_MATERIAL_EXPIRES", "kms:GrantConstraintType": "EncryptionContextEquals",
	"kms:GranteePrincipal": "arn:aws:iam::111122223333:user/here", "kms:RetiringPrincipal": "arn:aws:iam::111122223333:user/here",
	"kms:GranteeServicePrincipal": "s3.amazonaws.com", "kms:RetiringServicePrincipal": "s3.amazonaws.com", "aws:TagKeys": "env",
}

// caseKey is a condition key of the catalogue with the free part of its name filled in.
type caseKey struct {
	*policy.ConditionKey
	full string
	sid  string
}

func newCaseKey(k *policy.ConditionKey) caseKey {
	full := strings.NewReplacer("${EncryptionContextKey}", "tenant", "${TagKey}", "env").Replace(k.Name)
	_, after, _ := strings.Cut(full, ":")
	return caseKey{ConditionKey: k, full: full, sid: strings.NewReplacer(":", "", "/", "").Replace(after)}
}

func (k caseKey) value() string {
	if v := caseValues[k.full]; v != "" {
		return v
	}
	if k.Type == policy.KeyTypeBool {
		return "true"
	}
	return "here"
}

// other is a value that the request does not have.
func (k caseKey) other() string {
	switch k.Type {
	case policy.KeyTypeBool:
		return "false"
	case policy.KeyTypeNumeric:
		return "1234"
	case policy.KeyTypeDate:
		return "2031-01-01T00:00:00Z"
	case policy.KeyTypeARN:
		return "arn:aws:s3:::elsewhere"
	default:
		return "elsewhere"
	}
}

// condition writes a condition for which the request must, or with negated must not, have a value.
func (k caseKey) condition(value string, negated bool) string {
	quantifier, operator := "", "StringEquals"
	switch k.Type {
	case policy.KeyTypeBool:
		operator = "Bool"
	case policy.KeyTypeNumeric:
		operator = "NumericEquals"
	case policy.KeyTypeDate:
		operator = "DateEquals"
	case policy.KeyTypeARN:
		operator = "ArnEquals"
	default:
	}
	if k.Multivalued {
		quantifier = "ForAnyValue:"
	}
	if !negated {
		return fmt.Sprintf("{%q: {%q: %q}}", quantifier+operator, k.full, value)
	}
	if k.Multivalued {
		quantifier = "ForAllValues:"
	}
	operator = strings.Replace(operator, "Equals", "NotEquals", 1)
	if k.Type == policy.KeyTypeBool {
		operator = "StringNotEquals"
	}
	return fmt.Sprintf(`{%q: {%q: %q}, "Null": {%q: "false"}}`, quantifier+operator, k.full, value, k.full)
}

// statement writes a statement about the key alone.
func (k caseKey) statement(effect, principal string, right bool) string {
	value, negated := k.value(), effect == "Deny"
	if !right {
		value = k.other()
	}
	return fmt.Sprintf(`{Sid: %s, Effect: %s, %sAction: "kms:*", Resource: "*", Condition: %s}`, k.sid, effect, principal, k.condition(value, negated))
}

// keysOf are the condition keys of a part that requests for an action have besides the global keys.
func keysOf(a *policy.Action, part string) []caseKey {
	var out []caseKey
	for _, name := range a.ConditionKeys {
		known, _ := policy.LookupConditionKey(name)
		if k := newCaseKey(known); k.part() == part {
			out = append(out, k)
		}
	}
	return out
}

// follows reports whether the key has its value without the request giving it: it follows from the caller and the key.
func (k caseKey) follows(a *policy.Action) bool {
	switch k.Name {
	case "kms:CallerAccount":
		return true
	case "aws:ResourceTag/${TagKey}", "kms:CustomerMasterKeySpec", "kms:CustomerMasterKeyUsage", "kms:KeyOrigin", "kms:KeySpec", "kms:KeyUsage",
		"kms:MultiRegion", "kms:MultiRegionKeyType", "kms:ResourceAliases":
		return a.On("key")
	default:
		return false
	}
}

// kmsActions are the actions of KMS.
func kmsActions() []*policy.Action {
	var out []*policy.Action
	for _, a := range policy.Actions() {
		if strings.HasPrefix(a.Name, "kms:") {
			out = append(out, a)
		}
	}
	return out
}

// parts divide the keys: those of attestation documents are many and few operations have them.
var parts = []string{"named", "attested"}

// part is the part that a key belongs to.
func (k caseKey) part() string {
	if strings.HasPrefix(k.full, "kms:RecipientAttestation") {
		return "attested"
	}
	return "named"
}

// policyName is the identity policy that the key's statement is in: inline policies have a limit.
func (k caseKey) policyName() string {
	switch {
	case strings.Contains(k.full, "NitroTPM"):
		return "NitroTPM"
	case k.part() == "attested":
		return "Attested"
	default:
		return "Named"
	}
}

// keyCases writes the file.
func keyCases() string {
	var b strings.Builder
	b.WriteString(`# Every condition key of every operation that has it: with the value that a policy wants, with another, and missing.
# Written by go test ./internal/corpus -run KeyCases -update from policy/catalogue, which cites its sources.
worlds:
`)
	for _, part := range parts {
		var keys []caseKey
		seen := map[string]bool{}
		for _, a := range kmsActions() {
			for _, k := range keysOf(a, part) {
				if !seen[k.full] {
					seen[k.full] = true
					keys = append(keys, k)
				}
			}
		}
		slices.SortFunc(keys, func(a, b caseKey) int { return strings.Compare(a.full, b.full) })
		writeKeyWorld(&b, part, keys)
	}
	b.WriteString("cases:\n")
	for _, a := range kmsActions() {
		for _, part := range parts {
			if part == "named" || len(keysOf(a, part)) > 0 {
				for _, c := range casesOf(a, part) {
					c.write(&b, a)
				}
			}
		}
	}
	return b.String()
}

// variants are policies with one statement for each condition key, which wants the value that requests have or another.
var variants = []struct {
	name, effect string
	right        bool
}{{"right", "Allow", true}, {"wrong", "Allow", false}, {"deny-wrong", "Deny", false}, {"deny-right", "Deny", true}}

// writeKeyWorld writes users and keys with the variants as their policies, and a key that leaves everything to IAM.
func writeKeyWorld(b *strings.Builder, part string, keys []caseKey) {
	fmt.Fprintf(b, "  %s:\n    accounts:\n      \"111122223333\":\n        users:\n          nobody: {}\n", part)
	for _, v := range variants {
		fmt.Fprintf(b, "          %s:\n            policies:\n", v.name)
		if v.effect == "Deny" {
			b.WriteString(`              Base: {Version: "2012-10-17", Statement: {Sid: All, Effect: Allow, Action: "kms:*", Resource: "*"}}` + "\n")
		}
		for _, name := range []string{"Named", "Attested", "NitroTPM"} {
			first := true
			for _, k := range keys {
				if k.policyName() != name {
					continue
				}
				if first {
					fmt.Fprintf(b, "              %s:\n                Version: \"2012-10-17\"\n                Statement:\n", name)
				}
				first = false
				fmt.Fprintf(b, "                  - %s\n", k.statement(v.effect, "", v.right))
			}
		}
	}
	b.WriteString("        keys:\n")
	grant := `{GrantId: %s, GranteePrincipal: "arn:aws:iam::111122223333:role/Nobody", Operations: [Decrypt], RetiringPrincipal: "arn:aws:iam::111122223333:user/%s"}`
	head := "            policy:\n              Version: \"2012-10-17\"\n              Statement:\n"
	for _, v := range variants {
		fmt.Fprintf(b, "          mrk-%s:\n            multi-region: true\n            grants: ["+grant+"]\n"+head, v.name, "g", "nobody")
		principal := `Principal: {AWS: "arn:aws:iam::111122223333:user/nobody"}, `
		if v.effect == "Deny" {
			fmt.Fprintf(b, "                - {Sid: All, Effect: Allow, %sAction: \"kms:*\", Resource: \"*\"}\n", principal)
		}
		for _, k := range keys {
			if !k.IAMOnly {
				fmt.Fprintf(b, "                - %s\n", k.statement(v.effect, principal, v.right))
			}
		}
	}
	fmt.Fprintf(b, "          mrk-iam:\n            multi-region: true\n            aliases: [alias/app]\n            tags: {env: here}\n            grants: ["+
		grant+", "+grant+"]\n"+head, "wrong", "deny-wrong", "right", "deny-right")
	b.WriteString("                - {Sid: Delegate, Effect: Allow, Principal: {AWS: \"111122223333\"}, Action: \"kms:*\", Resource: \"*\"}\n")
}
