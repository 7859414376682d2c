package kms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
)

// Seed is a key that is to be there when a server starts: what a template or a world file says about it.
type Seed struct {
	// ARN names the key. Its id is a UUID, or mrk- and 32 hex digits.
	ARN         string
	Description string
	// Policy is the text of the key policy; empty for AWS's default. Principals that do not exist are let pass.
	Policy string
	// Spec, Usage and Origin are KeySpec, KeyUsage and Origin; empty for those of CreateKey. A key whose material is
	// not KMS's has none, and is in the state that AWS has for that.
	Spec, Usage, Origin string
	// MultiRegionKeyType is PRIMARY or REPLICA, empty for a single-Region key. A replica gets the material of the key
	// with its id in another Region of its account, if there is one.
	MultiRegionKeyType string
	Disabled           bool
	AWSManaged         bool
	// RotationPeriodInDays is 0 for a key that does not rotate by itself.
	RotationPeriodInDays int
	Tags                 []Tag
	// Aliases are names with their alias/ prefix.
	Aliases []string
	// Grants are grants on the key; their KeyARN is not looked at, and one without an ID gets one.
	Grants []*policy.Grant
}

// Seeded says what became of a seed.
type Seeded struct {
	// Made is true when the key was made.
	Made bool
	// Taken are the aliases that the key did not get, because they name other keys by now.
	Taken []string
}

// Seed makes a key as it is described, with its aliases and grants, unless there is one with its ARN, or was: what was
// seeded once and deleted is not made again. It asks nobody: it is for those who start a server, not for those who
// call it.
func (s *Service) Seed(ctx context.Context, seed *Seed) (Seeded, error) {
	arn, err := seed.arn()
	if err != nil {
		return Seeded{}, err
	}
	id, _ := arn.KeyID()
	path := statePath(arn.Account, arn.Region, id)
	for conflicts := 0; ; conflicts++ {
		if there, err := s.seeded(ctx, path); there || err != nil {
			return Seeded{}, err
		}
		result, err := s.seed(ctx, seed, &arn, path)
		if err == nil {
			return result, nil
		}
		if conflicts >= maxConflicts || !errors.Is(err, store.ErrConflict) {
			return Seeded{}, fmt.Errorf("seeding %s: %w", seed.ARN, err)
		}
		if err := s.refresh(ctx); err != nil { // another made it, or took an alias, at the same time
			return Seeded{}, err
		}
	}
}

// seededPrefix begins the entries of the keys that were seeded. They stay when the key is deleted.
const seededPrefix = storePrefix + "seeded/"

// seeded reports whether there is a key, or was one that was seeded.
func (s *Service) seeded(ctx context.Context, path string) (bool, error) {
	if s.state.current.Load().key(path) != nil {
		return true, nil
	}
	_, err := s.config.Store.Get(ctx, seededPrefix+path)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// seed makes the key.
func (s *Service) seed(ctx context.Context, seed *Seed, arn *policy.ARN, path string) (Seeded, error) {
	record, err := s.seedRecord(seed, arn)
	if err != nil {
		return Seeded{}, err
	}
	tx := store.Tx{}
	if err := s.seedMaterial(&tx, seed.ARN, arn, record); err != nil {
		return Seeded{}, err
	}
	result := Seeded{Made: true}
	snapshot, free := s.state.current.Load(), []string{}
	for _, name := range seed.Aliases {
		if snapshot.alias(statePath(arn.Account, arn.Region, name)) != nil {
			result.Taken = append(result.Taken, name)
		} else {
			free = append(free, name)
		}
	}
	return result, s.plant(ctx, tx, seed, path, record, free)
}

// seedRecord makes the record of a seed, but for its key material, and checks everything else about it.
func (s *Service) seedRecord(seed *Seed, arn *policy.ARN) (*keyRecord, error) {
	record := &keyRecord{
		Partition: arn.Partition, Description: seed.Description, Spec: seed.Spec, Usage: seed.Usage, Origin: seed.Origin,
		CreationDate: s.now(), MultiRegion: seed.MultiRegionKeyType != "", MultiRegionKeyType: seed.MultiRegionKeyType,
		AWSManaged: seed.AWSManaged, Policy: seed.Policy, State: seedState(seed),
		Tags: slices.SortedFunc(slices.Values(seed.Tags), func(a, b Tag) int { return strings.Compare(a.TagKey, b.TagKey) }),
	}
	if record.Spec == "" {
		record.Spec = symmetricDefault
	}
	if record.Usage == "" && record.Spec == symmetricDefault {
		record.Usage = string(material.EncryptDecrypt)
	}
	if record.Origin == "" {
		record.Origin = originKMS
	}
	if record.Policy == "" {
		record.Policy = defaultKeyPolicy(arn.Partition, arn.Account)
	}
	period := seed.RotationPeriodInDays
	if period == 0 && seed.AWSManaged && record.Spec == symmetricDefault && record.Origin == originKMS {
		period = defaultRotationPeriodInDays // AWS managed keys rotate every year
	}
	if period > 0 {
		record.Rotation = &rotationRecord{period, record.CreationDate.Add(days(period))}
	}
	if spec := newKeySpec(arn.Partition, record.Spec); spec == nil || !spec.HasUsage(material.Usage(record.Usage)) {
		return nil, fmt.Errorf("key spec %q with key usage %q is not supported", record.Spec, record.Usage)
	}
	_, document, err := s.state.policies.get(record.Policy)
	if err != nil {
		return nil, fmt.Errorf("the key policy: %w", err)
	}
	record.PrincipalIDs, _ = s.principalIDs(document) // those that do not exist have none
	return record, seed.checkNames()
}

// seedState is the state that a key begins in.
func seedState(seed *Seed) string {
	switch {
	case seed.Origin == "EXTERNAL":
		return statePendingImport
	case seed.Origin != "" && seed.Origin != originKMS:
		return stateUnavailable
	case seed.Disabled:
		return stateDisabled
	default:
		return stateEnabled
	}
}

// seedMaterial makes the material of a key, or takes what it shares with its relative in another Region, which the
// transaction then holds to how it was.
func (s *Service) seedMaterial(tx *store.Tx, keyARN string, arn *policy.ARN, record *keyRecord) error {
	id, _ := arn.KeyID()
	if relative := s.relative(arn.Account, id, record); relative != nil {
		if err := hold(tx, relative); err != nil {
			return err
		}
		rotation := record.Rotation
		if err := s.share(relative.ARN, relative.record, keyARN, record); err != nil {
			return err
		}
		if record.MultiRegionKeyType == primaryKey {
			record.Rotation = rotation
		}
		return nil
	}
	if record.Origin != originKMS {
		return nil
	}
	m, err := s.newMaterial(keyARN, record.Spec, "")
	record.Materials = []materialRecord{m}
	return err
}

// relative returns a key that a multi-Region key shares its material with: its primary key, or else any; nil for none.
func (s *Service) relative(account, id string, record *keyRecord) *Key {
	if !record.MultiRegion {
		return nil
	}
	related := slices.DeleteFunc(s.state.current.Load().related(account, id), func(k *Key) bool {
		return k.Metadata.Spec != record.Spec || k.Metadata.Origin != record.Origin
	})
	switch p := primary(related); {
	case p != nil:
		return p
	case len(related) > 0:
		return related[0]
	default:
		return nil
	}
}

// plant writes the record of a seed with its aliases and grants: in one transaction, but for grants that are more than
// one takes.
func (s *Service) plant(ctx context.Context, tx store.Tx, seed *Seed, path string, record *keyRecord, aliases []string) error {
	change, err := record.change(path)
	if err != nil {
		return err
	}
	tx.Compare = append(tx.Compare, store.Comparison{Key: change.Key}, store.Comparison{Key: seededPrefix + path})
	tx.Changes = append(tx.Changes, change, store.Change{Key: seededPrefix + path})
	account, region, id, err := splitPath(path)
	if err != nil {
		return err
	}
	for _, name := range aliases {
		alias := aliasRecord{TargetKeyID: id, CreationDate: record.CreationDate, LastUpdatedDate: record.CreationDate}
		change, err := alias.change(statePath(account, region, name))
		if err != nil {
			return err
		}
		tx.Compare = append(tx.Compare, store.Comparison{Key: change.Key})
		tx.Changes = append(tx.Changes, change)
	}
	for _, grant := range seed.Grants {
		if len(tx.Changes) == store.MaxChanges {
			if err := s.commit(ctx, tx); err != nil {
				return err
			}
			tx = store.Tx{}
		}
		change, err := s.seedGrant(path, grant, record.CreationDate)
		if err != nil {
			return err
		}
		tx.Changes = append(tx.Changes, change)
	}
	return s.commit(ctx, tx)
}

func (s *Service) seedGrant(keyPath string, g *policy.Grant, created time.Time) (store.Change, error) {
	id := g.ID
	if id == "" {
		var err error
		if id, err = newGrantID(s.config.Rand); err != nil {
			return store.Change{}, err
		}
	}
	record := &grantRecord{
		Name: g.Name, CreationDate: created,
		GranteePrincipal: g.GranteePrincipal, GranteeServicePrincipal: g.GranteeServicePrincipal,
		RetiringPrincipal: g.RetiringPrincipal, RetiringServicePrincipal: g.RetiringServicePrincipal,
		IssuingAccount: g.IssuingAccount, Operations: g.Operations, SourceArn: g.SourceArn,
		EncryptionContextEquals: g.EncryptionContextEquals, EncryptionContextSubset: g.EncryptionContextSubset,
	}
	for _, principal := range []string{g.GranteePrincipal, g.RetiringPrincipal} {
		p, _ := policy.ParsePrincipal(principal)
		if uniqueID, exists := p.Lookup(s.lookupARN); exists && uniqueID != "" {
			if record.PrincipalIDs == nil {
				record.PrincipalIDs = map[string]string{}
			}
			record.PrincipalIDs[principal] = uniqueID
		}
	}
	return record.change(keyPath, id)
}
