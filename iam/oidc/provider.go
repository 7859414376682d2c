package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

// Provider is an identity provider: https://idp.example.com/path, whom its tokens must be for, and its keys.
type Provider struct {
	Issuer    string
	ClientIDs []string
	keys      jwk.Set
}

// Name is the issuer without https://: it begins the names of condition keys, and ends the ARN of the provider
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif).
func (p *Provider) Name() string { return strings.TrimPrefix(p.Issuer, scheme) }

const scheme = "https://"

// document is a provider as it is configured.
type document struct {
	Issuer    string          `json:"issuer"`
	ClientIDs []string        `json:"clientIds"`
	JWKS      json.RawMessage `json:"jwks"`
}

// ParseProvider reads a provider from JSON: its issuer, clientIds and jwks, a JSON Web Key Set with its public keys.
func ParseProvider(text []byte) (*Provider, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var d document
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("an identity provider: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("an identity provider: there is something behind it")
	}
	if err := checkIssuer(d.Issuer); err != nil {
		return nil, err
	}
	if len(d.ClientIDs) == 0 || slices.Contains(d.ClientIDs, "") {
		return nil, fmt.Errorf("identity provider %s: expected clientIds, whom its tokens are for, for example sts.amazonaws.com", d.Issuer)
	}
	keys, err := parseKeys(d.JWKS)
	if err != nil {
		return nil, fmt.Errorf("identity provider %s: %w", d.Issuer, err)
	}
	return &Provider{Issuer: d.Issuer, ClientIDs: d.ClientIDs, keys: keys}, nil
}

// checkIssuer checks an issuer as CreateOpenIDConnectProvider does
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html, Url).
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || !strings.HasPrefix(issuer, scheme) || u.Host == "" || u.Port() != "" || u.User != nil ||
		strings.ContainsAny(issuer, "?# ") {
		return fmt.Errorf("the issuer %q of an identity provider: expected https://HOST or https://HOST/PATH", issuer)
	}
	return nil
}

// parseKeys reads a key set. Every key is public, has an id, and is for one of the [algorithms].
func parseKeys(text []byte) (jwk.Set, error) {
	set, err := jwk.Parse(text)
	if err != nil {
		return nil, errors.New("jwks is no JSON Web Key Set") // what it quotes may be a private key
	}
	if set.Len() == 0 {
		return nil, errors.New("jwks has no key")
	}
	for i := range set.Len() {
		key, _ := set.Key(i)
		private, err := jwk.IsPrivateKey(key)
		kind := key.KeyType()
		switch id, ok := key.KeyID(); {
		case kind != jwa.RSA() && kind != jwa.EC():
			return nil, fmt.Errorf("key %d of jwks is of type %s: expected RSA or EC", i+1, kind)
		case err != nil || private:
			return nil, fmt.Errorf("key %d of jwks is not public", i+1)
		case !ok || id == "":
			return nil, fmt.Errorf("key %d of jwks has no kid", i+1)
		}
	}
	return set, nil
}

// Providers are identity providers by issuer. They are immutable.
type Providers struct {
	byIssuer map[string]*Provider
}

// NewProviders returns providers, each issuer once.
func NewProviders(list ...*Provider) (*Providers, error) {
	p := &Providers{byIssuer: map[string]*Provider{}}
	for _, one := range list {
		if p.byIssuer[one.Issuer] != nil {
			return nil, fmt.Errorf("the identity provider %s is there twice", one.Issuer)
		}
		p.byIssuer[one.Issuer] = one
	}
	return p, nil
}
