package diff_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/rapidtest"
	"github.com/strictkms/strictkms/simulator/diff"
)

// contextValues are the values that tell the conditions of drawn worlds apart, by condition key; nil is that it is missing.
var contextValues = map[string][][]string{
	"kms:ViaService":             {nil, {"s3.us-east-1.amazonaws.com"}, {"ec2.us-east-1.amazonaws.com"}, {"rds.us-east-1.amazonaws.com"}},
	"kms:EncryptionContext:t":    {nil, {"a"}, {"b"}, {"ab"}, {"c"}, {"A"}, {"ac"}, {"cb"}, {"cc"}},
	"kms:EncryptionContext:u":    {nil, {"a"}, {"z"}},
	"kms:EncryptionContext:T":    {nil, {"a"}, {"b"}, {"ab"}, {"c"}, {"A"}, {"ac"}, {"cb"}, {"cc"}}, // the same condition key, and another name in kms:EncryptionContextKeys
	"kms:EncryptionContext:U":    {nil, {"a"}, {"z"}},
	"kms:EncryptionContext:v":    {nil, {"a"}},
	"aws:SourceIp":               {nil, {"10.0.0.1"}, {"10.1.0.1"}, {"192.0.2.1"}},
	"aws:MultiFactorAuthPresent": {nil, {"true"}, {"false"}},
	"aws:MultiFactorAuthAge":     {nil, {"10"}, {"70"}, {"200"}},
	"aws:SourceArn":              {nil, {"arn:aws:s3:::bucket/x"}, {"arn:aws:s3:::other/x"}},
	"aws:SecureTransport":        {{"true"}, {"false"}},
}

// contextsFor are all requests by what they carry of the condition keys that one of the worlds mentions.
func contextsFor(worlds ...object) []evaluator.Context {
	var all strings.Builder
	for _, w := range worlds {
		all.WriteString(strings.ToLower(write(w)))
	}
	text := all.String()
	out := []evaluator.Context{{}}
	for _, key := range slices.Sorted(maps.Keys(contextValues)) {
		mentioned := strings.Contains(text, strings.ToLower(key))
		if strings.HasPrefix(key, "kms:EncryptionContext:") { // grants and the list of names, too
			mentioned = mentioned || strings.Contains(text, "encryptioncontextkeys") || strings.Contains(text, `"constraints"`)
		}
		if !mentioned {
			continue
		}
		var more []evaluator.Context
		for _, c := range out {
			for _, v := range contextValues[key] {
				with := maps.Clone(c)
				if v != nil {
					with[key] = v
				}
				more = append(more, with)
			}
		}
		out = more
	}
	out = slices.DeleteFunc(out, func(c evaluator.Context) bool { // AWS does not say which one a policy sees
		return c["kms:EncryptionContext:t"] != nil && c["kms:EncryptionContext:T"] != nil ||
			c["kms:EncryptionContext:u"] != nil && c["kms:EncryptionContext:U"] != nil
	})
	for _, c := range out {
		if c["kms:ViaService"] != nil { // a service makes the call
			c["aws:ViaAWSService"] = []string{"true"}
		}
		if c["aws:SecureTransport"] == nil {
			c["aws:SecureTransport"] = []string{"true"}
		}
	}
	return out
}

// TestEachLineIsConfirmed draws two worlds, and looks for a request behind every line about somebody who was loaded: one
// that the one world allows and the other one denies. Every request whose answer changes is looked for in the lines.
func TestEachLineIsConfirmed(t *testing.T) {
	counts := map[string]int{}
	kinds := []string{"gained", "widened", "narrowed", "lost", "verdict same", "verdict narrower", "verdict wider"}
	missing := func(kind string) bool { return counts[kind] == 0 }
	check := func(rt *rapid.T) {
		d := drawer{rt}
		before := d.world()
		after := d.mutated(before)
		sides := [2]diff.Side{load(t, "old.yaml", write(before)), load(t, "new.yaml", write(after))}
		r, err := diff.Compare(t.Context(), sides[0], sides[1])
		require.NoError(t, err)
		counts["verdict "+string(r.Verdict)]++
		all := contextsFor(before, after)
		for _, name := range []string{"user/alice", "user/bob", "role/App", "role/App/night", "root"} {
			principal := "arn:aws:iam::111122223333:" + strings.TrimSuffix(name, "/night")
			if session := "arn:aws:sts::111122223333:assumed-role/App/night"; name == "role/App/night" && strings.Contains(write(before)+write(after), session) {
				principal = session // it is not like the other sessions of the role
			}
			for _, action := range []string{"kms:Decrypt", "kms:CreateGrant", "kms:DescribeKey", "kms:PutKeyPolicy"} {
				for _, key := range []string{"k", "l"} {
					kind := kindIn(r, principal, action, key)
					wider, narrower := changed(rt, sides, name, action, key, all, kind)
					counts[string(kind)]++
					ok := true
					switch kind {
					case "":
						ok = !wider && !narrower
					case diff.Gained, diff.Widened:
						ok = wider
					case diff.Lost, diff.Narrowed:
						ok = narrower && !wider
					default:
					}
					if !ok {
						rt.Fatalf("%s %s %s: %q, wider %v, narrower %v: %s\n%s\n%s", name, action, key, kind, wider, narrower,
							strings.Join(summary(r), "\n"), write(before), write(after))
					}
				}
			}
		}
	}
	rapidtest.Until(t, func() bool { return !slices.ContainsFunc(kinds, missing) }, check)
	t.Log(counts)
	require.False(t, slices.ContainsFunc(kinds, missing))
}

// kindIn is what a report says about a principal, an action and a key.
func kindIn(r *diff.Report, principal, action, key string) diff.Kind {
	for _, c := range r.Changes {
		if slices.Contains(c.Principals, principal) && slices.Contains(c.Actions, action) &&
			slices.ContainsFunc(c.Resources, func(arn string) bool { return strings.HasSuffix(arn, "key/"+key) }) {
			return c.Change
		}
	}
	return ""
}

// changed reports whether some request is allowed in the new world only, and whether one is in the old world only. It asks
// until it knows enough about the kind.
func changed(t *rapid.T, sides [2]diff.Side, name, action, key string, all []evaluator.Context, kind diff.Kind) (wider, narrower bool) {
	most := len(all)
	if kind == "" || kind == diff.MayWiden { // a sample: most of the answers are these
		most = min(most, 40)
	}
	const stride = 7919 // a prime: the sample goes through all values of all keys
	for i := range most {
		c := all[i*stride%len(all)]
		was, is := decide(t, sides[0], name, action, key, c), decide(t, sides[1], name, action, key, c)
		wider = wider || was == evaluator.Deny && is == evaluator.Allow
		narrower = narrower || was == evaluator.Allow && is == evaluator.Deny
		if wider && kind.IsWider() || narrower && (kind == diff.Lost || kind == diff.Narrowed) && i > 40 {
			break
		}
	}
	return wider, narrower
}
