package trail

import (
	"strings"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

// identity is userIdentity
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
type identity struct {
	Type           string          `json:"type"`
	PrincipalID    string          `json:"principalId,omitempty"`
	ARN            string          `json:"arn,omitempty"`
	AccountID      string          `json:"accountId,omitempty"`
	AccessKeyID    string          `json:"accessKeyId,omitempty"`
	UserName       string          `json:"userName,omitempty"`
	SessionContext *sessionContext `json:"sessionContext,omitempty"`
	// InvokedBy is the service that made the call.
	InvokedBy string `json:"invokedBy,omitempty"`
}

type sessionContext struct {
	SessionIssuer       *sessionIssuer     `json:"sessionIssuer,omitempty"`
	WebIDFederationData *federationData    `json:"webIdFederationData,omitempty"`
	Attributes          *sessionAttributes `json:"attributes,omitempty"`
	SourceIdentity      string             `json:"sourceIdentity,omitempty"`
}

type sessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId,omitempty"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

type federationData struct {
	FederatedProvider string `json:"federatedProvider"`
}

// sessionAttributes has its Boolean as text, as CloudTrail does.
type sessionAttributes struct {
	CreationDate     string `json:"creationDate"`
	MFAAuthenticated string `json:"mfaAuthenticated"`
}

// identityTypes are the types of userIdentity.
var identityTypes = map[iam.PrincipalType]string{
	iam.User: "IAMUser", iam.RoleSession: "AssumedRole", iam.FederatedUser: "FederatedUser", iam.Root: "Root",
	iam.ServicePrincipal: "AWSService",
}

// newIdentity says who called, to the caller's own account.
func newIdentity(e *Entry) *identity {
	p, c := e.Call.Caller(), e.Call.Connection()
	if p == nil {
		return &identity{Type: "Unknown"}
	}
	if p.Type == iam.ServicePrincipal {
		return &identity{Type: identityTypes[p.Type], InvokedBy: p.ARN}
	}
	id := &identity{
		Type: identityTypes[p.Type], PrincipalID: principalID(p), ARN: p.ARN, AccountID: p.Account,
		SessionContext: newSessionContext(p),
	}
	if p.Type == iam.User {
		id.UserName = p.Name
	}
	if c.OnBehalfOf != nil && c.Principal != nil {
		id.InvokedBy = c.Principal.ARN
	} else {
		id.AccessKeyID = e.AccessKeyID
	}
	return id
}

// foreignIdentity says who called, to another account: that it was somebody of that account.
func foreignIdentity(e *Entry) *identity {
	own := newIdentity(e)
	return &identity{
		Type: "AWSAccount", PrincipalID: own.PrincipalID, AccountID: own.AccountID, InvokedBy: own.InvokedBy,
	}
}

// principalID is the unique id of the caller.
func principalID(p *iam.Principal) string {
	switch p.Type {
	case iam.RoleSession:
		return p.UniqueID + ":" + p.Name
	case iam.FederatedUser:
		return p.Account + ":" + p.Name
	case iam.Root:
		return p.Account
	default:
		return p.UniqueID
	}
}

func newSessionContext(p *iam.Principal) *sessionContext {
	if !p.Temporary && p.Type != iam.RoleSession {
		return nil
	}
	s := &sessionContext{SourceIdentity: p.SourceIdentity}
	if !p.IssuedAt.IsZero() {
		mfa := "false"
		if !p.MFA.IsZero() {
			mfa = "true"
		}
		s.Attributes = &sessionAttributes{CreationDate: p.IssuedAt.UTC().Format(eventTime), MFAAuthenticated: mfa}
	}
	if p.Issuer != "" {
		s.SessionIssuer = newSessionIssuer(p)
	}
	if p.Provider != "" {
		s.WebIDFederationData = &federationData{FederatedProvider: p.Provider}
	}
	return s
}

// newSessionIssuer is the role of a role session or the user of a federated user.
func newSessionIssuer(p *iam.Principal) *sessionIssuer {
	kind, name := "Role", p.Issuer
	if p.Type == iam.FederatedUser {
		kind = "IAMUser"
	}
	if arn, ok := policy.ParseARN(p.Issuer); ok {
		name = arn.Resource[strings.LastIndexByte(arn.Resource, '/')+1:]
	}
	return &sessionIssuer{Type: kind, PrincipalID: p.UniqueID, ARN: p.Issuer, AccountID: p.Account, UserName: name}
}
