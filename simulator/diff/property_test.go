package diff_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator/diff"
)

// object is a value of a world file.
type object = map[string]any

// The principals, actions and conditions that the policies of random worlds are made of.
var (
	somePrincipals = []any{
		"arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:role/App",
		"arn:aws:iam::111122223333:root", "*", "arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/Partner",
		"arn:aws:sts::111122223333:assumed-role/App/night",
	}
	someActions    = []any{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:*", "kms:CreateGrant", "kms:Describe*", "kms:ReEncrypt*"}
	someConditions = []object{
		{"StringEquals": object{"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
		{"StringEquals": object{"kms:ViaService": []any{"s3.us-east-1.amazonaws.com", "ec2.us-east-1.amazonaws.com"}}},
		{"StringNotEquals": object{"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
		{"StringNotEqualsIfExists": object{"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
		{"StringEquals": object{"kms:EncryptionContext:t": "a"}},
		{"StringEquals": object{"kms:EncryptionContext:t": []any{"a", "b"}}},
		{"StringLike": object{"kms:EncryptionContext:t": "a*"}},
		{"StringLike": object{"kms:EncryptionContext:t": "*b"}},
		{"StringEquals": object{"kms:EncryptionContext:t": "a", "kms:EncryptionContext:u": "a"}},
		{"Null": object{"kms:EncryptionContext:t": "true"}},
		{"ForAnyValue:StringEquals": object{"kms:EncryptionContextKeys": []any{"t", "u"}}},
		{"ForAllValues:StringEquals": object{"kms:EncryptionContextKeys": "t"}},
		{"IpAddress": object{"aws:SourceIp": "10.0.0.0/8"}},
		{"NotIpAddress": object{"aws:SourceIp": []any{"10.1.0.0/16"}}},
		{"Bool": object{"aws:MultiFactorAuthPresent": "true"}},
		{"BoolIfExists": object{"aws:MultiFactorAuthPresent": "false"}},
		{"Bool": object{"aws:MultiFactorAuthPresent": "false"}},
		{"Bool": object{"aws:SecureTransport": "false"}},
		{"StringEqualsIgnoreCase": object{"kms:EncryptionContext:t": "A"}},
		{"StringNotLike": object{"kms:EncryptionContext:t": "?"}},
		{"NumericLessThan": object{"aws:MultiFactorAuthAge": "100"}},
		{"NumericGreaterThanEquals": object{"aws:MultiFactorAuthAge": "50"}},
		{"StringEquals": object{"aws:PrincipalTag/team": "red"}},
		{"StringLike": object{"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}},
		{"StringEquals": object{"kms:CallerAccount": "111122223333"}},
		{"StringLike": object{"kms:CallerAccount": "1111*"}},
		{"ArnNotLike": object{"aws:PrincipalArn": []any{"arn:aws:iam::111122223333:user/*", "arn:aws:iam::444455556666:role/Partner"}}},
		{"ArnLike": object{"aws:SourceArn": "arn:aws:s3:::bucket/*"}, "Bool": object{"aws:SecureTransport": "true"}},
	}
)

// drawer draws worlds.
type drawer struct{ *rapid.T }

func (d drawer) one(label string, list []any) any { return rapid.SampledFrom(list).Draw(d.T, label) }

func (d drawer) chance(percent int, label string) bool {
	return rapid.IntRange(1, 100).Draw(d.T, label) <= percent
}

// several draws a value or a list.
func (d drawer) several(label string, list []any) any {
	if d.chance(60, label+" one") {
		return d.one(label, list)
	}
	return []any{d.one(label, list), d.one(label, list)}
}

func (d drawer) statement(resource bool) object {
	st := object{"Effect": "Allow", "Resource": "*"}
	if d.chance(25, "deny") {
		st["Effect"] = "Deny"
	}
	if resource {
		st["Principal"] = object{"AWS": d.several("principal", somePrincipals)}
	}
	name := "Action"
	if d.chance(10, "not") {
		name = "NotAction"
	}
	st[name] = d.several("action", someActions)
	if d.chance(55, "condition") {
		st["Condition"] = rapid.SampledFrom(someConditions).Draw(d.T, "condition")
	}
	return st
}

func (d drawer) policy(label string, resource bool) object {
	var statements []any
	for range rapid.IntRange(1, 3).Draw(d.T, label) {
		statements = append(statements, d.statement(resource))
	}
	return object{"Version": "2012-10-17", "Statement": statements}
}

// world draws a world.
func (d drawer) world() object {
	key := func() object {
		k := object{"policy": d.policy("key policy", true)}
		if d.chance(25, "grant") {
			g := object{
				"GrantId": "g1", "GranteePrincipal": rapid.SampledFrom([]string{"arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:role/App"}).Draw(d.T, "grantee"),
				"Operations": []any{"Decrypt", "Encrypt"},
			}
			if d.chance(50, "constrained") {
				g["Constraints"] = object{
					rapid.SampledFrom([]string{"EncryptionContextSubset", "EncryptionContextEquals"}).Draw(d.T, "constraint"): rapid.SampledFrom([]object{{"t": "a"}, {"u": "a"}, {"t": "a", "u": "a"}}).Draw(d.T, "pairs"),
				}
			}
			k["grants"] = []any{g}
		}
		return k
	}
	account := object{
		"policies": object{"Boundary": d.policy("boundary", false)},
		"users": object{
			"alice": object{"policies": object{"P": d.policy("alice", false)}, "tags": object{"team": "red"}},
			"bob":   object{"policies": object{"P": d.policy("bob", false)}},
		},
		"roles": object{"App": object{"policies": object{"P": d.policy("role", false)}}},
		"keys":  object{"k": key(), "l": key()},
	}
	if d.chance(20, "bounded") {
		path(account, "users", "bob")["boundary"] = "Boundary"
	}
	w := object{"accounts": object{"111122223333": account}}
	if d.chance(25, "organization") {
		scp := d.policy("SCP", false)
		delete(scp["Statement"].([]any)[0].(object), "Condition")
		w["organization"] = object{
			"id": "o-example", "management-account": "999988887777",
			"root": object{"id": "r-ab12", "scps": object{"S": scp}, "accounts": []any{"111122223333"}},
		}
		if d.chance(50, "RCP") {
			deny := d.statement(true)
			deny["Effect"], deny["Principal"], deny["Action"] = "Deny", "*", d.one("action", someActions)
			delete(deny, "NotAction")
			path(w, "organization", "root")["rcps"] = object{"R": object{"Version": "2012-10-17", "Statement": deny}}
		}
	}
	return w
}

func path(o object, names ...string) object {
	for _, name := range names {
		o = o[name].(object)
	}
	return o
}

// documents calls do with the holder and name of every policy.
func documents(w object, do func(holder object, name string)) {
	account := path(w, "accounts", "111122223333")
	do(path(account, "policies"), "Boundary")
	for _, user := range []string{"alice", "bob"} {
		do(path(account, "users", user, "policies"), "P")
	}
	do(path(account, "roles", "App", "policies"), "P")
	for _, key := range []string{"k", "l"} {
		do(path(account, "keys", key), "policy")
	}
	if w["organization"] != nil {
		do(path(w, "organization", "root", "scps"), "S")
	}
}

func clone(w object) object {
	var out object
	if err := json.Unmarshal([]byte(write(w)), &out); err != nil {
		panic(err)
	}
	return out
}

func write(w object) string {
	text, err := json.Marshal(w)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// mutated changes one to three things of a world.
func (d drawer) mutated(w object) object {
	out := clone(w)
	other := d.world()
	changes := rapid.IntRange(1, 3).Draw(d.T, "changes")
	for range changes {
		at, n := rapid.IntRange(0, 6).Draw(d.T, "where"), 0
		documents(out, func(holder object, name string) {
			if n++; n-1 == at {
				st := holder[name].(object)["Statement"].([]any)
				i := rapid.IntRange(0, len(st)-1).Draw(d.T, "statement")
				_, resource := st[i].(object)["Principal"]
				switch rapid.IntRange(0, 4).Draw(d.T, "how") {
				case 0:
					delete(st[i].(object), "Condition")
				case 1:
					st[i].(object)["Condition"] = rapid.SampledFrom(someConditions).Draw(d.T, "condition")
				case 2:
					st[i] = d.statement(resource)
				case 3:
					holder[name].(object)["Statement"] = append(st, d.statement(resource))
				default:
					holder[name] = d.policy("policy", resource)
				}
			}
		})
	}
	if d.chance(15, "key") {
		path(out, "accounts", "111122223333", "keys")["k"] = path(other, "accounts", "111122223333", "keys", "k")
	}
	if d.chance(15, "organization") {
		delete(out, "organization")
		if other["organization"] != nil {
			out["organization"] = other["organization"]
		}
	}
	return clone(out)
}

func decide(t *rapid.T, s diff.Side, principal, action, key string, c evaluator.Context) evaluator.Verdict {
	p, err := s.World.Principal(principal)
	if err != nil {
		t.Fatal(err)
	}
	k, _, err := s.World.Key(key)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Evaluator.Authorize(t.Context(), evaluator.Request{Principal: p, Action: action, Key: k, Context: c})
	if err != nil {
		t.Fatal(err)
	}
	return d.Decision
}

// TestShortcutsSkipNothing compares everything, and finds what [diff.Compare] finds.
func TestShortcutsSkipNothing(t *testing.T) {
	changes := 0
	rapid.Check(t, func(rt *rapid.T) {
		d := drawer{rt}
		before := d.world()
		after := d.mutated(before)
		r, err := diff.Compare(t.Context(), load(t, "old.yaml", write(before)), load(t, "new.yaml", write(after)))
		require.NoError(t, err)
		all, err := diff.CompareAll(t.Context(), load(t, "old.yaml", write(before)), load(t, "new.yaml", write(after)))
		require.NoError(t, err)
		require.GreaterOrEqual(t, all.Compared, r.Compared)
		changes += len(all.Changes)
		if all.Compared == 0 || fmt.Sprint(summary(all)) != fmt.Sprint(summary(r)) {
			rt.Fatalf("%v\n%v\n%s\n%s", summary(all), summary(r), write(before), write(after))
		}
	})
	require.NotZero(t, changes)
}
