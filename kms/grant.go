package kms

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/strictkms/strictkms/store"
)

// grantOperations are the operations about grants
// (https://docs.aws.amazon.com/kms/latest/developerguide/grant-manage.html).
var grantOperations = []operation{
	answers("CreateGrant", createGrant),
	answers("ListGrants", listGrants),
	answers("ListRetirableGrants", listRetirableGrants),
	acts("RetireGrant", retireGrant),
	acts("RevokeGrant", revokeGrant),
}

const (
	// maxGrants is the number of grants of one key
	// (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html#grants-per-key).
	maxGrants = 50_000
	// grantIDSizeInBytes is that of the ids in AWS's examples: 64 hexadecimal digits.
	grantIDSizeInBytes = 32
)

type createGrantInput struct {
	KeyId                    *string  `kms:"required,min=1,max=2048"`
	GranteePrincipal         *string  `kms:"min=1,max=256,pattern=PrincipalIdType"`
	GranteeServicePrincipal  *string  `kms:"min=1,max=256,pattern=PrincipalIdType"`
	RetiringPrincipal        *string  `kms:"min=1,max=256,pattern=PrincipalIdType"`
	RetiringServicePrincipal *string  `kms:"min=1,max=256,pattern=PrincipalIdType"`
	Operations               []string `kms:"required,each=enum=GrantOperation"`
	Constraints              *grantConstraints
	GrantTokens              []string `kms:"min=0,max=10,each=min=1;max=8192"`
	Name                     *string  `kms:"min=1,max=256,pattern=GrantNameType"`
	DryRun                   *bool
}

// grantConstraints are GrantConstraints of the API.
type grantConstraints struct {
	EncryptionContextEquals map[string]string `json:",omitzero"`
	EncryptionContextSubset map[string]string `json:",omitzero"`
	SourceArn               *string           `json:",omitempty"`
}

type createGrantOutput struct{ GrantToken, GrantId string }

// createGrant gives a principal permissions on a key. With a Name it is idempotent: the same request again gives the
// id of the same grant.
func createGrant(c *call, in *createGrantInput) (*createGrantOutput, error) {
	in.Constraints.dropEmpty()
	if err := in.checkCombination(); err != nil {
		return nil, err
	}
	if err := c.useGrantTokens(in.GrantTokens); err != nil {
		return nil, err
	}
	key, err := c.plainKey("kms:CreateGrant", *in.KeyId)
	if err != nil {
		return nil, err
	}
	record := in.record(c, key)
	if err := c.authorizeCreateGrant(key, record); err != nil {
		return nil, err
	}
	if err := c.checkState(key); err != nil {
		return nil, err
	}
	if err := c.checkGrant(key, record); err != nil {
		return nil, err
	}
	id, err := c.putGrant(key, record, in.DryRun)
	if err != nil {
		return nil, err
	}
	token, err := c.service.newGrantToken(key.ARN, id)
	if err != nil {
		return nil, err
	}
	return &createGrantOutput{GrantToken: token, GrantId: id}, nil
}

// record is the grant that the request asks for.
func (in *createGrantInput) record(c *call, key *Key) *grantRecord {
	account := c.Account
	if account == "" {
		account = key.Account // a service calls for itself
	}
	r := &grantRecord{
		Name: value(in.Name, ""), CreationDate: c.now(),
		GranteePrincipal: value(in.GranteePrincipal, ""), GranteeServicePrincipal: value(in.GranteeServicePrincipal, ""),
		RetiringPrincipal: value(in.RetiringPrincipal, ""), RetiringServicePrincipal: value(in.RetiringServicePrincipal, ""),
		IssuingAccount: fmt.Sprintf("arn:%s:iam::%s:root", c.Partition, account),
	}
	for _, operation := range in.Operations {
		if !slices.Contains(r.Operations, operation) {
			r.Operations = append(r.Operations, operation)
		}
	}
	if in.Constraints != nil {
		r.EncryptionContextEquals = in.Constraints.EncryptionContextEquals
		r.EncryptionContextSubset = in.Constraints.EncryptionContextSubset
		r.SourceArn = value(in.Constraints.SourceArn, "")
	}
	return r
}

// putGrant stores a grant and returns its id, or that of the grant that the same request made before.
func (c *call) putGrant(key *Key, record *grantRecord, dry *bool) (string, error) {
	tx := store.Tx{Compare: []store.Comparison{unchanged(key)}}
	if record.Name != "" {
		if err := c.lockGrantNames(key, &tx); err != nil {
			return "", err
		}
		if same := record.find(c.snapshot.key(key.path())); same != nil {
			return same.ID, dryRun(dry)
		}
	}
	if len(key.grants) >= maxGrants {
		return "", failf(CodeLimitExceeded, "The request was rejected because a quota was exceeded.")
	}
	if err := dryRun(dry); err != nil {
		return "", err
	}
	id, err := newGrantID(c.service.config.Rand)
	if err != nil {
		return "", err
	}
	change, err := record.change(key.path(), id)
	if err != nil {
		return "", err
	}
	tx.Compare = append(tx.Compare, store.Comparison{Key: change.Key})
	tx.Changes = append(tx.Changes, change)
	return id, c.commit(tx)
}

// grantNamesPrefix begins the entry of each key that named grants are made under: they are made one after the other,
// so that the same request twice at a time makes one grant.
const grantNamesPrefix = storePrefix + "grantname/"

// lockGrantNames makes the transaction conflict with every other that makes a named grant on the key, and sees to
// that the snapshot has those that were made.
func (c *call) lockGrantNames(key *Key, tx *store.Tx) error {
	return c.lock(grantNamesPrefix+key.path(), tx)
}

// lock makes the transaction conflict with every other that writes an entry, which holds nothing, and sees to that the
// snapshot has what the last of them wrote.
func (c *call) lock(path string, tx *store.Tx) error {
	entries, _, err := c.service.config.Store.Range(c.ctx, path, "", 1)
	if err != nil {
		return fmt.Errorf("reading %q: %w", path, err)
	}
	revision := int64(0)
	if len(entries) > 0 && entries[0].Key == path {
		revision = entries[0].Revision
	}
	if err := c.reach(revision); err != nil {
		return err
	}
	tx.Compare = append(tx.Compare, store.Comparison{Key: path, Revision: revision})
	tx.Changes = append(tx.Changes, store.Change{Key: path})
	return nil
}

// reach brings the snapshot of the call to a revision, if the store has it.
func (c *call) reach(revision int64) error {
	if c.snapshot.revision >= revision {
		return nil
	}
	if err := c.service.refresh(c.ctx); err != nil {
		return err
	}
	c.snapshot = c.service.state.current.Load()
	return nil
}

// find returns the grant on a key that the record would make again, nil when there is none.
func (r *grantRecord) find(key *Key) *grant {
	if key == nil {
		return nil
	}
	for _, g := range key.grants {
		if g.Name == r.Name && r.equals(g) {
			return g
		}
	}
	return nil
}

// equals reports whether a grant has all the parameters of the record.
func (r *grantRecord) equals(g *grant) bool {
	return r.GranteePrincipal == g.GranteePrincipal && r.GranteeServicePrincipal == g.GranteeServicePrincipal &&
		r.RetiringPrincipal == g.RetiringPrincipal && r.RetiringServicePrincipal == g.RetiringServicePrincipal &&
		r.IssuingAccount == g.IssuingAccount && r.SourceArn == g.SourceArn &&
		sameSet(r.Operations, g.Operations) &&
		samePairs(r.EncryptionContextEquals, g.EncryptionContextEquals) &&
		samePairs(r.EncryptionContextSubset, g.EncryptionContextSubset) &&
		maps.Equal(r.PrincipalIDs, g.principalIDs)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// samePairs tells no constraint from one without pairs.
func samePairs(a, b map[string]string) bool { return (a == nil) == (b == nil) && maps.Equal(a, b) }

func newGrantID(random io.Reader) (string, error) {
	if random == nil {
		random = rand.Reader
	}
	var id [grantIDSizeInBytes]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return "", fmt.Errorf("making a grant id: %w", err)
	}
	return hex.EncodeToString(id[:]), nil
}
