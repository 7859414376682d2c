package iam

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/strictkms/strictkms/policy"
)

// SessionOptions say what a session may do and how it was begun.
type SessionOptions struct {
	// Duration is how long the credentials are valid; 0 stands for AWS's default.
	Duration time.Duration
	// Policies are session policies, as JSON; PolicyARNs are managed policies that are session policies, too.
	Policies, PolicyARNs []string
	// Limited says that session policies count even if there are none: then they allow nothing.
	Limited bool
	// Tags are session tags; TransitiveTags are the keys of those that the next session in a chain keeps.
	Tags           map[string]string
	TransitiveTags []string
	SourceIdentity string
	// MFA is when the caller proved a second factor; zero for never.
	MFA time.Time
	// Provider is the identity provider of a SAML or web identity session.
	Provider string
}

// Credentials are what a client signs with: those of a session, or a long-term access key without a session token.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	// Expires is zero for a long-term access key.
	Expires   time.Time
	Principal *Principal
	// PackedPolicySize says how much of the space for session policies and tags is used, in percent.
	PackedPolicySize int
}

// TokenUtilization says how much of what a session token may hold is used, in percent.
func (c Credentials) TokenUtilization() int {
	return (len(c.SessionToken)*100 + maxTokenLength - 1) / maxTokenLength
}

func (c Credentials) withoutSecrets() Credential {
	return Credential{AccessKeyID: c.AccessKeyID, Principal: c.Principal}
}

// Format prints the credentials without their secrets, whatever the verb.
func (c Credentials) Format(f fmt.State, verb rune) { c.withoutSecrets().Format(f, verb) }

// MarshalJSON encodes the credentials without their secrets.
func (c Credentials) MarshalJSON() ([]byte, error) { return c.withoutSecrets().MarshalJSON() }

// LogValue logs the credentials without their secrets.
func (c Credentials) LogValue() slog.Value { return c.withoutSecrets().LogValue() }

// The limits on sessions (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, API_GetSessionToken
// and API_GetFederationToken; https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html, MaxSessionDuration).
const (
	minSession        = 15 * time.Minute
	defaultRole       = time.Hour
	minRoleMaxSession = time.Hour
	maxRoleMaxSession = 12 * time.Hour
	defaultUser       = 12 * time.Hour
	maxUserSession    = 36 * time.Hour
	maxRootSession    = time.Hour
	maxPolicyARNs     = 10
	minSessionName    = 2
	maxSessionName    = 64
	maxFederatedName  = 32
)

var sessionNamePattern = regexp.MustCompile(`^[\w+=,.@-]*$`)

// AssumeRole begins a session of a role. It does not ask who wants it: the trust policy is the caller's business.
func (s *Service) AssumeRole(_ context.Context, roleARN, sessionName string, o SessionOptions) (Credentials, error) {
	snap, err := s.current()
	if err != nil {
		return Credentials{}, err
	}
	named, ok := policy.ParsePrincipal(roleARN)
	if !ok || named.Form != policy.PrincipalRole {
		return Credentials{}, failf(CodeValidation, "%s is invalid", roleARN)
	}
	key, _ := identityKey(roleARN)
	r, _ := snap.record(key).(*RoleDetail)
	base := s.resolver.principal(snap, key)
	if r == nil || base == nil || base.Issuer != roleARN {
		return Credentials{}, fmt.Errorf("%w: %s", ErrUnknownPrincipal, roleARN)
	}
	longest := cmp.Or(r.MaxSession, defaultRole)
	if o.Duration > longest {
		return Credentials{}, failf(CodeValidation, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	err = cmp.Or(checkSessionName("roleSessionName", sessionName, maxSessionName), s.checkOptions(&o, defaultRole, maxRoleMaxSession))
	if err != nil {
		return Credentials{}, err
	}
	return s.begin(snap, o, claims{Kind: sessionRole, Account: r.Account, Name: r.Name, ID: r.ID, Session: sessionName})
}

// GetSessionToken gives temporary credentials of a user or a root user, as who they are.
func (s *Service) GetSessionToken(_ context.Context, owner Owner, o SessionOptions) (Credentials, error) {
	snap, err := s.current()
	if err != nil {
		return Credentials{}, err
	}
	c, err := s.claimsOf(snap, owner)
	if err != nil {
		return Credentials{}, err
	}
	longest, byDefault := durations(owner)
	if err := s.checkOptions(&o, byDefault, longest); err != nil {
		return Credentials{}, err
	}
	return s.begin(snap, SessionOptions{Duration: o.Duration, MFA: o.MFA}, c)
}

// GetFederationToken gives temporary credentials of a federated user: no more than the user or root user may who asks
// for them, and no more than the session policies allow.
func (s *Service) GetFederationToken(_ context.Context, owner Owner, name string, o SessionOptions) (Credentials, error) {
	snap, err := s.current()
	if err != nil {
		return Credentials{}, err
	}
	c, err := s.claimsOf(snap, owner)
	if err != nil {
		return Credentials{}, err
	}
	longest, byDefault := durations(owner)
	err = cmp.Or(checkSessionName("name", name, maxFederatedName), s.checkOptions(&o, byDefault, longest))
	if err != nil {
		return Credentials{}, err
	}
	c.Federated, c.Session = true, name
	o.Limited = true // without session policies a federated user may do nothing by itself
	return s.begin(snap, o, c)
}

func durations(o Owner) (longest, byDefault time.Duration) {
	if o.name == ownerRoot {
		return maxRootSession, maxRootSession
	}
	return maxUserSession, defaultUser
}

// claimsOf says who the owner of a session is.
func (s *Service) claimsOf(snap *snapshot, o Owner) (claims, error) {
	switch name := o.UserName(); {
	case name != "":
		if u := snap.user(o.account, name); u != nil {
			return claims{Kind: sessionUser, Account: u.Account, Name: u.Name, ID: u.ID}, nil
		}
		return claims{}, noSuch("user", name)
	case o.name == ownerRoot && snap.account(o.account) != nil:
		return claims{Kind: sessionRoot, Account: o.account, ID: o.account}, nil
	default:
		return claims{}, fmt.Errorf("%w: %s of %s has no sessions", ErrUnknownPrincipal, o.name, o.account)
	}
}

// checkOptions checks what a session is begun with, and fills in the duration.
func (s *Service) checkOptions(o *SessionOptions, byDefault, longest time.Duration) error {
	o.Duration = cmp.Or(o.Duration, byDefault).Truncate(time.Second)
	switch seconds := strconv.Itoa(int(o.Duration.Seconds())); {
	case o.Duration < minSession:
		return constraint(seconds, "durationSeconds", "Member must have value greater than or equal to 900")
	case o.Duration > longest:
		return constraint(seconds, "durationSeconds", fmt.Sprintf("Member must have value less than or equal to %d", int(longest.Seconds())))
	case len(o.PolicyARNs) > maxPolicyARNs:
		return failf(CodeLimitExceeded, "The number of managed session policies must not exceed %d", maxPolicyARNs)
	}
	if o.SourceIdentity != "" {
		if err := checkSessionName("sourceIdentity", o.SourceIdentity, maxSessionName); err != nil {
			return err
		}
	}
	for _, text := range o.Policies {
		if _, diags := policy.Parse(policy.SessionPolicy, "session policy", []byte(text)); diags.HasErrors() {
			return failf(CodeMalformedPolicyDocument, "%s", diags.Errors()[0].Message)
		}
	}
	for _, arn := range o.PolicyARNs {
		if _, ok := managedKey(arn); !ok {
			return failf(CodeValidation, "ARN %s is not valid.", arn)
		}
	}
	return checkTags(o.Tags)
}

func checkSessionName(member, name string, most int) error {
	switch n := utf8.RuneCountInString(name); {
	case n < minSessionName:
		return constraint(name, member, fmt.Sprintf("Member must have length greater than or equal to %d", minSessionName))
	case n > most:
		return tooLong(name, member, most)
	case !sessionNamePattern.MatchString(name):
		return constraint(name, member, `Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	default:
		return nil
	}
}

// begin makes the credentials of a session.
func (s *Service) begin(snap *snapshot, o SessionOptions, c claims) (Credentials, error) {
	used, err := packedSize(o)
	if err != nil {
		return Credentials{}, err
	}
	made, err := newSecret(s.config.Rand)
	if err != nil {
		return Credentials{}, err
	}
	id, err := sessionKeyID(s.config.Rand, c.Account)
	if err != nil {
		return Credentials{}, err
	}
	now := s.now().Truncate(time.Second)
	c.Issued, c.Expires = now.Unix(), now.Add(o.Duration).Unix()
	c.Secret = made.reveal()
	c.Policies, c.PolicyARNs = o.Policies, o.PolicyARNs
	c.Limited = o.Limited || len(o.Policies)+len(o.PolicyARNs) > 0
	c.Tags, c.TransitiveTags = o.Tags, o.TransitiveTags
	c.SourceIdentity, c.Provider = o.SourceIdentity, o.Provider
	if !o.MFA.IsZero() {
		c.MFA = o.MFA.Unix()
	}
	token, err := c.seal(s.config.Sealer, id)
	if err != nil {
		return Credentials{}, err
	}
	opened, err := s.sessionCredential(snap, id, token)
	if err != nil {
		return Credentials{}, fmt.Errorf("beginning a session: %w", err)
	}
	return Credentials{
		AccessKeyID: id, SecretAccessKey: opened.SecretAccessKey, SessionToken: token,
		Expires: time.Unix(c.Expires, 0).UTC(), Principal: opened.Principal, PackedPolicySize: used,
	}, nil
}
