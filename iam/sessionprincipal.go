package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/strictkms/strictkms/policy"
)

// session is a token that was opened.
type session struct {
	claims      *claims // without the secret
	accessKeyID string
	secret      secret
	key         string // the entry of the user, role or account
	expires     time.Time
	own         []*policy.Document // the session policies that are in the token
	current     atomic.Pointer[sessionVersion]
}

// sessionVersion is the principal of a session with what it was made from.
type sessionVersion struct {
	base      *Principal
	managed   []*policy.Document // by PolicyARNs; nil for what does not exist
	principal *Principal
}

// sessionCredential returns the credential of a session token.
func (s *Service) sessionCredential(snap *snapshot, accessKeyID, token string) (Credential, error) {
	opened, ok := s.tokens.get(token)
	if !ok {
		var err error
		if opened, err = s.openSession(accessKeyID, token); err != nil {
			return Credential{}, err
		}
		s.tokens.put(token, opened)
	}
	switch {
	case opened.accessKeyID != accessKeyID:
		return Credential{}, ErrInvalidToken
	case !s.config.Clock().Before(opened.expires):
		return Credential{}, ErrExpiredToken
	}
	p := opened.principal(snap, &s.resolver)
	if p == nil {
		return Credential{}, fmt.Errorf("%w: the %s %s does not exist any more", ErrInvalidToken, opened.claims.Kind, opened.claims.Name)
	}
	return Credential{AccessKeyID: accessKeyID, SecretAccessKey: opened.secret.reveal(), Principal: p}, nil
}

func (s *Service) openSession(accessKeyID, token string) (*session, error) {
	c, err := openToken(s.config.Sealer, accessKeyID, token)
	if err != nil {
		return nil, err
	}
	opened := &session{claims: c, accessKeyID: accessKeyID, secret: secretOf(c.Secret), expires: time.Unix(c.Expires, 0)}
	c.Secret = ""
	switch c.Kind {
	case sessionRole, sessionUser:
		opened.key = entryKey(c.Account, c.Kind, c.Name)
	case sessionRoot:
		opened.key = entryKey(c.Account, kindAccount, "")
	default:
		return nil, ErrInvalidToken
	}
	for i, text := range c.Policies {
		p := &Policy{Name: sessionPolicyName(i), Text: text}
		opened.own = append(opened.own, p.parse(policy.SessionPolicy, p.Name, ""))
	}
	return opened, nil
}

// sessionPolicyName is what explanations call a session policy.
func sessionPolicyName(i int) string {
	if i == 0 {
		return "session policy"
	}
	return fmt.Sprintf("session policy %d", i+1)
}

// principal returns the principal of the session, nil when whose session it is does not exist any more. The same
// versions of the identity and of the session policies give the same pointer.
func (o *session) principal(snap *snapshot, r *resolver) *Principal {
	base := r.principal(snap, o.key)
	if base == nil || base.UniqueID != o.claims.ID {
		return nil // a user or role that was made anew under the name is another one
	}
	managed := o.managed(snap)
	known := o.current.Load()
	if known != nil && known.base == base && slices.Equal(known.managed, managed) {
		return known.principal
	}
	made := &sessionVersion{base: base, managed: managed, principal: o.build(base, managed)}
	if !o.current.CompareAndSwap(known, made) {
		if other := o.current.Load(); other.base == base && slices.Equal(other.managed, managed) {
			return other.principal
		}
	}
	return made.principal
}

// managed returns the documents of the managed session policies.
func (o *session) managed(snap *snapshot) []*policy.Document {
	if len(o.claims.PolicyARNs) == 0 {
		return nil
	}
	b := builder{s: snap}
	docs := make([]*policy.Document, len(o.claims.PolicyARNs))
	for i, arn := range o.claims.PolicyARNs {
		docs[i] = b.managed(arn)
	}
	return docs
}

// build makes the principal of the session.
func (o *session) build(base *Principal, managed []*policy.Document) *Principal {
	c := o.claims
	p := base.copied()
	p.Temporary = true
	p.IssuedAt, p.Expires = time.Unix(c.Issued, 0).UTC(), o.expires.UTC()
	if c.MFA != 0 {
		p.MFA = time.Unix(c.MFA, 0).UTC()
	}
	p.Tags, p.Transitive = SessionTags(base.Tags, c.Tags), transitive(c)
	p.SourceIdentity, p.Provider = c.SourceIdentity, c.Provider
	switch {
	case c.Federated:
		p.Type, p.Issuer, p.IssuerID, p.UniqueID, p.Name = FederatedUser, base.ARN, base.UniqueID, "", c.Session
		p.ARN = federatedARN(base.ARN, c.Session)
		if base.Type == Root {
			p.Identity = []*policy.Document{rootPermissions()}
		}
	case c.Kind == sessionRole:
		p.ARN, p.Name = sessionARN(base.Issuer, c.Session), c.Session
	}
	p.HasSession, p.Session = c.Limited, slices.Clone(o.own)
	for i, arn := range c.PolicyARNs {
		if managed[i] != nil {
			p.Session = append(p.Session, managed[i].As(policy.SessionPolicy))
			continue
		}
		what := "session policy " + arn
		p.Session = append(p.Session, policy.Unknown(policy.SessionPolicy, what, arn, what+" is not loaded", policy.Position{}))
		p.Unknown = append(slices.Clone(p.Unknown), what+notKnown)
	}
	return p
}

// transitive are the session tags that the next session in a chain keeps. Keys are not distinguished by case.
func transitive(c *claims) map[string]string {
	var kept map[string]string
	for name, value := range c.Tags {
		if slices.ContainsFunc(c.TransitiveTags, func(key string) bool { return strings.EqualFold(key, name) }) {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[name] = value
		}
	}
	return kept
}

// federatedARN is the ARN of a federated user of the account of a user or root user.
func federatedARN(arn, name string) string {
	a, _ := policy.ParseARN(arn)
	a.Service, a.Resource = "sts", "federated-user/"+name
	return a.String()
}

// rootPermissions is what the root user gives a federated user, which its session policies then limit: everything.
func rootPermissions() *policy.Document {
	p := &Policy{Text: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`}
	return p.parse(policy.IdentityPolicy, "root user", "")
}

// SessionTags lays the tags of a session over those of the user or role, without regard to case
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_know).
func SessionTags(own, session map[string]string) map[string]string {
	if len(session) == 0 {
		return own
	}
	merged := maps.Clone(own)
	for name := range session {
		maps.DeleteFunc(merged, func(other, _ string) bool { return strings.EqualFold(other, name) })
	}
	if merged == nil {
		merged = map[string]string{}
	}
	maps.Copy(merged, session)
	return merged
}
