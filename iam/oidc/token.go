package oidc

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/strictkms/strictkms/internal/operation"
)

// The codes of refused tokens (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
const (
	CodeExpiredToken         = "ExpiredTokenException"
	CodeInvalidIdentityToken = "InvalidIdentityToken"
)

// algorithms are the signature algorithms that AWS takes
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html, prerequisites).
var algorithms = []jwa.SignatureAlgorithm{jwa.RS256(), jwa.RS384(), jwa.RS512(), jwa.ES256(), jwa.ES384(), jwa.ES512()}

// skew is how far the clock of a provider may be ahead.
const skew = 5 * time.Minute

// The claims that AWS reads
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp-web-identity,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html).
const (
	tagsClaim           = "https://aws.amazon.com/tags"
	sourceIdentityClaim = "https://aws.amazon.com/source_identity"
)

// Identity is whom a token vouches for.
type Identity struct {
	Provider *Provider
	Subject  string
	// Audience is whom the token was made for: the authorized party when it names one.
	Audience string
	// Claims are the condition keys of the token.
	Claims map[string][]string
	// Tags are session tags, Transitive the keys of those that are passed on.
	Tags           map[string]string
	Transitive     []string
	SourceIdentity string
}

// Verify returns whom a token vouches for at a time. Its error is an exception of AWS STS, which quotes nothing of the
// token but the issuer.
func (p *Providers) Verify(token string, now time.Time) (*Identity, error) {
	message, err := jws.ParseString(token)
	if err != nil || len(message.Signatures()) != 1 || strings.Count(token, ".") != 2 {
		return nil, malformed(err)
	}
	claimed, err := jwt.ParseInsecure([]byte(token))
	if err != nil {
		return nil, malformed(err)
	}
	issuer, _ := claimed.Issuer()
	var provider *Provider
	if p != nil {
		provider = p.byIssuer[issuer]
	}
	if provider == nil {
		return nil, invalid("No OpenIDConnect provider found in your account for %.255s", issuer)
	}
	if alg, ok := message.Signatures()[0].ProtectedHeaders().Algorithm(); !ok || !slices.Contains(algorithms, alg) {
		return nil, invalid("The ID Token provided is signed with an algorithm that is not supported")
	}
	verified, err := jwt.Parse([]byte(token), jwt.WithKeySet(provider.keys, jws.WithInferAlgorithmFromKey(true)), jwt.WithValidate(false))
	if err != nil {
		refused := invalid("Couldn't retrieve verification key from your identity provider, " +
			" please reference AssumeRoleWithWebIdentity documentation for requirements")
		refused.Cause = err
		return nil, refused
	}
	return provider.identity(verified, now)
}

// identity reads the claims of a token whose signature is right.
func (p *Provider) identity(token jwt.Token, now time.Time) (*Identity, error) {
	if err := checkTimes(token, now); err != nil {
		return nil, err
	}
	subject, ok := token.Subject()
	if !ok || subject == "" {
		return nil, missing("sub")
	}
	i := &Identity{Provider: p, Subject: subject, Claims: map[string][]string{p.Name() + ":sub": {subject}}}
	if err := i.audience(token); err != nil {
		return nil, err
	}
	for _, name := range []string{"amr", "email"} {
		if values := texts(token, name); len(values) > 0 {
			i.Claims[p.Name()+":"+name] = values
		}
	}
	if err := i.session(token); err != nil {
		return nil, err
	}
	return i, nil
}

// checkTimes checks when a token is valid.
func checkTimes(token jwt.Token, now time.Time) error {
	expires, ok := token.Expiration()
	if !ok {
		return missing("exp")
	}
	issued, ok := token.IssuedAt()
	if !ok {
		return missing("iat")
	}
	notBefore, _ := token.NotBefore()
	switch {
	case !now.Before(expires):
		return operation.Errorf(CodeExpiredToken, "Token expired: current date/time %d must be before the expiration date/time %d",
			now.Unix(), expires.Unix())
	case issued.After(now.Add(skew)), notBefore.After(now.Add(skew)):
		return invalid("The ID Token provided is not valid yet")
	default:
		return nil
	}
}

// audience checks whom a token is for. When it names an authorized party (azp), that is who counts
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif).
func (i *Identity) audience(token jwt.Token) error {
	audience, ok := token.Audience()
	if !ok || len(audience) == 0 {
		return missing("aud")
	}
	name := i.Provider.Name()
	i.Claims[name+":oaud"] = audience
	party := texts(token, "azp")
	switch {
	case len(party) == 1:
		i.Audience = party[0]
	case len(audience) == 1:
		i.Audience = audience[0]
	}
	if i.Audience == "" || !slices.Contains(i.Provider.ClientIDs, i.Audience) {
		return invalid("Incorrect token audience")
	}
	i.Claims[name+":aud"] = []string{i.Audience}
	return nil
}

// session reads what a token says about the session.
func (i *Identity) session(token jwt.Token) error {
	if values := texts(token, sourceIdentityClaim); len(values) == 1 {
		i.SourceIdentity = values[0]
	}
	if !token.Has(tagsClaim) {
		return nil
	}
	var raw any
	var tags struct {
		Principal  map[string][]string `json:"principal_tags"`
		Transitive []string            `json:"transitive_tag_keys"`
	}
	text := []byte(nil)
	err := token.Get(tagsClaim, &raw)
	if err == nil {
		text, err = json.Marshal(raw)
	}
	if err == nil {
		err = json.Unmarshal(text, &tags)
	}
	if err != nil {
		return invalid("The claim %s of the ID Token cannot be read", tagsClaim)
	}
	i.Tags, i.Transitive = map[string]string{}, tags.Transitive
	for key, values := range tags.Principal {
		if len(values) != 1 {
			return invalid("The session tag %.128s of the ID Token must have one value", key)
		}
		i.Tags[key] = values[0]
	}
	return nil
}

// texts is a claim that is a text or a list of them, nil for any other.
func texts(token jwt.Token, name string) []string {
	var value any
	if token.Get(name, &value) != nil {
		return nil
	}
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, one := range v {
			text, ok := one.(string)
			if !ok {
				return nil
			}
			out = append(out, text)
		}
		return out
	default:
		return nil
	}
}

func invalid(format string, args ...any) *operation.Error {
	return operation.Errorf(CodeInvalidIdentityToken, format, args...)
}

func missing(claim string) error { return invalid("Missing a required claim: %s", claim) }

func malformed(cause error) error {
	e := invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	e.Cause = cause
	return e
}
