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

// Seed makes a key as it is described, with its aliases and grants, if there is none with its ARN; it reports whether
// it made it. It asks nobody: it is for those who start a server, not for those who call it.
func (s *Service) Seed(ctx context.Context, seed *Seed) (made bool, err error) {
	arn, _ := policy.ParseARN(seed.ARN)
	id, ok := arn.KeyID()
	if !ok || !isKeyID(id) || arn.Region == "" || !policy.IsAccountID(arn.Account) {
		return false, fmt.Errorf("seeding %q: it is not the ARN of a key whose id is a UUID or mrk- and 32 hex digits", seed.ARN)
	}
	if s.state.current.Load().key(statePath(arn.Account, arn.Region, id)) != nil {
		return false, nil
	}
	record, err := s.seedRecord(seed, &arn)
	if err == nil {
		err = s.plant(ctx, seed, arn, id, record)
	}
	if errors.Is(err, store.ErrConflict) {
		if err := s.refresh(ctx); err != nil {
			return false, err
		}
		if s.state.current.Load().key(statePath(arn.Account, arn.Region, id)) != nil {
			return false, nil // another made it at the same time
		}
	}
	if err != nil {
		return false, fmt.Errorf("seeding %s: %w", seed.ARN, err)
	}
	return true, nil
}

// seedRecord makes the record of a seed.
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
	if seed.RotationPeriodInDays > 0 {
		record.Rotation = &rotationRecord{seed.RotationPeriodInDays, record.CreationDate.Add(days(seed.RotationPeriodInDays))}
	}
	if spec := material.LookupSpec(record.Spec); spec == nil || !spec.HasUsage(material.Usage(record.Usage)) {
		return nil, fmt.Errorf("key spec %q with key usage %q is not supported", record.Spec, record.Usage)
	}
	_, document, err := s.state.policies.get(record.Policy)
	if err != nil {
		return nil, fmt.Errorf("the key policy: %w", err)
	}
	record.PrincipalIDs, _ = s.principalIDs(document)
	if record.Origin == originKMS {
		record.Materials, err = s.seedMaterial(seed.ARN, arn, record)
	}
	return record, err
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

// seedMaterial makes the material of a key, or takes that of its relative in another Region.
func (s *Service) seedMaterial(keyARN string, arn *policy.ARN, record *keyRecord) ([]materialRecord, error) {
	id, _ := arn.KeyID()
	relative := s.relative(arn.Account, id)
	if !record.MultiRegion || relative == nil || relative.Metadata.Spec != record.Spec {
		m, err := s.newMaterial(keyARN, record.Spec)
		return []materialRecord{m}, err
	}
	materials := slices.Clone(relative.record.Materials)
	for i, m := range relative.materials {
		opened, err := m.Material()
		if err != nil {
			return nil, fmt.Errorf("the key material of %s: %w", relative.ARN, err)
		}
		if materials[i].Sealed, err = opened.Seal(s.config.Root, keyARN); err != nil {
			return nil, fmt.Errorf("sealing key material: %w", err)
		}
	}
	return materials, nil
}

// relative returns a key of an account that has an id, in whatever Region.
func (s *Service) relative(account, id string) *Key {
	for _, key := range below(s.state.current.Load().ids, id+"/", "") {
		if key.Account == account {
			return key
		}
	}
	return nil
}

// plant writes the record of a seed with its aliases and grants: in one transaction, but for grants that are more than
// one takes.
func (s *Service) plant(ctx context.Context, seed *Seed, arn policy.ARN, id string, record *keyRecord) error {
	if len(seed.Aliases) > maxAliasesPerKey {
		return fmt.Errorf("it has %d aliases: at most %d", len(seed.Aliases), maxAliasesPerKey)
	}
	path := statePath(arn.Account, arn.Region, id)
	change, err := record.change(path)
	if err != nil {
		return err
	}
	tx := store.Tx{Compare: []store.Comparison{{Key: change.Key}}, Changes: []store.Change{change}}
	for _, name := range seed.Aliases {
		if err := checkSeedAlias(name); err != nil {
			return err
		}
		alias := aliasRecord{TargetKeyID: id, CreationDate: record.CreationDate, LastUpdatedDate: record.CreationDate}
		change, err := alias.change(statePath(arn.Account, arn.Region, name))
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

// checkSeedAlias lets the aliases of AWS managed keys pass, which CreateAlias does not.
func checkSeedAlias(name string) error {
	if strings.HasPrefix(name, reservedAliasPrefix) && len(name) > len(reservedAliasPrefix) {
		return nil
	}
	if !patterns["AliasNameType"].matches(name) {
		return fmt.Errorf("%q is not an alias name", name)
	}
	return checkAliasName(name)
}

func (s *Service) seedGrant(keyPath string, g *policy.Grant, created time.Time) (store.Change, error) {
	id := g.ID
	if id == "" {
		var err error
		if id, err = newGrantID(s.config.Rand); err != nil {
			return store.Change{}, err
		}
	}
	if strings.Contains(id, "/") {
		return store.Change{}, fmt.Errorf("%q is not a grant id", id)
	}
	record := &grantRecord{
		Name: g.Name, CreationDate: created,
		GranteePrincipal: g.GranteePrincipal, GranteeServicePrincipal: g.GranteeServicePrincipal,
		RetiringPrincipal: g.RetiringPrincipal, RetiringServicePrincipal: g.RetiringServicePrincipal,
		IssuingAccount: g.IssuingAccount, Operations: g.Operations, SourceArn: g.SourceArn,
		EncryptionContextEquals: g.EncryptionContextEquals, EncryptionContextSubset: g.EncryptionContextSubset,
	}
	return record.change(keyPath, id)
}
