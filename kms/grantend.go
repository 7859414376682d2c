package kms

import (
	"encoding/hex"

	"github.com/strictkms/strictkms/store"
)

type retireGrantInput struct {
	GrantToken *string `kms:"min=1,max=8192"`
	KeyId      *string `kms:"min=1,max=2048"`
	GrantId    *string `kms:"min=1,max=128"`
	DryRun     *bool
}

// retireGrant deletes a grant for someone whom the grant itself permits that.
func retireGrant(c *call, in *retireGrantInput) error {
	keyID, grantID, err := c.grantToRetire(in)
	if err != nil {
		return err
	}
	key, err := c.plainKey("kms:RetireGrant", keyID)
	if err != nil {
		return err
	}
	g := key.grant(grantID)
	if g == nil {
		// Nobody is permitted anything about a grant that is not there: outside the account nothing is told.
		if key.Account != c.Account {
			return c.deniedAbroad("kms:RetireGrant")
		}
		return noGrant(grantID)
	}
	access := &Access{Action: "kms:RetireGrant", Key: key, Grant: g.ID, Context: retireConditionKeys(&g.Grant)}
	if err := c.access(access); err != nil {
		return err
	}
	if c.Observer != nil {
		c.Observer.Note("grantId", g.ID)
	}
	return c.deleteGrant(key, g, in.DryRun)
}

// grantToRetire returns the key and the grant that the request names: by a token, or by both their ids.
func (c *call) grantToRetire(in *retireGrantInput) (keyID, grantID string, err error) {
	if in.GrantToken == nil {
		if in.KeyId == nil || in.GrantId == nil {
			return "", "", failf(CodeValidation, "You must specify a GrantToken, or both a GrantId and a KeyId.")
		}
		return *in.KeyId, *in.GrantId, nil
	}
	if err := c.useGrantTokens([]string{*in.GrantToken}); err != nil {
		return "", "", err
	}
	token, err := c.service.openGrantToken(*in.GrantToken)
	if err != nil {
		return "", "", err
	}
	if in.GrantId != nil && *in.GrantId != token.GrantID {
		return "", "", failf(CodeValidation, "The GrantToken and the GrantId are not of the same grant.")
	}
	return token.KeyARN, token.GrantID, nil
}

type revokeGrantInput struct {
	KeyId   *string `kms:"required,min=1,max=2048"`
	GrantId *string `kms:"required,min=1,max=128"`
	DryRun  *bool
}

// revokeGrant deletes a grant for someone whom a policy permits that.
func revokeGrant(c *call, in *revokeGrantInput) error {
	key, err := c.plainKey("kms:RevokeGrant", *in.KeyId)
	if err != nil {
		return err
	}
	if err := c.authorize("kms:RevokeGrant", key, nil); err != nil {
		return err
	}
	g := key.grant(*in.GrantId)
	if g == nil {
		return noGrant(*in.GrantId)
	}
	return c.deleteGrant(key, g, in.DryRun)
}

// deleteGrant deletes a grant, after what every operation on the key holds to.
func (c *call) deleteGrant(key *Key, g *grant, dry *bool) error {
	if err := c.checkState(key); err != nil {
		return err
	}
	if err := dryRun(dry); err != nil {
		return err
	}
	path := grantPath(key.path(), g.ID)
	return c.commit(store.Tx{
		Compare: []store.Comparison{{Key: path, Revision: g.revision}},
		Changes: []store.Change{{Key: path, Delete: true}},
	})
}

// noGrant is the answer about a grant that is not there: that its id is none, or that it is not found.
func noGrant(id string) error {
	if !isGrantID(id) {
		return invalidGrantID()
	}
	return failf(CodeNotFound, "Grant %s is not found.", id)
}

func invalidGrantID() error { return &Error{Code: CodeInvalidGrantID} }

// isGrantID reports whether a text has the form of the ids that CreateGrant gives.
func isGrantID(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == hex.EncodedLen(grantIDSizeInBytes)
}
