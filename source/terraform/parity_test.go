package terraform_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/terraform"
)

// actions are what is asked about everybody and every key.
var actions = []string{
	"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:PutKeyPolicy",
	"kms:ScheduleKeyDeletion", "kms:Sign", "kms:Verify",
}

// TestParity applies plans to a server, and compares what each plan foretold with what its state then says, and that with
// what the server does.
func TestParity(t *testing.T) {
	if testing.Short() {
		t.Skip("Terraform takes a minute")
	}
	for _, name := range []string{"applied", "change"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			dir := filepath.Join(plansDir, name)
			var planned []byte
			if before := filepath.Join(dir, "before"); exists(before) {
				r.configure(before)
				r.apply()
				state := r.state()
				r.configure(filepath.Join(dir, "after"))
				planned = r.plan()
				// What a plan says about the world before it is what the state said.
				compare(t, byARN(load(t, planned, terraform.Options{Before: true})), byARN(load(t, state, terraform.Options{})), 1)
			} else {
				r.configure(dir)
				planned = r.plan()
			}
			plan := load(t, planned, terraform.Options{})
			r.apply()
			r.refresh() // what one resource changed of another is not in the state yet
			state := load(t, r.state(), terraform.Options{})
			require.Empty(t, state.Warnings)
			compare(t, plan, state, 0.6)
			call(t, r, state)
		})
	}
}

// everybody are the names of users and roles.
func everybody(w *source.World) []string {
	var out []string
	for _, u := range w.Users {
		out = append(out, u.LogicalID)
	}
	for _, r := range w.Roles {
		out = append(out, r.LogicalID)
	}
	return out
}

// byARN names everything by its ARN: a plan that moves something calls it by its new address before it is applied.
func byARN(w *source.World) *source.World {
	for _, u := range w.Users {
		u.LogicalID = w.Defaults.IAMARN(u.Account, "user", u.Path, u.Name)
	}
	for _, r := range w.Roles {
		r.LogicalID = w.Defaults.IAMARN(r.Account, "role", r.Path, r.Name)
	}
	for _, k := range w.Keys {
		k.LogicalID = k.ARN
	}
	return w
}

// ask decides one question.
func ask(t *testing.T, w *source.World, e *evaluator.Evaluator, principal, action, key string) evaluator.Decision {
	t.Helper()
	p, err := w.Principal(principal)
	require.NoError(t, err)
	k, _, err := w.Key(key)
	require.NoError(t, err)
	d, err := e.Authorize(t.Context(), evaluator.Request{Principal: p, Action: action, Key: k, Context: evaluator.Context{}})
	require.NoError(t, err)
	return d
}

// compare holds what was foretold to what came true: a foretold answer is the true one, or conditional; at least a share
// of all answers must have been foretold.
func compare(t *testing.T, foretold, came *source.World, share float64) {
	t.Helper()
	require.ElementsMatch(t, everybody(foretold), everybody(came))
	require.Len(t, foretold.Keys, len(came.Keys))
	before, after := evaluator.New(foretold), evaluator.New(came)
	all, open, allowed := 0, 0, 0
	for _, principal := range everybody(came) {
		for _, k := range came.Keys {
			for _, action := range actions {
				a, b := ask(t, foretold, before, principal, action, k.LogicalID), ask(t, came, after, principal, action, k.LogicalID)
				all++
				switch a.Decision {
				case evaluator.Conditional:
					open++
				default:
					require.Equal(t, b.Decision, a.Decision, "%s %s %s", principal, action, k.LogicalID)
				}
				if b.Decision == evaluator.Allow {
					allowed++
				}
				require.NotEqual(t, evaluator.Conditional, b.Decision, "%s %s %s", principal, action, k.LogicalID)
			}
		}
	}
	t.Logf("%d answers, %d of them conditional before, %d allowed", all, open, allowed)
	require.Positive(t, allowed)
	require.GreaterOrEqual(t, float64(all-open), share*float64(all))
}

// call holds the state to what the server does when it is called.
func call(t *testing.T, r *runner, state *source.World) {
	t.Helper()
	e := evaluator.New(state)
	calls, allowed := 0, 0
	for _, principal := range everybody(state) {
		p, err := state.Principal(principal)
		require.NoError(t, err)
		client := kms.NewFromConfig(r.server.Config(p.ARN))
		for _, k := range state.Keys {
			region := strings.Split(k.ARN, ":")[3]
			in := func(o *kms.Options) { o.Region = region }
			_, described := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &k.ARN}, in)
			_, generated := client.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
				KeyId: &k.ARN, NumberOfBytes: aws.Int32(16), DryRun: aws.Bool(true),
			}, in)
			for action, err := range map[string]error{"kms:DescribeKey": described, "kms:GenerateDataKey": generated} {
				failed, _ := errors.AsType[smithy.APIError](err)
				denied := failed != nil && failed.ErrorCode() == "AccessDeniedException"
				d := ask(t, state, e, principal, action, k.LogicalID)
				require.Equal(t, d.Decision == evaluator.Deny, denied, "%s %s %s: %v", principal, action, k.LogicalID, err)
				calls++
				if !denied {
					allowed++
				}
			}
		}
	}
	t.Logf("%d calls, %d allowed", calls, allowed)
	require.Positive(t, allowed)
	require.Less(t, allowed, calls)
}
