package kms

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// grantTokenLabel binds what a grant token seals to its purpose.
const grantTokenLabel = "strictkms grant token"

// grantToken is what a grant token carries, sealed under the root key: it cannot be made or changed by others, and
// nothing is stored about it. AWS's tokens bridge the time until a new grant is known everywhere
// (https://docs.aws.amazon.com/kms/latest/developerguide/using-grant-token.html); so do these: whoever is shown one
// first reads the store up to the revision that made the grant.
type grantToken struct {
	KeyARN   string `json:"k"`
	GrantID  string `json:"g"`
	Revision int64  `json:"r"`
}

// newGrantToken returns a token of a grant that the current snapshot has. Each is different.
func (s *Service) newGrantToken(keyARN, grantID string) (string, error) {
	token := grantToken{KeyARN: keyARN, GrantID: grantID, Revision: s.state.current.Load().revision}
	content, err := json.Marshal(token)
	if err != nil {
		return "", fmt.Errorf("encoding a grant token: %w", err)
	}
	sealed, err := s.config.Root.Seal(grantTokenLabel, content)
	if err != nil {
		return "", fmt.Errorf("sealing a grant token: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// openGrantToken is the reverse of newGrantToken.
func (s *Service) openGrantToken(text string) (grantToken, error) {
	var token grantToken
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err == nil {
		var content []byte
		if content, err = s.config.Root.Open(grantTokenLabel, sealed); err == nil {
			err = json.Unmarshal(content, &token)
		}
	}
	if err != nil {
		return grantToken{}, &Error{Code: CodeInvalidGrantToken, Cause: err}
	}
	return token, nil
}

// useGrantTokens makes the grants of some tokens active for the call, before it looks for its key: every operation
// that takes GrantTokens begins with this. A token that is not one is refused; one of a grant that was retired or
// revoked since gives nothing.
func (c *call) useGrantTokens(tokens []string) error {
	for _, text := range tokens {
		token, err := c.service.openGrantToken(text)
		if err != nil {
			return err
		}
		if err := c.reach(token.Revision); err != nil {
			return err
		}
	}
	return nil
}
