package enforce

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

const (
	bobARN  = "arn:aws:iam::111122223333:user/team/bob"
	roleARN = "arn:aws:iam::111122223333:role/App"
)

func TestAuthorizeAction(t *testing.T) {
	t.Parallel()
	const deniedBob = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: iam:GetUser on resource: "
	bob := operation.Access{Action: "iam:GetUser", Resource: bobARN, Named: "user bob", Tags: map[string]string{"team": "red"}}
	boundary := operation.Access{
		Action: "iam:CreateUser", Resource: bobARN, Context: map[string][]string{"iam:PermissionsBoundary": {"arn:aws:iam::111122223333:policy/B"}},
	}
	for _, test := range []struct {
		name, statements string
		access           operation.Access
		message          string // empty for allowed
	}{
		{"allowed", `{"Effect":"Allow","Action":"iam:Get*","Resource":"*"}`, bob, ""},
		{"allowed by path", `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/team/*"}`, bob, ""},
		{"another path", `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/other/*"}`, bob, deniedBob + "user bob because no identity-based policy allows the iam:GetUser action"},
		{"nothing", ``, bob, deniedBob + "user bob because no identity-based policy allows the iam:GetUser action"},
		{"denied", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}`, bob, deniedBob + "user bob with an explicit deny in an identity-based policy"},
		{"tag of the resource", `{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/team":"red"}}}`, bob, ""},
		{"another tag", `{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue"}}}`, bob, deniedBob + "user bob because no identity-based policy allows the iam:GetUser action"},
		{"condition key", `{"Effect":"Allow","Action":"iam:CreateUser","Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/B"}}}`, boundary, ""},
		{"connection", `{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringEquals":{"aws:username":"alice"}}}`, bob, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := enforcer(t, Config{}).Call(by(alice(t, test.statements)))
			err := c.AuthorizeAction(t.Context(), &test.access)
			require.Len(t, c.Decisions(), 1)
			require.Equal(t, test.message == "", c.Decisions()[0].Allowed)
			require.Equal(t, test.message == "", c.Decisions()[0].Passed)
			if test.message == "" {
				require.NoError(t, err)
				return
			}
			var refusal *operation.Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, operation.CodeAccessDenied, refusal.Code)
			require.Equal(t, test.message, refusal.Message)
		})
	}
}

// TestActionsFailClosed refuses what cannot be decided.
func TestActionsFailClosed(t *testing.T) {
	t.Parallel()
	access := &operation.Access{Action: "iam:GetUser", Resource: bobARN}
	all := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	require.Error(t, enforcer(t, Config{}).Call(by(nil)).AuthorizeAction(t.Context(), access), "nobody")
	require.Error(t, enforcer(t, Config{}).Call(by(alice(t, all))).AuthorizeAction(t.Context(), &operation.Access{Action: "made:Up", Resource: "*"}), "no such action")
	c := by(alice(t, all))
	c.OnBehalfOf = alice(t, all)
	require.Error(t, enforcer(t, Config{}).Call(c).AuthorizeAction(t.Context(), access), "on behalf of another without being a service")
}

func TestActionModes(t *testing.T) {
	t.Parallel()
	access := &operation.Access{Action: "iam:GetUser", Resource: bobARN}
	var log bytes.Buffer
	soft := enforcer(t, Config{Mode: Soft, Logger: slog.New(slog.NewTextHandler(&log, nil))}).Call(by(alice(t, "")))
	require.NoError(t, soft.AuthorizeAction(t.Context(), access))
	require.True(t, soft.Denied())
	require.Contains(t, log.String(), "would be denied")
	require.Contains(t, log.String(), bobARN)

	off := enforcer(t, Config{Mode: Off}).Call(by(nil))
	require.NoError(t, off.AuthorizeAction(t.Context(), access))
	require.False(t, off.Denied())
}

// TestAssumeRoleNeedsTheTrustPolicy asks the role's trust policy: naming the user is enough, naming nobody is not.
func TestAssumeRoleNeedsTheTrustPolicy(t *testing.T) {
	t.Parallel()
	trust := func(principal string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"}]}`
	}
	may := `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`
	for _, test := range []struct {
		name, trust, statements string
		allowed                 bool
	}{
		{"named", trust("arn:aws:iam::111122223333:user/alice"), ``, true},
		{"another", trust("arn:aws:iam::111122223333:user/bob"), may, false},
		{"account and identity policy", trust("111122223333"), may, true},
		{"account alone", trust("111122223333"), ``, false},
		{"none", ``, may, false},
		{"damaged", `{`, may, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := enforcer(t, Config{}).Call(by(alice(t, test.statements)))
			err := c.AuthorizeAction(t.Context(), &operation.Access{
				Action: "sts:AssumeRole", Resource: roleARN, Role: &iam.RoleDetail{Account: account, Name: "App", Path: "/", Trust: test.trust},
			})
			require.Equal(t, test.allowed, err == nil, "%v", err)
			require.Equal(t, roleARN, c.Decisions()[0].Request.Role.ARN)
		})
	}
}

// TestVia is a service's call with its caller's permissions.
func TestVia(t *testing.T) {
	t.Parallel()
	const through = `{"Effect":"Allow","Action":"iam:GetUser","Resource":"*","Condition":{"StringEquals":{"aws:CalledViaLast":"cloudformation.amazonaws.com"}}}`
	call := enforcer(t, Config{}).Call(by(alice(t, through)))
	access := &operation.Access{Action: "iam:GetUser", Resource: bobARN}
	require.Error(t, call.AuthorizeAction(t.Context(), access))
	via := call.Via(service("cloudformation.amazonaws.com"))
	require.NoError(t, via.AuthorizeAction(t.Context(), access))
	require.Equal(t, "arn:aws:iam::111122223333:user/alice", via.Caller().ARN)
	require.Len(t, call.Decisions(), 1)
	require.Equal(t, evaluator.Deny, call.Decisions()[0].Answer.Decision)
}
