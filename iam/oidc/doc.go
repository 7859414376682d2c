// Package oidc verifies the tokens of OpenID Connect identity providers
// (https://openid.net/specs/openid-connect-core-1_0.html#IDToken). Providers are configured with their keys: nothing is
// fetched over the network. JSON Web Signatures are those of github.com/lestrrat-go/jwx.
package oidc
